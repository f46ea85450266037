"""Pages that change a running lease: the terms, what they cost, then the deed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from panshi.billing.queries import ChangeQuote
from panshi.fleet import queries as fleet
from panshi.kit.clock import local_day
from panshi.kit.forms import Field, Form, Reading
from panshi.kit.money import ZERO
from panshi.kit.refusals import NotPermitted, Refusal
from panshi.kit.web import Request
from panshi.leasing import queries, services
from panshi.leasing.choices import vehicle_choices
from panshi.leasing.queries import LeaseCard, LeaseChange

REASON: Final = Field(
    name="reason", label=pgettext_lazy("change", "Reason"), required=False, longest=200
)
TITLES: Final[Mapping[str, str | Promise]] = {
    "extend": _("Extend the lease"),
    "swap": _("Swap the vehicle"),
    "pause": _("Pause the lease"),
    "resume": _("End the pause"),
    "price": _("Agree another rent"),
    "end": _("Agree an early end"),
}
ICONS: Final = {
    "extend": "calendar-event", "swap": "refresh", "pause": "player-pause",
    "resume": "player-play", "price": "coin-yuan", "end": "arrow-back-up",
}  # fmt: skip
DEEDS: Final[Mapping[str, str | Promise]] = {
    "extend": _("Extend it"),
    "swap": _("Both have signed: swap"),
    "pause": _("Pause it"),
    "resume": _("Let the rent run again"),
    "price": _("Charge the new rent"),
    "end": _("Agree to the early end"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bit:
    """Days of the bar that shows a period: from `x` on `width` percent of it."""

    x: float
    width: float
    tone: str
    days: int
    amount: Decimal
    relieved: Decimal
    since: date
    last_day: date
    plate: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A period with its bar."""

    period_from: date
    last_day: date
    before: Decimal
    after: Decimal
    difference: Decimal
    numbers: tuple[str, ...]
    bits: tuple[Bit, ...]


def offered(card: LeaseCard) -> list[tuple[str, str | Promise, str]]:
    """The changes that a lease in its state allows: kind, title, icon."""
    kinds: Sequence[str] = ()
    if card.row.state == "ACTIVE":
        kinds = ("extend", "swap", "pause", "price", "end")
    elif card.row.state == "PAUSED":
        kinds = ("resume", "extend", "swap", "price")
    return [(kind, TITLES[kind], ICONS[kind]) for kind in kinds]


def _form(kind: str, card: LeaseCard, request: Request) -> Form:
    if kind == "extend":
        return Form(
            fields=[
                Field(name="months", label=_("Months more"), kind="whole", least=1),
                Field(
                    name="monthly_rent",
                    label=_("Monthly rent from then on"),
                    kind="money",
                    required=False,
                    help=_("Empty: the rent stays as it is."),
                ),
                REASON,
            ]
        )
    if kind == "swap":
        return _swap_form(card, request)
    if kind == "pause":
        causes = queries.pause_causes(actor=request.actor)
        return Form(
            fields=[
                Field(
                    name="cause",
                    label=_("Cause"),
                    kind="choice",
                    choices=[(cause.code, _cause_words(cause)) for cause in causes],
                ),
                Field(
                    name="relief",
                    label=_("Agreed relief"),
                    kind="number",
                    unit="%",
                    required=False,
                    least=0,
                    help=_("Only where the cause leaves it to both sides."),
                ),
                Field(name="starts_on", label=_("First day paused"), kind="day"),
                Field(
                    name="ends_on",
                    label=_("First day charged again"),
                    kind="day",
                    required=False,
                    help=_("Empty: open until somebody ends the pause."),
                ),
                REASON,
            ]
        )
    if kind == "resume":
        return Form(
            fields=[Field(name="on", label=_("First day charged again"), kind="day"), REASON]
        )
    if kind == "price":
        return Form(
            fields=[
                Field(name="monthly_rent", label=_("New monthly rent"), kind="money"),
                Field(name="effective_on", label=_("From"), kind="day"),
                REASON,
            ]
        )
    return Form(fields=[Field(name="on", label=_("Day of return"), kind="day"), REASON])


