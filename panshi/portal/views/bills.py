"""Bills: what is owed, what was paid, and one bill line by line."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from panshi.billing import queries as billing
from panshi.billing import services as acts
from panshi.fleet import queries as fleet
from panshi.kit.clock import local_day
from panshi.kit.money import ZERO
from panshi.kit.web import Request
from panshi.portal import words
from panshi.portal.door import customer_of, for_customers

OWED = ("OPEN", "OVERDUE")


def _plates(request: Request) -> dict[UUID, str]:
    """The plates of one's own vehicles."""
    own = fleet.customer_vehicles(customer_id=customer_of(request.actor), actor=request.actor)
    return {vehicle.id: vehicle.plate for vehicle in own}


def _shown(
    row: billing.BillRow, plates: dict[UUID, str], subjects: dict[UUID, str]
) -> dict[str, object]:
    """A bill with what it is for, its vehicle, and the words and the tone of its standing."""
    return {
        "row": row,
        "subject": subjects.get(row.id, row.number),
        "plate": plates.get(row.vehicle_id, "") if row.vehicle_id else "",
        "words": words.BILL_WORDS.get(row.standing, row.standing),
        "tone": words.BILL_TONES.get(row.standing, "idle"),
    }


@require_GET
@for_customers
def bills(request: Request) -> HttpResponse:
    """Open bills first, with their sum; then the others."""
    found = billing.customer_bills(
        customer_id=customer_of(request.actor),
        today=local_day(timezone.now()),
        actor=request.actor,
    )
    owed = [row for row in found if row.standing in OWED]
    plates = _plates(request)
    subjects = billing.bill_subjects(bill_ids=tuple(r.id for r in found), actor=request.actor)
    context = {
        "tab": "me",
        "owed": [_shown(row, plates, subjects) for row in owed],
        "others": [_shown(row, plates, subjects) for row in found if row.standing not in OWED],
        "total": sum((row.open_amount or ZERO for row in owed), ZERO),
    }
    return render(request, "portal/bills.html", context)


@require_GET
@for_customers
def bill(request: Request, bill_id: UUID) -> HttpResponse:
    """One bill with its lines."""
    card = billing.bill_card(bill_id=bill_id, today=local_day(timezone.now()), actor=request.actor)
    disputes = billing.disputes_of(bill_id=bill_id, actor=request.actor)
    context = {
        "tab": "me",
        "bill": card,
        "late": billing.late_fee_card(
            bill_id=bill_id,
            source_kind=card.source_kind,
            due_on=card.due_on if card.standing == "OVERDUE" else None,
            actor=request.actor,
        ),
        "plate": _plates(request).get(card.vehicle_id, "") if card.vehicle_id else "",
        "state": words.BILL_WORDS.get(card.standing, card.standing),
        "tone": words.BILL_TONES.get(card.standing, "idle"),
        "disputes": disputes,
        "may_dispute": card.kind == "CHARGE" and not any(row.is_open for row in disputes),
    }
    return render(request, "portal/bill.html", context)


@require_POST
@for_customers
def dispute(request: Request, bill_id: UUID) -> HttpResponse:
    """Say what is wrong with a bill of one's own."""
    billing.bill_card(bill_id=bill_id, today=local_day(timezone.now()), actor=request.actor)
    try:
        acts.dispute_bill(
            bill_id=bill_id,
            words=request.POST.get("words", ""),
            actor=request.actor,
            at=timezone.now(),
        )
        messages.success(request, _("We look at it and answer here within two working days."))
    except (acts.NothingToDispute, acts.DisputedAlready) as refusal:
        messages.warning(request, refusal.words)
    return redirect("portal-bill", bill_id)


@require_POST
@for_customers
def pay(request: Request) -> HttpResponse:
    """Start a payment of the chosen bills, or of all that are open, and go to its pay page."""
    actor, today = request.actor, local_day(timezone.now())
    found = billing.customer_bills(customer_id=customer_of(actor), today=today, actor=actor)
    chosen = set(request.POST.getlist("bill"))
    owed = [r.id for r in found if r.standing in OWED and (not chosen or str(r.id) in chosen)]
    fact = acts.start_payment(
        bill_ids=owed, channel=billing.first_channel(), actor=actor, at=timezone.now()
    )
    return redirect("billing-pay", acts.pay_token(payment_id=fact.payment_id))
