"""What stands on a desk of the demo today: a price book, quotes, a contract out to sign."""

from panshi.demo import offers
from panshi.demo.tests import make
from panshi.kit.tenancy import hq_actor
from panshi.leasing.models import Contract, Quote
from panshi.org import services as org


def test_quotes_of_every_kind_wait_at_an_operator() -> None:
    company = make.company(vehicles=14)
    org.create_user(
        org_id=company.platform_id,
        username="hq-admin",
        full_name="平台管理员",
        roles=["ADMINISTRATOR"],
        password="Lvtu-2027-wuliu",
        actor=hq_actor(company.platform_id),
        at=make.NOON,
    )
    offers.publish_prices(company, make.NOON)
    offers.offer(company.operators[0], make.NOON)
    states = sorted(Quote.objects.values_list("state", flat=True))
    assert states == ["ACCEPTED", "DISCOUNT_REVIEW", "SENT", "SENT"]
    assert Contract.objects.filter(state="OFFERED").count() == 1
