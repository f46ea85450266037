"""Bills on the phone: one's own are shown and paid, a stranger's are not found."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID, uuid4

from panshi.billing import queries as billing_questions
from panshi.billing import services as billing
from panshi.kit.clock import local_day
from panshi.kit.tenancy import hq_actor
from panshi.org.models import User
from tests.town import Town
from tests.windows import Window


def _bill(place: Town) -> UUID:
    return billing.raise_bill(
        org_id=place.org_id,
        customer_id=place.customer_id,
        source_kind="service.work_order",
        source_id=uuid4(),
        vehicle_id=place.vehicle_id,
        due_on=local_day(place.at) + timedelta(days=7),
        lines=[
            billing.NewLine(
                product_code="SERVICE_LABOUR",
                words="常规保养",
                words_en="Regular upkeep",
                quantity=Decimal(1),
                unit_price=Decimal("263.00"),
            )
        ],
        actor=hq_actor(place.org_id),
        at=place.at,
    ).bill_id


def test_a_bill_is_shown_and_paid_by_its_customer_alone(place: Town) -> None:
    bill_id = _bill(place)
    user = User.objects.get(id=place.customer_user)
    own, read = Window(user, language="zh-hans"), Window(user)
    stranger = Window(User.objects.get(id=place.stranger_user))

    assert "263.00" in own.get("/portal/").content.decode()
    assert "263.00" in own.get("/portal/bills/").content.decode()
    assert stranger.get(f"/portal/bills/{bill_id}/").status_code == 404
    assert "263.00" not in stranger.get("/portal/bills/").content.decode()
    assert stranger.post("/portal/bills/pay/", {"bill": str(bill_id)}).status_code == 409

    started = own.post("/portal/bills/pay/", {"bill": str(bill_id)})
    assert started.status_code == 302
    payment = started["Location"]
    assert payment.startswith("/pay/")
    # Wherever it is read, it says what it is for in the language of who reads it.
    for url in (payment, f"/portal/bills/{bill_id}/", "/portal/bills/"):
        chinese, english = own.get(url).content.decode(), read.get(url).content.decode()
        assert ("常规保养" in chinese, "Regular upkeep" in chinese) == (True, False), url
        assert ("常规保养" in english, "Regular upkeep" in english) == (False, True), url
        assert f"{local_day(place.at) + timedelta(days=7):%Y-%m-%d}" in english, url
    own.post(payment)

    assert "To be paid" not in read.get(f"/portal/bills/{bill_id}/").content.decode()
    assert "Pay all" not in read.get("/portal/bills/").content.decode()


def test_a_bill_is_disputed_on_the_phone_and_its_answer_is_read_there(place: Town) -> None:
    bill_id = _bill(place)
    own = Window(User.objects.get(id=place.customer_user), language="zh-hans")
    stranger = Window(User.objects.get(id=place.stranger_user))
    at = f"/portal/bills/{bill_id}/"

    assert stranger.post(f"{at}dispute/", {"words": "x"}).status_code == 404
    own.post(f"{at}dispute/", {"words": " "})
    assert f"{at}dispute/" in own.get(at).content.decode()
    own.post(f"{at}dispute/", {"words": "保养只做了一半"})
    text = own.get(at).content.decode()
    assert "保养只做了一半" in text
    assert f"{at}dispute/" not in text
    (said,) = billing_questions.disputes_of(bill_id=bill_id, actor=hq_actor())
    billing.answer_dispute(
        dispute_id=said.id,
        verdict="PARTLY",
        answer="滤芯没有换，已冲减 40 元。",
        actor=hq_actor(place.org_id),
        at=place.at,
    )
    text = own.get(at).content.decode()
    assert "滤芯没有换，已冲减 40 元。" in text
