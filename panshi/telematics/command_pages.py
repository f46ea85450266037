"""Pages of orders to vehicles: the queue of approvals, one order with its record, setting free."""

from collections.abc import Mapping
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
from django.views.decorators.http import require_GET, require_POST

from panshi.kit import cells
from panshi.kit.guards import lines, words_of
from panshi.kit.records import Detail
from panshi.kit.strips import Strip
from panshi.kit.tables import Column, Filter, Slice, Table
from panshi.kit.tenancy import Actor
from panshi.kit.web import Request, needs
from panshi.telematics import queries, services
from panshi.telematics.models import CommandState

TONES: Final[Mapping[str, str]] = {
    "AWAITING_APPROVAL": "warn",
    "QUEUED": "info",
    "SENT": "info",
    "ACKNOWLEDGED": "info",
    "CONFIRMED": "ok",
    "FAILED": "bad",
    "EXPIRED": "idle",
    "CANCELLED": "idle",
}
WORDS: Final = {
    "FRAME_FRESH": lazy("Its newest report is a minute old at most"),
    "SPEED_ZERO": lazy("It stands"),
    "STOOD_LONG_ENOUGH": lazy("It has been standing long enough"),
    "SOC_ENOUGH": lazy("Its battery has enough charge"),
    "NO_LINE": lazy("The terminal is not on the line"),
    "VETOED": lazy("It moved just before the order was written"),
    "LOST": lazy("The line was lost"),
    "NO_ANSWER": lazy("The terminal does not answer"),
    "EFFECT_NOT_SEEN": lazy("Accepted by the terminal, effect not seen"),
    "REFUSED_BY_TERMINAL": lazy("The terminal refused it"),
    "APPROVAL_STALE": lazy("The approvals are too old"),
    "RELEASED": lazy("Taken back by a release"),
    "REQUESTED": lazy("Requested"),
    "APPROVED": lazy("Approved"),
    "CANCELLED": lazy("Cancelled"),
    "EXPIRED": pgettext_lazy("command", "Expired"),
    "SENT": lazy("Sent to the terminal"),
    "ANSWERED": lazy("The terminal answered"),
    "EMERGENCY": lazy("Set free in an emergency"),
    "ABOVE": lazy("from a node above"),
}
COMMANDS: Final = Table(
    name="commands",
    columns=(
        Column(key="plate", label=lazy("Vehicle"), kind="plate"),
        Column(key="kind_words", label=lazy("Order")),
        Column(key="reason", label=lazy("Reason")),
        Column(key="requested_at", label=lazy("Requested"), kind="moment"),
        Column(key="expires_at", label=lazy("Ends by itself"), kind="moment"),
        Column(key="approvals", label=lazy("Approvals"), kind="number"),
        Column(key="state", label=lazy("State"), kind="state", choices=CommandState, tones=TONES),
        Column(key="waits_for", label=lazy("Waits for"), show=lambda r: words_of(r.waits_for)),
    ),
    filters=(
        Filter(key="state", label=lazy("State"), kind="choice", choices=CommandState.choices),
    ),
    row_url="telematics-command",
    empty=lazy("No order has been asked for."),
    live=("telematics.Command*",),
)


@require_GET
@needs("telematics.view")
def commands(request: Request) -> HttpResponse:
    """Orders that wait for approval or their moment come by the filter; all are listed."""
    ask = COMMANDS.read(request.GET)
    page = queries.command_rows(
        state=ask.text("state"), limit=ask.limit, offset=ask.offset, actor=request.actor
    )
    part = Slice(rows=page.rows, total=page.total)
    return COMMANDS.respond(request, ask, part, "telematics/commands.html")


