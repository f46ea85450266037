"""Pages of arrears: the board, one case with its ladder, calls to make, the ladder itself."""

from collections.abc import Callable, Mapping
from typing import Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from panshi.billing import queries, services
from panshi.billing.lists import SOURCES
from panshi.billing.models import CallOutcome, CaseState, DunningRung, HoldKind
from panshi.billing.queries import ArrearsCard
from panshi.billing.services import NewInstalment
from panshi.kit import cells
from panshi.kit.clock import local_day
from panshi.kit.forms import Field, Form
from panshi.kit.records import Detail, Stage, Tile
from panshi.kit.tables import Column, Filter, Slice, Table
from panshi.kit.tenancy import Actor
from panshi.kit.web import Request, needs

TONES: Final[Mapping[str, str]] = {
    "OPEN": "bad",
    "ON_HOLD": "warn",
    "LEGAL": "bad",
    "CLEARED": "ok",
    "WRITTEN_OFF": "idle",
}


def _rungs(_actor: Actor) -> list[tuple[str, str]]:
    return [(str(r.day), str(r)) for r in DunningRung.objects.filter(day__gt=0).order_by("day")]


BOARD: Final = Table(
    name="arrears",
    columns=(
        Column(key="customer_name", label=lazy("Customer")),
        Column(key="plate", label=lazy("Vehicle"), kind="plate"),
        Column(key="oldest_due_on", label=lazy("Oldest due day"), kind="day"),
        Column(key="days", label=lazy("Days overdue"), kind="number"),
        Column(key="rung_name", label=lazy("Last step")),
        Column(key="state", label=lazy("State"), kind="state", choices=CaseState, tones=TONES),
        Column(key="hold_reason", label=lazy("Held")),
        Column(key="open_amount", label=lazy("Overdue"), kind="money"),
    ),
    filters=(
        Filter(key="state", label=lazy("State"), kind="choice", choices=CaseState.choices),
        Filter(key="rung", label=lazy("Last step"), kind="choice", choices=_rungs),
    ),
    row_url="billing-arrears-case",
    export="arrears",
    empty=lazy("No case is open."),
    live=("billing.*",),
)
HOLD: Final = Form(
    fields=[
        Field(
            name="kind",
            label=lazy("Why"),
            kind="choice",
            choices=[
                (code, label)
                for code, label in HoldKind.choices
                if code not in ("PROMISE", "INSTALMENTS")
            ],
        ),
        Field(name="reason", label=lazy("Reason"), longest=200),
        Field(name="until", label=lazy("Until"), kind="day", required=False),
    ]
)
PROMISE: Final = Form(
    fields=[
        Field(name="amount", label=lazy("Amount promised"), kind="money"),
        Field(name="by", label=lazy("Paid by"), kind="day"),
    ]
)
_PARTS: Final = 4
INSTALMENTS: Final = Form(
    fields=[
        field
        for number in range(1, _PARTS + 1)
        for field in (
            Field(
                name=f"due_{number}",
                label=lazy("Paid by"),
                kind="day",
                required=number == 1,
            ),
            Field(
                name=f"amount_{number}",
                label=lazy("Amount"),
                kind="money",
                required=number == 1,
            ),
        )
    ]
)
ASKED: Final = Form(
    fields=[Field(name="reason", label=lazy("What the customer says"), kind="area", longest=200)]
)
CALL: Final = Form(
    fields=[
        Field(
            name="outcome", label=lazy("What came of it"), kind="choice",
            choices=CallOutcome.choices,
        ),
        Field(name="words", label=lazy("Words"), longest=200, required=False),
    ]
)  # fmt: skip
_FORMS: Final = {
    "hold": (HOLD, lazy("Hold the case"), "billing.hold_case"),
    "promise": (PROMISE, lazy("Note a promise"), "billing.promise_to_pay"),
    "asked": (ASKED, lazy("Customer asks for instalments"), "billing.promise_to_pay"),
    "instalments": (INSTALMENTS, lazy("Agree on instalments"), "billing.agree_instalments"),
}


