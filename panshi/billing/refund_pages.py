"""Pages of refunds: asked for at a payment, decided by another person, sent, ended."""

from typing import Final
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from panshi.billing import payment_lists as lists
from panshi.billing import queries, services
from panshi.billing.models import Channel
from panshi.kit.forms import Field, Form
from panshi.kit.tables import Slice
from panshi.kit.web import Request, needs
from panshi.org import queries as org

_BANK: Final = (
    Field(name="payee", label=lazy("Payee"), longest=80, required=False),
    Field(
        name="account",
        label=lazy("Account of the payee"),
        kind="mono",
        longest=40,
        required=False,
    ),
)


def _form(card: queries.PaymentRecord) -> Form:
    """By the channel that paid, or by the bank; a bank transfer goes back by the bank alone."""
    ways = [(code, Channel(code).label) for code in dict.fromkeys((card.channel, "BANK"))]
    return Form(
        fields=[
            Field(name="amount", label=lazy("Amount to give back"), kind="money"),
            Field(name="reason", label=lazy("Reason"), longest=200),
            Field(name="channel", label=lazy("Goes back by"), kind="choice", choices=ways),
            *_BANK,
        ]
    )


@require_GET
@needs("billing.view")
def refunds(request: Request) -> HttpResponse:
    ask = lists.REFUNDS.read(request.GET)
    page = queries.refund_rows(
        state=ask.text("state"),
        channel=ask.text("channel"),
        number=ask.text("number"),
        since=ask.since("asked"),
        until=ask.until("asked"),
        limit=ask.limit,
        offset=ask.offset,
        actor=request.actor,
    )
    part = Slice(rows=page.rows, total=page.total, totals={"amount": page.sum_amount})
    return lists.REFUNDS.respond(request, ask, part, "billing/refunds.html")


@require_http_methods(["GET", "POST"])
@needs("billing.refund_payment")
def ask(request: Request, payment_id: UUID) -> HttpResponse:
    """Ask that money goes back; somebody else approves it."""
    card = queries.payment_record(payment_id=payment_id, actor=request.actor)
    context = {"payment": card, "submit": _("Ask for the refund")}
    shape = _form(card)
    if request.method == "GET":
        blank = shape.blank(amount=card.refundable, channel=card.channel)
        return blank.respond(request, "billing/refund_ask.html", context)
    form = shape.read(request.POST)
    if form.ok:
        try:
            fact = form.call(
                request, services.refund_payment, payment_id=payment_id, at=timezone.now()
            )
            messages.success(request, _("Asked for. Another person has to approve it."))
            return redirect("billing-refund", fact["refund_id"])
        except services.RefundExceedsPayment as refusal:
            form.refuse("amount", refusal.words)
        except services.PayeeMissing as refusal:
            form.refuse("payee", refusal.words)
    return form.respond(request, "billing/refund_ask.html", context)


@require_GET
@needs("billing.view")
def refund(request: Request, refund_id: UUID) -> HttpResponse:
    card = queries.refund_card(refund_id=refund_id, actor=request.actor)
    may, own = request.actor.may, card.asked_by_id == request.actor.id
    names = org.names_of(user_ids=tuple({m.by_id for m in card.moves}), actor=request.actor)
    by_bank = card.channel == "BANK"
    decides = card.state == "ASKED" and may("billing.approve_refund")
    context = {
        "refund": card,
        "state": lists.refund_state(card.state),
        "stages": lists.refund_stages(card),
        "details": lists.refund_details(card),
        "moves": [(m, lists.refund_state(m.state), names.get(m.by_id, "")) for m in card.moves],
        "may_name": card.state == "ASKED"
        and (by_bank or card.deposit_id is not None)
        and may("billing.refund_payment"),
        "account_missing": card.state == "ASKED" and by_bank and not card.account_masked,
        "may_ask_again": card.state == "DECLINED"
        and card.deposit_id is not None
        and may("billing.return_deposit"),
        "may_decide": decides and not own,
        "waits_for_another": decides and own,
        "may_send": card.state in ("APPROVED", "FAILED") and may("billing.send_refund"),
        "may_ask_channel": card.state == "SENT" and not by_bank and may("billing.send_refund"),
        "may_conclude": card.state == "SENT" and by_bank and may("billing.conclude_refund"),
    }
    return render(request, "billing/refund.html", context)


PAYEE: Final = Form(
    fields=[
        Field(name="payee", label=lazy("Payee"), longest=80),
        Field(name="account", label=lazy("Account of the payee"), kind="mono", longest=40),
    ]
)


@require_http_methods(["GET", "POST"])
@needs("billing.refund_payment")
def payee(request: Request, refund_id: UUID) -> HttpResponse:
    """Name the payee of a bank transfer, before it is approved."""
    card = queries.refund_card(refund_id=refund_id, actor=request.actor)
    context = {"refund": card, "submit": _("Name the payee")}
    if request.method == "GET":
        return PAYEE.blank(payee=card.payee).respond(request, "billing/payee.html", context)
    form = PAYEE.read(request.POST)
    if not form.ok:
        return form.respond(request, "billing/payee.html", context)
    form.call(request, services.name_payee, refund_id=refund_id, at=timezone.now())
    messages.success(request, _("Named. Another person has to approve it."))
    return redirect("billing-refund", refund_id)


@require_POST
def ask_again(request: Request, refund_id: UUID) -> HttpResponse:
    """Ask once more for a deposit to go back whose return was declined."""
    card = queries.refund_card(refund_id=refund_id, actor=request.actor)
    if card.deposit_id is None:
        raise Http404
    fact = services.return_deposit(
        deposit_id=card.deposit_id, amount=card.amount, actor=request.actor, at=timezone.now()
    )
    messages.success(request, _("Asked for. Another person has to approve it."))
    return redirect("billing-refund", fact.refund_ids[0])


@require_POST
def approve(request: Request, refund_id: UUID) -> HttpResponse:
    services.approve_refund(refund_id=refund_id, actor=request.actor, at=timezone.now())
    messages.success(request, _("Approved."))
    return redirect("billing-refund", refund_id)


@require_POST
def decline(request: Request, refund_id: UUID) -> HttpResponse:
    services.decline_refund(
        refund_id=refund_id,
        reason=request.POST.get("reason", "")[:200],
        actor=request.actor,
        at=timezone.now(),
    )
    messages.success(request, _("Declined; the money stays where it is."))
    return redirect("billing-refund", refund_id)


@require_POST
def send(request: Request, refund_id: UUID) -> HttpResponse:
    services.send_refund(refund_id=refund_id, actor=request.actor, at=timezone.now())
    messages.success(request, _("The refund is on its way."))
    return redirect("billing-refund", refund_id)


@require_POST
def query(request: Request, refund_id: UUID) -> HttpResponse:
    services.query_refund(refund_id=refund_id, actor=request.actor, at=timezone.now())
    return redirect("billing-refund", refund_id)


@require_POST
def conclude(request: Request, refund_id: UUID) -> HttpResponse:
    """The transfer has left, or has come back."""
    services.conclude_refund(
        refund_id=refund_id,
        paid=request.POST.get("paid") == "1",
        words=request.POST.get("words", "")[:200],
        actor=request.actor,
        at=timezone.now(),
    )
    return redirect("billing-refund", refund_id)