def _cause_words(cause: queries.PauseChoice) -> str:
    if cause.relief is None:
        return gettext("%(cause)s · as agreed") % {"cause": cause.name}
    return gettext("%(cause)s · %(percent)s %% of the rent relieved") % {
        "cause": cause.name,
        "percent": f"{cause.relief.normalize():f}",
    }


def _swap_form(card: LeaseCard, request: Request) -> Form:
    free = vehicle_choices(request.actor)
    if card.way_back is not None:
        plate = card.way_back.plate
        back = gettext("%(plate)s · the lease's own, on its way back") % {"plate": plate}
        free = [(str(card.way_back.vehicle_id), back), *free]
    return Form(
        fields=[
            Field(name="vehicle_id", label=_("Vehicle that comes"), kind="choice", choices=free),
            Field(
                name="until",
                label=_("Only until"),
                kind="day",
                required=False,
                help=_("On that day the present vehicle is promised back. Empty: for good."),
            ),
            Field(
                name="odometer_km",
                label=_("Odometer of the vehicle that goes"),
                kind="number",
                unit="km",
                least=0,
                group=_("Handover of both vehicles"),
            ),
            Field(
                name="soc_pct",
                label=_("State of charge of the vehicle that goes"),
                kind="number",
                unit="%",
                least=0,
            ),
            Field(
                name="new_odometer_km",
                label=_("Odometer of the vehicle that comes"),
                kind="number",
                unit="km",
                least=0,
            ),
            Field(
                name="new_soc_pct",
                label=_("State of charge of the vehicle that comes"),
                kind="number",
                unit="%",
                least=0,
            ),
            Field(name="signed_by", label=_("Name of who signs for the customer"), longest=60),
            REASON,
        ]
    )


def _blank(kind: str, card: LeaseCard, form: Form) -> Reading:
    today = local_day(timezone.now())
    return {
        "extend": lambda: form.blank(months=12),
        "pause": lambda: form.blank(starts_on=today),
        "resume": lambda: form.blank(on=today),
        "price": lambda: form.blank(effective_on=today, monthly_rent=card.row.monthly_rent),
        "end": lambda: form.blank(on=min(card.row.ends_on, today + timedelta(days=30))),
    }.get(kind, form.blank)()


@require_http_methods(["GET", "POST"])
def change(request: Request, lease_id: UUID, kind: str) -> HttpResponse:
    """State a change, see what it costs day by day, then make it: never what was not quoted."""
    card = queries.lease_card(lease_id=lease_id, actor=request.actor)
    if kind not in TITLES:
        raise Http404
    form = _form(kind, card, request)
    context: dict[str, Any] = {
        "row": card.row,
        "card": card,
        "kind": kind,
        "change_title": TITLES[kind],
        "deed": DEEDS[kind],
        "wish": next((w for w in card.requests if kind == WISHES.get(w.kind)), None),
    }
    if request.method == "GET":
        return _blank(kind, card, form).respond(request, "leasing/change.html", context)
    filled = form.read(request.POST)
    if not filled.ok:
        return filled.respond(request, "leasing/change.html", context)
    try:
        if request.POST.get("act") == "confirm" and request.POST.get("agreed"):
            _make(kind, lease_id, filled.values, request.POST["agreed"], request)
            messages.success(request, gettext("Done as quoted."))
            return redirect("leasing-lease", lease_id)
        context |= _quoted(kind, card, filled.values, request)
    except NotPermitted:
        raise
    except services.InputsChanged as refusal:
        context |= {"refusal": refusal.words} | _quoted(kind, card, filled.values, request)
    except Refusal as refusal:
        context["refusal"] = refusal.words
    answer = filled.respond(request, "leasing/change.html", context)
    if "refusal" in context:
        answer.status_code = 422
    return answer


WISHES: Final = {"SWAP": "swap", "TERMINATION": "end"}


