"""Pages of bank statements: bring a file in, match, and settle by hand what the rule left."""

from typing import Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from panshi.billing import bank_lists as lists
from panshi.billing import queries, services
from panshi.billing.models import ASIDE_OF_MONEY_IN, AsideKind, Channel, OutgoingCost
from panshi.billing.views import ticked
from panshi.crm import queries as crm
from panshi.kit.files import MAX_BYTES, FileTooLarge
from panshi.kit.forms import Field, Form, Reading
from panshi.kit.sheets import SheetUnreadable
from panshi.kit.tables import Slice
from panshi.kit.tenancy import Actor
from panshi.kit.web import Request, needs
from panshi.ledger import queries as ledger

FILE: Final = Form(
    fields=[
        Field(
            name="file",
            label=lazy("File of the bank (.xlsx or .csv)"),
            kind="file",
            help=lazy("The whole file is taken, or nothing of it."),
        ),
        Field(name="account", label=lazy("Our account"), kind="mono", longest=40),
        Field(
            name="opening",
            label=lazy("Opening balance"),
            kind="money",
            required=False,
            help=lazy("Needed only when the file has no balances."),
        ),
        Field(name="closing", label=lazy("Closing balance"), kind="money", required=False),
    ]
)
VIRTUAL: Final = Form(
    fields=[
        Field(name="phone", label=lazy("Phone of the customer"), kind="phone"),
        Field(name="account", label=lazy("Virtual account"), kind="mono", longest=40),
    ]
)
_CHANNELS: Final = [c for c in Channel.choices if c[0] != Channel.BANK]
_WORDS: Final = Field(
    name="words",
    label=lazy("Reason"),
    longest=200,
    required=False,
    help=lazy("Needed for transfers of our own, and for money not ours or to be cleared up."),
)
OWN: Final = Form(fields=[Field(name="words", label=lazy("Reason"), longest=200)])
ASIDE: Final = Form(
    fields=[
        Field(
            name="kind",
            label=lazy("What it was"),
            kind="choice",
            choices=[(kind.value, kind.label) for kind in ASIDE_OF_MONEY_IN],
        ),
        _WORDS,
        Field(
            name="channel",
            label=lazy("Channel that paid out"),
            kind="choice",
            choices=_CHANNELS,
            required=False,
        ),
        Field(name="fee", label=lazy("Fee that it kept"), kind="money", required=False),
    ]
)


COST: Final = Form(
    fields=[
        Field(name="cost", label=lazy("What it was for"), kind="choice", choices=OutgoingCost),
        _WORDS,
    ]
)
DECLINE: Final = Form(fields=[Field(name="reason", label=lazy("Reason"), longest=200)])


@require_GET
@needs("billing.view")
def lines(request: Request) -> HttpResponse:
    ask = lists.LINES.read(request.GET)
    page = queries.bank_rows(
        state=ask.text("state"),
        text=ask.text("text"),
        aside=ask.text("aside"),
        since=ask.day("value_from"),
        until=ask.day("value_to"),
        limit=ask.limit,
        offset=ask.offset,
        actor=request.actor,
    )
    part = Slice(rows=page.rows, total=page.total, totals={"amount": page.sum_amount})
    may = request.actor.may
    context = {
        "statements": queries.statement_rows(actor=request.actor),
        "waiting": queries.unmatched_lines(actor=request.actor),
        "agreements": lists.agreements(request.actor),
        "may_import": may("billing.import_statement"),
        "may_match": may("billing.match_lines"),
        "may_give": may("billing.give_virtual_account"),
    }
    return lists.LINES.respond(request, ask, part, "billing/bank.html", context)