@require_GET
@needs("billing.view")
def board(request: Request) -> HttpResponse:
    ask, today = BOARD.read(request.GET), local_day(timezone.now())
    rung = ask.text("rung")
    page = queries.arrears_page(
        today=today,
        state=ask.text("state"),
        rung=int(rung) if rung.lstrip("-").isdigit() else None,
        limit=ask.limit,
        offset=ask.offset,
        actor=request.actor,
    )
    part = Slice(rows=page.rows, total=page.total, totals={"open_amount": page.owed})
    context = {
        "calls": queries.calls_to_make(today=today, actor=request.actor),
        "may_call": request.actor.may("billing.record_call"),
        "losses": queries.write_off_rows(state="PROPOSED", actor=request.actor).rows,
        "waivers": queries.waivers_waiting(actor=request.actor),
    }
    return BOARD.respond(request, ask, part, "billing/arrears.html", context)


def _stages(card: ArrearsCard) -> list[Stage]:
    fired = [step for step in card.steps if step.fired_on is not None]
    last = max((step.day for step in fired), default=0)
    return [
        Stage(
            label=step.name,
            standing="todo"
            if step.fired_on is None
            else "done"
            if step.day < last
            else "now",
            at=step.fired_on,
        )
        for step in card.steps
    ]  # fmt: skip


def _source(card: ArrearsCard) -> list[Detail]:
    """What the debt is for, with its page."""
    if card.source_kind not in SOURCES:
        return []
    words, url_name = SOURCES[card.source_kind]
    return [Detail(label=words, value=_("See it"), url=reverse(url_name, args=[card.source_id]))]


def _ends(card: ArrearsCard, may: Callable[[str], bool]) -> list[tuple[str, str]]:
    """How a case may leave the ladder for good."""
    ends = []
    if card.state == CaseState.OPEN and may("billing.hand_to_lawyers"):
        ends.append(("lawyers", _("Hand over to the lawyers")))
    if card.state == CaseState.LEGAL and may("billing.propose_write_off"):
        ends.append(("write-off", _("Propose a write-off")))
    return ends


@require_GET
@needs("billing.view")
def case(request: Request, case_id: UUID) -> HttpResponse:
    today = local_day(timezone.now())
    card = queries.arrears_card(case_id=case_id, today=today, actor=request.actor)
    may, running = request.actor.may, card.state == CaseState.OPEN
    context = {
        "card": card,
        "state": cells.state(card.state, TONES[card.state], str(CaseState(card.state).label)),
        "tiles": [
            Tile(label=_("Overdue"), value=card.open_amount, kind="money"),
            Tile(label=_("Days overdue"), value=card.days, kind="number"),
        ],
        "details": [
            Detail(label=_("Customer"), value=card.customer_name),
            Detail(label=_("Vehicle"), value=card.plate or None),
            *_source(card),
            Detail(label=_("Oldest due day"), value=card.oldest_due_on),
            Detail(label=_("Opened"), value=card.opened_on),
            Detail(label=_("Held"), value=card.hold_reason or None),
            Detail(label=_("Held until"), value=card.hold_until),
        ],
        "messages_": [
            (row, row.channel_words, cells.state(row.state, row.tone, row.state_words))
            for row in card.messages
        ],
        "calls": [
            (row, CallOutcome(row.outcome).label if row.outcome else "") for row in card.calls
        ],
        "acts": [
            (name, words)
            for name, (_form, words, permission) in _FORMS.items()
            if may(permission) and (running or (card.state == "ON_HOLD" and name != "hold"))
        ],
        "late": queries.late_fee_card(
            source_id=card.source_id,
            source_kind=card.source_kind,
            due_on=card.oldest_due_on,
            actor=request.actor,
        ),
        "may_bill_fees": may("billing.bill_late_fees"),
        "may_decide": may("billing.decide_fee_waiver"),
        "ends": _ends(card, may),
        "losses": queries.write_off_rows(case_id=case_id, actor=request.actor).rows,
        "may_resume": card.state == CaseState.ON_HOLD and may("billing.hold_case"),
        "may_call": may("billing.record_call"),
    }
    return render(request, "billing/arrears_case.html", context)


