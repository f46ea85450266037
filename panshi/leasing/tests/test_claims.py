"""Claims … close only when their parts are the loss and the customer's share is billed."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, transaction
from django.db.models import Sum
from django.urls import reverse
from django.utils import timezone

from panshi.billing import queries as billing_queries
from panshi.billing import services as billing
from panshi.kit.clock import local_day
from panshi.kit.models import Outbox
from panshi.kit.refusals import IllegalMove
from panshi.leasing import queries, services
from panshi.leasing.models import Claim, Lease, Segment
from panshi.leasing.tests import make
from panshi.leasing.tests.make import NOON, clerk
from panshi.ledger.models import Posting
from panshi.org.tests.window import page, window

D = Decimal
HIT = NOON + timedelta(days=3)
LATER = NOON + timedelta(days=5)


def reported(lease: Lease, **more: Any) -> Claim:
    fact = services.open_claim(
        vehicle_id=Segment.objects.get(lease=lease).vehicle_id,
        occurred_at=HIT,
        words="追尾，前保险杠破损",
        actor=clerk(lease.org),
        at=LATER,
        **more,
    )
    return Claim.objects.get(id=fact.claim_id)


def assessed(claim: Claim, **parts: Decimal) -> Decimal:
    fact = services.assess_claim(
        claim_id=claim.id,
        **{name: parts.get(name, D(0)) for name in (
            "loss", "insurer_pay", "excess", "customer_share", "own_loss", "lost_rent",
        )},
        actor=clerk(claim.org),
        at=LATER,
    )  # fmt: skip
    return fact.gap


def booked(vehicle_id: UUID) -> dict[str, Decimal]:
    """The accounts of a vehicle, but its rent, that are not zero."""
    postings = Posting.objects.filter(vehicle_id=vehicle_id).exclude(customer_id__isnull=False)
    sums = dict(postings.values_list("account").annotate(sum=Sum("amount")).order_by())
    return {account: amount for account, amount in sums.items() if amount}


def told(name: str) -> int:
    return Outbox.objects.filter(name=f"leasing.{name}").count()


def test_an_accident_is_of_who_had_the_vehicle_and_closes_when_its_parts_are_the_loss() -> None:
    lease = make.active()
    by = clerk(lease.org)
    claim = reported(lease, injured=True)
    assert (claim.lease_id, claim.customer_id) == (lease.id, lease.customer_id)
    services.survey_accident(claim_id=claim.id, words="已拍照", injured=True, actor=by, at=LATER)
    parts = {"loss": D(8000), "insurer_pay": D(6500), "excess": D(500)}
    assert assessed(claim, **parts) == D(1000)
    assert told("ClaimAssessmentDisputed") == 1
    with pytest.raises(services.PartsDoNotSumToLoss):
        services.close_claim(claim_id=claim.id, actor=by, at=LATER)
    assert assessed(claim, **parts, customer_share=D(600), own_loss=D(400)) == D(0)
    with pytest.raises(IllegalMove):  # Its share is not billed yet.
        services.close_claim(claim_id=claim.id, actor=by, at=LATER)
    fact = services.charge_claim_share(claim_id=claim.id, actor=by, at=LATER)
    (bill,) = billing_queries.bills_of_source(
        source_kind="leasing.claim", source_id=claim.id, actor=by
    )
    assert (fact.amount, bill.total, bill.open_amount) == (D(600), D(600), D(600))
    with pytest.raises(services.TermsInvalid):
        assessed(claim, **parts, customer_share=D(700), own_loss=D(300))
    services.close_claim(claim_id=claim.id, actor=by, at=LATER)
    claim.refresh_from_db()
    assert (claim.state, told("ClaimClosed")) == ("CLOSED", 1)
    with pytest.raises(IllegalMove):
        assessed(claim, loss=D(1))


def test_the_database_refuses_a_closed_claim_that_does_not_sum() -> None:
    claim = reported(make.active())
    with pytest.raises(IntegrityError), transaction.atomic():
        Claim.objects.filter(id=claim.id).update(state="CLOSED", loss=D(100), excess=D(99))


def test_nobody_bears_a_share_of_what_happened_while_the_vehicle_stood() -> None:
    lease = make.active()
    fact = services.open_claim(
        vehicle_id=Segment.objects.get(lease=lease).vehicle_id,
        occurred_at=NOON - timedelta(days=1),
        words="停放时被刮",
        actor=clerk(lease.org),
        at=LATER,
    )
    claim = Claim.objects.get(id=fact.claim_id)
    assert claim.customer_id is None
    with pytest.raises(services.TermsInvalid):
        assessed(claim, loss=D(10), customer_share=D(10))


def test_a_claim_is_worked_through_on_its_page() -> None:
    lease = make.active()
    plate = Segment.objects.get(lease=lease).vehicle.plate
    client = window(lease.org, "OPERATIONS")
    new = reverse("leasing-claim-new")
    page(client.get(new))
    given = {"plate": "浙AD00000", "occurred_at": "2026-06-24T12:00", "words": "追尾"}
    assert client.post(new, given).status_code == 422
    done = client.post(new, given | {"plate": plate, "flooded": "1"})
    at = done["Location"]
    claim = Claim.objects.get(id=UUID(at.rstrip("/").rsplit("/", 1)[1]))
    assert "追尾" in page(client.get(at))
    from django.core.files.uploadedfile import SimpleUploadedFile

    photo = SimpleUploadedFile("hit.jpg", b"\xff\xd8\xff dent")
    assert client.post(at + "files/", {"file": photo}).status_code == 302
    wrong = SimpleUploadedFile("hit.txt", b"no photo")
    assert client.post(at + "files/", {"file": wrong}).status_code == 422
    card = queries.claim_card(claim_id=claim.id, actor=clerk(lease.org))
    kept = client.get(reverse("leasing-claim-file", args=[claim.id, card.file_ids[0]]))
    assert kept.content == b"\xff\xd8\xff dent"
    assert client.post(at + "survey/", {"words": "水淹至踏板"}).status_code == 302
    assert client.post(at + "papers/", {"missing": "交警认定书"}).status_code == 302
    assert "交警认定书" in page(client.get(at))
    assert client.post(at + "papers/", {"act": "complete"}).status_code == 302
    parts = dict.fromkeys(("insurer_pay", "excess", "customer_share", "own_loss"), "100")
    sums = parts | {"loss": "400", "lost_rent": "0"}
    assert client.post(at + "assess/", sums | {"loss": ""}).status_code == 422
    assert client.post(at + "assess/", sums).status_code == 302
    assert client.post(at + "close/").status_code == 409
    assert client.post(at + "charge/").status_code == 302
    assert client.post(at + "close/").status_code == 302
    assert "400.00" in page(client.get(reverse("leasing-claims")))
    assert (told("ClaimDocumentMissed"), told("ClaimDocumentsCompleted")) == (1, 1)


def test_a_closed_claim_stands_in_the_books_of_its_vehicle() -> None:
    lease = make.active()
    by, claim = clerk(lease.org), reported(lease)
    vehicle_id = claim.vehicle_id
    assessed(
        claim, loss=D(8000), insurer_pay=D(6500), excess=D(500), own_loss=D(1000), lost_rent=D(900)
    )
    services.close_claim(claim_id=claim.id, actor=by, at=LATER)
    books = {"1221.91": D(6500), "6711": D(1500), "2241.04": D(-8000)}
    memo = {"9001": D(900), "9002": D(-900)}
    assert booked(vehicle_id) == books | memo

    day = local_day(LATER)
    paid: dict[str, Any] = {"claim_id": claim.id, "received_on": day, "actor": by, "at": LATER}
    for wrong in (D(0), D("6500.01")):
        with pytest.raises(services.TermsInvalid):
            services.record_insurer_payment(amount=wrong, **paid)
    assert services.record_insurer_payment(amount=D(6000), **paid).left == D(500)
    assert services.record_insurer_payment(amount=D(500), **paid).left == D(0)
    billing.record_vehicle_cost(
        vehicle_id=vehicle_id, kind="ACCIDENT_REPAIR", amount=D(8000), occurred_on=day,
        actor=by, at=LATER,
    )  # fmt: skip
    # What is left is what the operator bore, and no liability.
    assert booked(vehicle_id) == {"6711": D(1500), "1002": D(-1500)} | memo


def test_money_of_the_insurer_comes_by_the_page_of_the_claim() -> None:
    lease = make.active()
    claim, clerk_window = reported(lease), window(lease.org, "FINANCE")
    url = reverse("leasing-claim", args=[claim.id])
    assert "leasing/claims" in page(clerk_window.get(url))
    assert clerk_window.post(url + "paid/", {"amount": "1"}).status_code == 422
    assessed(claim, loss=D(500), insurer_pay=D(500))
    given = {"amount": "500", "received_on": local_day(timezone.now()).isoformat()}
    assert clerk_window.post(url + "paid/", given).status_code == 302
    assert "500.00" in page(clerk_window.get(url))
    assert clerk_window.post(url + "paid/", given).status_code == 422
    with pytest.raises(services.TermsInvalid):
        assessed(claim, loss=D(500), insurer_pay=D(400), own_loss=D(100))
