"""Pages of payments: the list, one payment, what its money settles."""

from typing import Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from panshi.billing import payment_lists as lists
from panshi.billing import queries, services
from panshi.billing.models import AllocationOrder
from panshi.billing.views import ticked
from panshi.crm import queries as crm
from panshi.kit.forms import Field, Form
from panshi.kit.money import yuan
from panshi.kit.tables import Slice
from panshi.kit.web import Request, needs

ORDER: Final = Form(
    fields=[
        Field(
            name="order",
            label=lazy("Payments settle bills"),
            kind="choice",
            choices=AllocationOrder,
            help=lazy("Applies to your node and to those below that do not say otherwise."),
        )
    ]
)
REASSIGN: Final = Form(
    fields=[Field(name="phone", label=lazy("Phone of the true payer"), kind="phone")]
)


@require_GET
@needs("billing.view")
def payments(request: Request) -> HttpResponse:
    ask = lists.PAYMENTS.read(request.GET)
    page = queries.payment_rows(
        state=ask.text("state"),
        channel=ask.text("channel"),
        number=ask.text("number"),
        since=ask.since("started"),
        until=ask.until("started"),
        limit=ask.limit,
        offset=ask.offset,
        actor=request.actor,
    )
    totals = {} if page.sum_amount is None else {"amount": page.sum_amount}
    part = Slice(rows=page.rows, total=page.total, about=page.about, totals=totals)
    notices = queries.callback_rows(limit=20, actor=request.actor)
    context = {
        "notices": [(row, lists.verdict(row.verdict)) for row in notices],
        "may_order": request.actor.may("billing.set_allocation_order"),
    }
    return lists.PAYMENTS.respond(request, ask, part, "billing/payments.html", context)


@require_http_methods(["GET", "POST"])
@needs("billing.set_allocation_order")
def order(request: Request) -> HttpResponse:
    """In which order payments settle bills at one's own node."""
    if request.method == "GET":
        now = queries.allocation_order(org_id=request.actor.org_id, actor=request.actor)
        return ORDER.blank(order=now).respond(request, "billing/allocation_order.html")
    form = ORDER.read(request.POST)
    if not form.ok:
        return form.respond(request, "billing/allocation_order.html")
    form.call(
        request,
        services.set_allocation_order,
        org_id=request.actor.org_id,
        at=timezone.now(),
    )
    messages.success(request, _("Saved."))
    return redirect("billing-payments")


@require_GET
@needs("billing.view")
def payment(request: Request, payment_id: UUID) -> HttpResponse:
    card = queries.payment_record(payment_id=payment_id, actor=request.actor)
    may = request.actor.may
    online = card.channel != "BANK"
    context = {
        "payment": card,
        "state": lists.payment_state(card.state),
        "stages": lists.payment_stages(card),
        "tiles": lists.payment_tiles(card),
        "details": lists.payment_details(card),
        "notices": [(row, lists.verdict(row.verdict)) for row in card.notices],
        "refunds": [(row, lists.refund_state(row.state)) for row in card.refunds],
        "may_query": online
        and card.state in ("CREATED", "PENDING", "CLOSED")
        and may("billing.query_payment"),
        "may_close": card.state in ("CREATED", "PENDING") and may("billing.close_payment"),
        "may_allocate": card.free > 0 and card.open_bills and may("billing.allocate"),
        "may_unallocate": may("billing.unallocate"),
        "may_refund": card.refundable > 0 and may("billing.refund_payment"),
        "may_reassign": card.received_at is not None
        and card.free == card.amount
        and may("billing.reassign_payment"),
    }
    return render(request, "billing/payment.html", context)


@require_POST
def query(request: Request, payment_id: UUID) -> HttpResponse:
    fact = services.query_payment(payment_id=payment_id, actor=request.actor, at=timezone.now())
    if fact.received is not None:
        messages.success(request, _("%(amount)s received.") % {"amount": yuan(fact.received)})
    else:
        messages.info(request, _("The channel has received nothing."))
    return redirect("billing-payment", payment_id)


@require_POST
def close(request: Request, payment_id: UUID) -> HttpResponse:
    services.close_payment(payment_id=payment_id, actor=request.actor, at=timezone.now())
    messages.success(request, _("The payment is closed."))
    return redirect("billing-payment", payment_id)


@require_POST
def allocate(request: Request, payment_id: UUID) -> HttpResponse:
    """Settle the ticked bills, or all open ones in the operator's order."""
    fact = services.allocate(
        payment_id=payment_id,
        bill_ids=ticked(request, "bill"),
        actor=request.actor,
        at=timezone.now(),
    )
    messages.success(request, _("%(amount)s allocated.") % {"amount": yuan(fact.amount)})
    return redirect("billing-payment", payment_id)


@require_POST
def unallocate(request: Request, allocation_id: UUID) -> HttpResponse:
    fact = services.unallocate(allocation_id=allocation_id, actor=request.actor, at=timezone.now())
    messages.success(request, _("%(amount)s is on account again.") % {"amount": yuan(fact.amount)})
    return redirect("billing-payment", fact.payment_id)


@require_http_methods(["GET", "POST"])
@needs("billing.reassign_payment")
def reassign(request: Request, payment_id: UUID) -> HttpResponse:
    """Give money that was taken for another customer's to its true payer, found by phone."""
    card = queries.payment_record(payment_id=payment_id, actor=request.actor)
    context = {"payment": card}
    if request.method == "GET":
        return REASSIGN.blank().respond(request, "billing/reassign.html", context)
    form = REASSIGN.read(request.POST)
    found = None
    if form.ok:
        found = crm.customer_by_phone(
            phone=form.values.pop("phone"), org_id=card.org_id, actor=request.actor
        )
        if found is None:
            form.refuse("phone", _("No customer of this operator has this phone."))
    if found is None:
        return form.respond(request, "billing/reassign.html", context)
    form.call(
        request,
        services.reassign_payment,
        payment_id=payment_id,
        customer_id=found.id,
        at=timezone.now(),
    )
    messages.success(request, _("The money is on the account of %(name)s.") % {"name": found.name})
    return redirect("billing-payment", payment_id)