@require_http_methods(["GET", "POST"])
@needs("billing.view")
def act(request: Request, case_id: UUID, name: str) -> HttpResponse:
    """Hold a case, note a promise, agree on instalments."""
    shape, title, _permission = _FORMS.get(name, _FORMS["hold"])
    today = local_day(timezone.now())
    card = queries.arrears_card(case_id=case_id, today=today, actor=request.actor)
    context = {"card": card, "title": title, "submit": title}
    if request.method == "GET":
        blank = shape.blank(amount=card.open_amount) if name == "promise" else shape.blank()
        return blank.respond(request, "billing/arrears_act.html", context)
    form, now = shape.read(request.POST), timezone.now()
    if form.ok:
        values = form.values
        try:
            if name == "promise":
                form.call(request, services.promise_to_pay, case_id=case_id, at=now)
            elif name == "asked":
                form.call(request, services.ask_instalments, case_id=case_id, at=now)
                messages.success(request, _("Noted; somebody decides. The ladder runs on."))
                return redirect("billing-arrears-case", case_id)
            elif name == "instalments":
                services.agree_instalments(
                    case_id=case_id,
                    instalments=[
                        NewInstalment(due_on=values[f"due_{n}"], amount=values[f"amount_{n}"])
                        for n in range(1, _PARTS + 1)
                        if values[f"due_{n}"] and values[f"amount_{n}"]
                    ],
                    actor=request.actor,
                    at=now,
                )
            else:
                form.call(request, services.hold_case, case_id=case_id, at=now)
            messages.success(request, _("The ladder stands still."))
            return redirect("billing-arrears-case", case_id)
        except (services.PlanExceedsDebt, services.OutsidePolicyBounds) as refusal:
            form.refuse("amount" if name == "promise" else "amount_1", refusal.words)
    return form.respond(request, "billing/arrears_act.html", context)


@require_POST
def resume(request: Request, case_id: UUID) -> HttpResponse:
    services.resume_case(case_id=case_id, actor=request.actor, at=timezone.now())
    messages.success(request, _("The ladder runs on."))
    return redirect("billing-arrears-case", case_id)


@require_http_methods(["GET", "POST"])
@needs("billing.record_call")
def call(request: Request, case_id: UUID, call_id: UUID) -> HttpResponse:
    """Record what came of a call."""
    today = local_day(timezone.now())
    card = queries.arrears_card(case_id=case_id, today=today, actor=request.actor)
    context = {"card": card, "title": _("What came of the call"), "submit": _("Record")}
    if request.method == "GET":
        return CALL.blank().respond(request, "billing/arrears_act.html", context)
    form = CALL.read(request.POST)
    if form.ok:
        services.record_call(
            call_id=call_id,
            outcome=form.values["outcome"],
            words=form.values["words"] or "",
            actor=request.actor,
            at=timezone.now(),
        )
        messages.success(request, _("Recorded."))
        return redirect("billing-arrears-case", case_id)
    return form.respond(request, "billing/arrears_act.html", context)


@require_http_methods(["GET", "POST"])
@needs("billing.view")
def ladder(request: Request) -> HttpResponse:
    """The ladder of one's own node, its days inside the platform's bounds."""
    actor = request.actor
    if request.method == "POST":
        day = request.POST.get("day", "")
        services.set_dunning_policy(
            rung_day=int(request.POST.get("rung", "0")),
            day=int(day) if day.lstrip("-").isdigit() else 10_000,
            skipped=request.POST.get("skipped") == "1",
            actor=actor,
            at=timezone.now(),
        )
        messages.success(request, _("Saved."))
        return redirect("billing-ladder")
    context = {
        "rungs": queries.ladder_of(org_id=actor.org_id, actor=actor),
        "may_set": actor.may("billing.set_dunning_policy"),
        "heading": pgettext_lazy("arrears", "Day"),
    }
    return render(request, "billing/ladder.html", context)


URLS: Final = [
    path("finance/arrears/", board, name="billing-arrears"),
    path("finance/arrears/ladder/", ladder, name="billing-ladder"),
    path("finance/arrears/<uuid:case_id>/", case, name="billing-arrears-case"),
    path("finance/arrears/<uuid:case_id>/resume/", resume, name="billing-arrears-resume"),
    path("finance/arrears/<uuid:case_id>/calls/<uuid:call_id>/", call, name="billing-arrears-call"),
    path("finance/arrears/<uuid:case_id>/<slug:name>/", act, name="billing-arrears-act"),
]