def _quoted(
    kind: str, card: LeaseCard, values: Mapping[str, Any], request: Request
) -> dict[str, Any]:
    """What the page shows of a change: its quote, with the digest that the deed will name."""
    if kind == "end":
        quote = queries.quote_return(lease_id=card.row.id, on=values["on"], actor=request.actor)
        return {
            "return_quote": quote,
            "lines": queries.lines_of(quote),
            "digest": quote.digest,
        }
    asked = _asked(kind, card, values)
    found = queries.change_quoted(lease_id=card.row.id, change=asked, actor=request.actor)
    ids = {part.vehicle_id for p in found.periods for part in p.parts if part.vehicle_id}
    plates = {
        vehicle_id: ref.plate
        for vehicle_id, ref in fleet.vehicle_refs(
            vehicle_ids=tuple(ids), actor=request.actor
        ).items()
    }
    return {
        "quote": found,
        "periods": shown(found, asked, plates),
        "digest": found.digest,
        "rest": None
        if found.rest_after is None or found.rest_before is None
        else found.rest_after - found.rest_before,
    }


def _asked(kind: str, card: LeaseCard, values: Mapping[str, Any]) -> LeaseChange:
    today = local_day(timezone.now())
    if kind == "extend":
        return LeaseChange(
            kind="EXTENSION",
            on=card.row.ends_on,
            months=values["months"],
            monthly_rent=values["monthly_rent"],
        )
    if kind == "swap":
        return LeaseChange(
            kind="SWAP", on=today, until=values["until"], vehicle_id=UUID(values["vehicle_id"])
        )
    if kind == "pause":
        return LeaseChange(
            kind="PAUSE",
            on=values["starts_on"],
            until=values["ends_on"],
            cause=values["cause"],
            relief=values["relief"],
        )
    if kind == "resume":
        return LeaseChange(kind="RESUMPTION", on=values["on"])
    return LeaseChange(kind="PRICE", on=values["effective_on"], monthly_rent=values["monthly_rent"])


def _make(
    kind: str, lease_id: UUID, values: Mapping[str, Any], agreed: str, request: Request
) -> None:
    deed: Any = {
        "extend": services.extend_lease,
        "swap": services.swap_vehicle,
        "pause": services.pause_lease,
        "resume": services.resume_lease,
        "price": services.change_price,
        "end": services.terminate_early,
    }[kind]
    given = dict(values)
    if kind == "swap":
        given["vehicle_id"] = UUID(given["vehicle_id"])
    deed(lease_id=lease_id, agreed=agreed, actor=request.actor, at=timezone.now(), **given)


def shown(quote: ChangeQuote, asked: LeaseChange, plates: Mapping[UUID, str]) -> tuple[Shown, ...]:
    """The periods of a quote as bars of days, the changed days in a colour of their own."""
    answer = []
    for period in quote.periods:
        whole = max((period.period_to - period.period_from).days, 1)
        bits = []
        for part in period.parts:
            within = part.since >= asked.on and (asked.until is None or part.since < asked.until)
            bits.append(
                Bit(
                    x=round((part.since - period.period_from).days * 100 / whole, 3),
                    width=round(part.days * 100 / whole, 3),
                    tone="paused" if part.cause else "changed" if within else "same",
                    days=part.days,
                    amount=part.amount,
                    relieved=part.relieved,
                    since=part.since,
                    last_day=part.until - timedelta(days=1),
                    plate=plates.get(part.vehicle_id, "") if part.vehicle_id else "",
                )
            )
        answer.append(
            Shown(
                period_from=period.period_from,
                last_day=period.period_to - timedelta(days=1),
                before=period.before,
                after=period.after,
                difference=period.difference or ZERO,
                numbers=period.numbers,
                bits=tuple(bits),
            )
        )
    return tuple(answer)


URLS = [
    path("leasing/leases/<uuid:lease_id>/change/<slug:kind>/", change, name="leasing-change"),
]