@require_GET
@needs("telematics.view")
def command(request: Request, command_id: UUID) -> HttpResponse:
    """One order: why, by whom, what holds, what was written and answered."""
    card = queries.command_card(command_id=command_id, actor=request.actor, at=timezone.now())
    may, own = request.actor.may, request.actor.id in (card.requested_by_id, card.approved_by_id)
    awaits = card.state == CommandState.AWAITING_APPROVAL
    context = {
        "card": card,
        "state": cells.state(card.state, TONES[card.state], str(CommandState(card.state).label)),
        "details": [
            Detail(label=_("Order"), value=card.kind_words),
            Detail(label=_("Reason"), value=card.reason or None),
            Detail(label=_("Requested"), value=card.requested_at),
            Detail(label=_("Requested by"), value=card.requested_by or None),
            Detail(label=_("Ends by itself"), value=card.expires_at),
            Detail(label=_("First approval"), value=card.approved_by or card.approved_at),
            Detail(label=_("Second approval"), value=card.second_by or card.second_at),
            Detail(label=_("Waits for"), value=words_of(card.waits_for) or None),
            Detail(label=_("Ended because"), value=words_of(card.end_reason) or None),
        ],
        "now": lines(card.now),
        "then": lines(card.then),
        "steps": [(s, words_of(s.what), words_of(s.words)) for s in card.steps],
        "may_approve": awaits and not own and may("telematics.approve_command"),
        "waits_for_another": awaits and own,
        "may_cancel": card.state in ("AWAITING_APPROVAL", "QUEUED")
        and may("telematics.cancel_command"),
        "may_free": card.risk == "RESTRICT" and may("telematics.emergency_release"),
    }
    return render(request, "telematics/command.html", context)


@require_POST
def approve(request: Request, command_id: UUID) -> HttpResponse:
    fact = services.approve_command(command_id=command_id, actor=request.actor, at=timezone.now())
    messages.success(
        request,
        _("Approved; it leaves when all holds.") if fact.queued else _("Approved by one of two."),
    )
    return redirect("telematics-command", command_id)


@require_POST
def cancel(request: Request, command_id: UUID) -> HttpResponse:
    services.cancel_command(
        command_id=command_id,
        reason=request.POST.get("reason", "")[:60],
        actor=request.actor,
        at=timezone.now(),
    )
    messages.success(request, _("Cancelled."))
    return redirect("telematics-command", command_id)


@require_POST
def set_free(request: Request, vehicle_id: UUID) -> HttpResponse:
    """One press: whatever holds the vehicle is released."""
    fact = services.emergency_release(vehicle_id=vehicle_id, actor=request.actor, at=timezone.now())
    messages.success(request, _("The release is on its way."))
    return redirect("telematics-command", fact.command_id)


def strips(subject_type: str, subject_id: str, actor: Actor) -> list[Strip]:
    """What is asked of a vehicle from afar or holds on it, on the vehicle's pages."""
    if subject_type != "fleet.vehicle":
        return []
    vehicle_id = UUID(subject_id)
    held = [
        Strip(
            title=row.kind_words,
            url=reverse("telematics-command", args=[row.command_id]),
            state=str(CommandState.CONFIRMED.label),
            tone="bad",
        )
        for row in queries.restrictions_of(vehicle_id=vehicle_id, actor=actor)
    ]
    page = queries.command_rows(vehicle_id=vehicle_id, open_only=True, limit=5, actor=actor)
    waiting = [
        Strip(
            title=row.kind_words,
            url=reverse("telematics-command", args=[row.id]),
            state=str(CommandState(row.state).label),
            tone=TONES[row.state],
            due=row.expires_at if row.risk == "RESTRICT" else None,
        )
        for row in page.rows
    ]
    return [*held, *waiting]


URLS: Final = [
    path("telematics/commands/", commands, name="telematics-commands"),
    path("telematics/commands/<uuid:command_id>/", command, name="telematics-command"),
    path(
        "telematics/commands/<uuid:command_id>/approve/", approve, name="telematics-command-approve"
    ),
    path("telematics/commands/<uuid:command_id>/cancel/", cancel, name="telematics-command-cancel"),
    path("telematics/vehicles/<uuid:vehicle_id>/free/", set_free, name="telematics-set-free"),
]
