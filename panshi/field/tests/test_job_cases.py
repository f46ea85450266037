"""A job that the customer rates badly becomes a case, drafted from the job's own record."""

from django.utils import timezone

from panshi.handbook.models import Case
from panshi.handbook.services import propose_cases, redact_case
from panshi.handbook.tests import make
from panshi.kit.tenancy import hq_actor
from panshi.org.models import OrgNode
from panshi.service.models import Review, WorkOrder
from tests.town import Town


def test_a_job_with_two_stars_is_proposed_and_its_customer_not_named(place: Town) -> None:
    make.edition()
    now = timezone.now()
    WorkOrder.objects.filter(id=place.work_order_id).update(state="CLOSED", closed_at=now)
    Review.objects.create(
        org_id=place.org_id, order_id=place.work_order_id, customer_id=place.customer_id,
        stars=2, text="黄志强来晚了", at=now,
    )  # fmt: skip
    propose_cases(actor=hq_actor(), at=now)
    case = Case.objects.get(source_id=place.work_order_id)
    assert (case.source_kind, case.why) == ("JOB", ["LOW_RATING"])
    assert "★★" in case.draft["RESULT"]

    writer = make.person(OrgNode.objects.get(id=place.org_id), "TRAINER")
    texts = {
        **case.draft,
        "COURSE": "黄师傅到顺达城配物流晚了半小时。",
        "LESSON": "堵车先告诉客户。",
    }
    redact_case(case_id=case.id, title="晚到的保养", texts=texts, actor=writer, at=now)
    case.refresh_from_db()
    text = "".join(case.heads.values())
    assert "黄" not in text
    assert "顺达" not in text