@require_http_methods(["GET", "POST"])
@needs("billing.import_statement")
def bring_in(request: Request) -> HttpResponse:
    """Take a bank's file and match its lines at once."""
    if request.method == "GET":
        return FILE.blank().respond(request, "billing/bank_import.html")
    form = FILE.read(request.POST, request.FILES)
    if form.ok:
        upload = form.values.pop("file")
        try:
            if upload.size > MAX_BYTES:
                raise FileTooLarge(
                    _("The file is larger than %(limit)d MB.") % {"limit": MAX_BYTES // 1024**2}
                )
            form.call(
                request,
                services.import_statement,
                content=upload.read(),
                file_name=upload.name,
                org_id=request.actor.org_id,
                at=timezone.now(),
            )
            return _matched(request)
        except (
            services.StatementDoesNotAdd,
            services.DuplicateLine,
            SheetUnreadable,
            FileTooLarge,
        ) as refusal:
            form.refuse("file", refusal.words)
    return form.respond(request, "billing/bank_import.html")


def _matched(request: Request) -> HttpResponse:
    fact = services.match_lines(org_id=request.actor.org_id, actor=request.actor, at=timezone.now())
    words = _("%(matched)d lines matched by the rule, %(queued)d wait for a person.")
    messages.success(request, words % {"matched": fact.matched, "queued": fact.queued})
    return redirect("billing-bank")


@require_POST
@needs("billing.match_lines")
def match(request: Request) -> HttpResponse:
    return _matched(request)


@require_GET
@needs("billing.view")
def line(request: Request, line_id: UUID) -> HttpResponse:
    """One line; `?phone=` adds a customer to choose from."""
    chosen, phone = None, request.GET.get("phone", "")
    if phone:
        chosen = crm.customer_by_phone(phone=phone, actor=request.actor)
        if chosen is None:
            messages.warning(request, _("No customer of this operator has this phone."))
    card = queries.bank_line(
        line_id=line_id, customer_id=chosen.id if chosen else None, actor=request.actor
    )
    may = request.actor.may
    waits = card.state == "QUEUED"
    may_aside = may("billing.set_line_aside")
    out = waits and card.amount < 0 and may("billing.settle_outgoing")
    into = waits and card.amount > 0 and may("billing.settle_incoming")
    single = card.aside == AsideKind.OWN and card.other_side_id is None
    proposed = card.proposed_by_id is not None
    own = card.proposed_by_id == request.actor.id
    context = {
        "outgoing": [
            (found, lists.reasons(found.reasons))
            for found in _candidates(card, out=out and not proposed, into=into, actor=request.actor)
            if found.kind != "OWN" or may_aside
        ],
        "sides": [
            (found, lists.reasons(found.reasons))
            for found in queries.own_sides(line_id=line_id, actor=request.actor)
        ]
        if single and may_aside
        else [],
        "cost": COST.blank() if out and not proposed else None,
        "proposed": OutgoingCost(card.cost).label if waits and proposed else "",
        "own": own,
        "decline": DECLINE.blank()
        if waits and proposed and not own and may("billing.approve_outgoing")
        else None,
        "line": card,
        "under_way": single,
        "entries": [ledger.entry_card(entry_id=card.entry_id, actor=request.actor)]
        if card.entry_id
        else [],
        "state": lists.line_state(card.state),
        "details": lists.line_details(card),
        "reasons": lists.reasons(card.reasons),
        "candidates": [(c, lists.reasons(c.reasons)) for c in card.candidates],
        "may_confirm": waits and card.amount > 0 and may("billing.confirm_match"),
        "aside": ASIDE.blank() if waits and card.amount > 0 and may_aside else None,
        "own_transfer": OWN.blank()
        if waits and card.amount < 0 and not proposed and may_aside
        else None,
        "may_take_up": card.state == "SET_ASIDE"
        and (card.aside != AsideKind.PAYOUT or card.entry_id is not None)
        and may_aside,
    }
    return render(request, "billing/bank_line.html", context)


def _candidates(
    card: queries.BankLineCard, *, out: bool, into: bool, actor: Actor
) -> tuple[queries.OutgoingCandidate, ...]:
    if out:
        return queries.outgoing_candidates(line_id=card.id, actor=actor)
    return queries.incoming_candidates(line_id=card.id, actor=actor) if into else ()


@require_POST
def confirm(request: Request, line_id: UUID, customer_id: UUID) -> HttpResponse:
    services.confirm_match(
        line_id=line_id,
        customer_id=customer_id,
        bill_ids=ticked(request, "bill"),
        actor=request.actor,
        at=timezone.now(),
    )
    messages.success(request, _("Booked."))
    return redirect("billing-bank-line", line_id)


def _unfit(request: Request, form: Reading, line_id: UUID) -> HttpResponse:
    """Back to the line, with what does not fit of a small form in words."""
    messages.error(request, " ".join(form.errors.values()))
    return redirect("billing-bank-line", line_id)


@require_POST
@needs("billing.set_line_aside")
def aside(request: Request, line_id: UUID) -> HttpResponse:
    """Set a line aside; money out only as a transfer between accounts of our own."""
    form = (ASIDE if "kind" in request.POST else OWN).read(request.POST)
    if not form.ok:
        return _unfit(request, form, line_id)
    form.values["channel"] = form.values.get("channel") or ""
    form.values.setdefault("kind", AsideKind.OWN)
    form.call(request, services.set_line_aside, line_id=line_id, at=timezone.now())
    messages.success(request, _("Set aside."))
    return redirect("billing-bank-line", line_id)


@require_POST
@needs("billing.settle_outgoing")
def cost(request: Request, line_id: UUID) -> HttpResponse:
    """Book money out as a cost; above the bound it waits for another person."""
    form = COST.read(request.POST)
    if not form.ok:
        return _unfit(request, form, line_id)
    fact = services.class_outgoing(
        line_id=line_id, actor=request.actor, at=timezone.now(), **form.values
    )
    messages.success(request, _("Another person has to agree.") if fact.waits else _("Booked."))
    return redirect("billing-bank-line", line_id)


@require_POST
def agree(request: Request, line_id: UUID) -> HttpResponse:
    services.approve_outgoing(line_id=line_id, actor=request.actor, at=timezone.now())
    messages.success(request, _("Booked."))
    return redirect("billing-bank-line", line_id)


@require_POST
@needs("billing.approve_outgoing")
def disagree(request: Request, line_id: UUID) -> HttpResponse:
    form = DECLINE.read(request.POST)
    if not form.ok:
        return _unfit(request, form, line_id)
    form.call(request, services.decline_outgoing, line_id=line_id, at=timezone.now())
    return redirect("billing-bank-line", line_id)


@require_POST
def is_entry(request: Request, line_id: UUID, entry_id: UUID) -> HttpResponse:
    services.settle_outgoing(
        line_id=line_id, entry_id=entry_id, actor=request.actor, at=timezone.now()
    )
    messages.success(request, _("Noted."))
    return redirect("billing-bank-line", line_id)


@require_POST
def is_booked(request: Request, line_id: UUID, entry_id: UUID) -> HttpResponse:
    services.settle_incoming(
        line_id=line_id, entry_id=entry_id, actor=request.actor, at=timezone.now()
    )
    messages.success(request, _("Noted."))
    return redirect("billing-bank-line", line_id)


@require_POST
def is_other_side(request: Request, line_id: UUID, other_line_id: UUID) -> HttpResponse:
    services.pair_own_lines(
        line_id=line_id, other_line_id=other_line_id, actor=request.actor, at=timezone.now()
    )
    messages.success(request, _("Both sides of the transfer are noted."))
    return redirect("billing-bank-line", line_id)


@require_POST
def is_refund(request: Request, line_id: UUID, refund_id: UUID) -> HttpResponse:
    services.settle_refund_by_line(
        line_id=line_id, refund_id=refund_id, actor=request.actor, at=timezone.now()
    )
    messages.success(request, _("Booked."))
    return redirect("billing-bank-line", line_id)


@require_POST
def take_up(request: Request, line_id: UUID) -> HttpResponse:
    services.take_line_up(line_id=line_id, actor=request.actor, at=timezone.now())
    return redirect("billing-bank-line", line_id)


@require_http_methods(["GET", "POST"])
@needs("billing.give_virtual_account")
def virtual(request: Request) -> HttpResponse:
    """Note an account of ours that one customer pays to."""
    if request.method == "GET":
        return VIRTUAL.blank().respond(request, "billing/virtual_account.html")
    form = VIRTUAL.read(request.POST)
    found = None
    if form.ok:
        found = crm.customer_by_phone(
            phone=form.values.pop("phone"), org_id=request.actor.org_id, actor=request.actor
        )
        if found is None:
            form.refuse("phone", _("No customer of this operator has this phone."))
    if found is not None:
        try:
            form.call(
                request,
                services.give_virtual_account,
                customer_id=found.id,
                org_id=request.actor.org_id,
                at=timezone.now(),
            )
            messages.success(request, _("Saved."))
            return redirect("billing-bank")
        except services.AccountGiven as refusal:
            form.refuse("account", refusal.words)
    return form.respond(request, "billing/virtual_account.html")
