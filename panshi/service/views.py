"""Console pages of on-site service."""

from datetime import date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from panshi.kit.clock import SHANGHAI, local_day, read_day
from panshi.kit.forms import Field, Form
from panshi.kit.records import Detail, Entry, Stage, Tile
from panshi.kit.tables import Column, Filter, Slice, Table
from panshi.kit.web import Request, needs, show_file
from panshi.kit.wording import listed
from panshi.people import queries as people
from panshi.service import lanes, queries, services
from panshi.service.models import (
    ItemState,
    OrderKind,
    OrderState,
    PriceKind,
    ServiceCategory,
    VisitState,
)

ORDER_TONES: Final = {
    "OPEN": "bad", "SCHEDULED": "info", "IN_DIAGNOSIS": "info", "QUOTED": "warn",
    "IN_WORK": "info", "WAITING": "warn", "SELF_CHECKED": "warn", "RELEASED": "ok",
    "BILLED": "ok", "CLOSED": "idle", "CANCELLED": "idle",
}  # fmt: skip
VISIT_TONES: Final = {
    "PLANNED": "warn", "PROMISED": "info", "COMMITTED": "info", "TRAVELLING": "ok",
    "ON_SITE": "ok", "DONE": "idle", "NOT_DONE": "bad", "CANCELLED": "idle",
}  # fmt: skip
HAPPENINGS: Final = {
    "OPENED": (lazy("Order opened"), "file-text"),
    "JOB_ADDED": (lazy("Placed in the plan"), "calendar"),
    "UNPLACED": (lazy("Nobody could take it"), "alert-triangle"),
    "MOVED_BY_HAND": (lazy("Moved by the dispatcher"), "arrows-sort"),
    "REFUSED": (lazy("Refused by the engineer"), "ban"),
    "JOB_CANCELLED": (lazy("Taken out of the plan"), "x"),
    "ACCEPTED": (pgettext_lazy("visit", "Accepted"), "check"),
    "TRAVEL_STARTED": (lazy("On the way"), "truck"),
    "ARRIVED": (lazy("Arrived"), "map-pin"),
    "DONE": (lazy("Work done"), "circle-check"),
    "SELF_CHECKED": (lazy("Self-check passed"), "clipboard-check"),
    "RELEASED": (lazy("Released and billed"), "receipt"),
    "CLOSED": (lazy("Closed"), "lock"),
    "REVIEWED": (lazy("Reviewed by the customer"), "star"),
}  # fmt: skip

ORDERS = Table(
    name="service-orders",
    columns=(
        Column(key="number", label=lazy("Number"), kind="mono", sort=True),
        Column(key="plate", label=lazy("Vehicle"), kind="plate"),
        Column(key="services", label=lazy("Services"), show=lambda row: listed(row.services)),
        Column(
            key="state", label=lazy("State"), kind="state", sort=True, tones=ORDER_TONES,
            choices=OrderState,
        ),
        Column(key="kind", label=lazy("Kind"), choices=OrderKind),
        Column(key="engineer_name", label=lazy("Engineer")),
        Column(key="starts_at", label=lazy("Visit"), kind="moment"),
        Column(key="customer_name", label=lazy("Customer")),
        Column(key="city", label=lazy("City"), sort=True),
        Column(key="total", label=lazy("Total"), kind="money", sort=True),
        Column(
            key="opened_at",
            label=pgettext_lazy("order", "Opened"),
            kind="moment",
            sort=True,
            hidden=True,
        ),
    ),
    filters=(
        Filter(key="text", label=lazy("Number")),
        Filter(key="state", label=lazy("State"), kind="choice", choices=OrderState),
        Filter(key="kind", label=lazy("Kind"), kind="choice", choices=OrderKind),
        Filter(key="city", label=lazy("City")),
        Filter(key="open", label=lazy("Not over yet"), kind="flag", more=True),
    ),
    sort="-opened_at",
    row_url="service-order",
    export="work-orders",
    empty=lazy("No work orders yet. They come from bookings and findings."),
    live=("service.*",),
)  # fmt: skip

CATALOGUE = Table(
    name="service-catalogue",
    columns=(
        Column(key="name", label=lazy("Service")),
        Column(key="category", label=lazy("Category"), choices=ServiceCategory),
        Column(
            key="state", label=lazy("State"), kind="state", choices=ItemState,
            tones={"DRAFT": "warn", "RELEASED": "ok", "RETIRED": "idle"},
        ),
        Column(key="minutes", label=lazy("Minutes"), kind="number"),
        Column(key="total", label=lazy("Price with call-out"), kind="money"),
        Column(key="crew", label=lazy("People"), kind="number"),
        Column(key="high_voltage", label=lazy("High voltage"), kind="flag"),
        Column(
            key="skills", label=lazy("Skills"),
            show=lambda row: listed(people.skill_words(row.skills)),
        ),
        Column(
            key="parts", label=lazy("Parts"),
            show=lambda row: ", ".join(f"{code} × {n}" for code, n in row.parts.items()),
        ),
        Column(key="warranty_months", label=lazy("Warranty, months"), kind="number"),
        Column(key="code", label=lazy("Code"), kind="mono", hidden=True),
    ),
    filters=(
        Filter(key="city", label=lazy("City")),
        Filter(key="model", label=lazy("Vehicle model")),
        Filter(key="category", label=lazy("Category"), kind="choice", choices=ServiceCategory),
    ),
    row_key="code",
    export="catalogue",
    empty=lazy("The catalogue is empty."),
)  # fmt: skip

PRICES = Table(
    name="service-prices",
    columns=(
        Column(key="kind", label=lazy("Kind"), choices=PriceKind),
        Column(key="item_code", label=lazy("Service or part"), kind="mono"),
        Column(key="model_code", label=lazy("Vehicle model"), kind="mono"),
        Column(key="city", label=lazy("City")),
        Column(key="amount", label=lazy("Amount"), kind="money"),
        Column(key="from_day", label=lazy("From"), kind="day"),
        Column(key="until_day", label=lazy("Until (not included)"), kind="day"),
    ),
    filters=(Filter(key="item", label=lazy("Service or part")),),
    export="price-rules",
    empty=lazy("No price rules yet."),
)

PRICE_FORM = Form(
    fields=[
        Field(name="kind", label=lazy("Kind"), kind="choice", choices=PriceKind),
        Field(name="item_code", label=lazy("Service or part"), kind="mono", required=False),
        Field(name="model_code", label=lazy("Vehicle model"), kind="mono", required=False),
        Field(name="city", label=lazy("City"), required=False),
        Field(name="amount", label=lazy("Amount, tax included"), kind="money", least=0),
        Field(name="from_day", label=lazy("From"), kind="day"),
    ]
)


def _may_view(request: Request) -> None:
    request.actor.must("service.view", request.actor.org_id)


@require_GET
def orders(request: Request) -> HttpResponse:
    """Work orders."""
    _may_view(request)
    ask = ORDERS.read(request.GET)
    page = queries.work_orders(
        state=ask.text("state"),
        kind=ask.text("kind"),
        city=ask.text("city"),
        text=ask.text("text"),
        open_only=bool(ask.flag("open")),
        sort=ask.order_by,
        page=ask.offset // ask.limit + 1,
        size=ask.limit,
        actor=request.actor,
    )
    part = Slice(rows=page.rows, total=page.total)
    return ORDERS.respond(request, ask, part, "service/orders.html")


@require_GET
def order(request: Request, id: UUID) -> HttpResponse:
    """One work order: life, price, visits and why this engineer, parts, photos, timeline."""
    _may_view(request)
    card = queries.work_order_card(work_order_id=id, actor=request.actor)
    current = card.visits[-1] if card.visits else None
    why = queries.why_engineer(visit_id=current.id, actor=request.actor) if current else None
    may = request.actor.may
    context = {
        "card": card,
        "visit": current,
        "why": why,
        "tone": ORDER_TONES[card.state],
        "visit_tones": VISIT_TONES,
        "stages": _stages(card),
        "tiles": _tiles(card, current),
        "details": _details(card),
        "timeline": [_entry(row) for row in reversed(card.timeline)],
        "timeline_live": "service.*",
        "may_release": card.state == OrderState.SELF_CHECKED and may("service.release_work_order"),
        "may_cancel": card.state in (OrderState.OPEN, OrderState.SCHEDULED)
        and may("service.cancel_work_order"),
        "may_move": current is not None
        and current.state in (VisitState.PLANNED, VisitState.PROMISED, VisitState.COMMITTED)
        and may("service.assign_visit"),
    }
    return render(request, "service/order.html", context)


def _stages(card: queries.WorkOrderCard) -> list[Stage]:
    if card.state == OrderState.CANCELLED:
        reached = [s for s in card.stages if s.at is not None and s.state != OrderState.CLOSED]
        done = [Stage(label=s.state.label, standing="done", at=s.at) for s in reached]
        return [*done, Stage(label=card.state.label, standing="stopped")]
    here = next((n for n, s in enumerate(card.stages) if s.current), len(card.stages))
    return [
        Stage(
            label=card.state.label if n == here else s.state.label,
            standing="done" if n < here else "now" if n == here else "todo",
            at=s.at,
        )
        for n, s in enumerate(card.stages)
    ]


def _tiles(card: queries.WorkOrderCard, visit: Any) -> list[Tile]:
    steps = f"{card.steps_done} / {card.steps_required}" if card.steps_required else None
    return [
        Tile(label=_("Price, tax included"), value=card.total, kind="money"),
        Tile(label=_("Listed time"), value=card.minutes, kind="number", unit=_("min")),
        Tile(label=_("Visit"), value=visit.starts_at if visit else None, kind="moment"),
        Tile(label=_("Steps of the procedure"), value=steps),
    ]


def _details(card: queries.WorkOrderCard) -> list[Detail]:
    return [
        Detail(label=_("Vehicle"), value=card.plate, kind="plate"),
        Detail(label=_("Model"), value=card.model_name),
        Detail(label=_("VIN"), value=card.vin, kind="mono"),
        Detail(label=_("Customer"), value=card.customer_name),
        Detail(label=_("City"), value=card.city),
        Detail(label=_("Address"), value=card.address),
        Detail(label=_("Kind"), value=card.kind.label),
        Detail(label=_("High voltage"), value=card.high_voltage, kind="flag"),
        Detail(label=_("Cause found"), value=card.fault_cause),
        Detail(label=_("Note"), value=card.diagnosis_note),
        Detail(label=_("Bill"), value=card.bill_number, kind="mono"),
    ]


def _entry(row: Any) -> Entry:
    title, icon = HAPPENINGS.get(row.kind, (row.kind, "circle-dot"))
    return Entry(at=row.at, title=title, text=row.words, by=row.who, icon=icon)


@require_GET
def photo(request: Request, id: UUID) -> HttpResponse:
    """A photo or signature of the job."""
    _may_view(request)
    file = queries.photo_file(photo_id=id, actor=request.actor)
    return show_file(file.content, file.media_type)


@require_POST
def release(request: Request, id: UUID) -> HttpResponse:
    """Release a checked order: the bill follows in the same act."""
    fact = services.release_work_order(work_order_id=id, actor=request.actor, at=timezone.now())
    words = _("Released. The bill is out.") if fact.bill_id else _("Released. Nothing is due.")
    messages.success(request, words)
    return redirect("service-order", id)


@require_POST
def cancel(request: Request, id: UUID) -> HttpResponse:
    """Cancel an order on which no work has begun."""
    services.cancel_work_order(
        work_order_id=id,
        reason=request.POST.get("reason", "")[:200],
        actor=request.actor,
        at=timezone.now(),
    )
    return redirect("service-order", id)


def _day(text: str) -> date:
    try:
        return read_day(text)
    except ValueError:
        return local_day(timezone.now())


@require_GET
def board(request: Request) -> HttpResponse:
    """The dispatcher's day: a lane per engineer, and the visits nobody has yet."""
    _may_view(request)
    now = timezone.now()
    day = _day(request.GET.get("day", ""))
    cities = queries.service_cities(actor=request.actor)
    city = request.GET.get("city") or (cities[0] if cities else "")
    seen = queries.board_day(city=city, day=day, actor=request.actor, at=now)
    context = {
        "board": seen,
        "lanes": lanes.rows(seen, now),
        "hours": lanes.hours(),
        "tones": VISIT_TONES,
        "cities": cities,
        "previous": day - timedelta(days=1),
        "next": day + timedelta(days=1),
        "visits": sum(len(lane.visits) for lane in seen.lanes),
        "may_move": request.actor.may("service.assign_visit"),
        "now": now,
    }
    return render(request, "service/board.html", context)


def _moment(day: str, clock: str) -> datetime | None:
    try:
        return datetime.combine(read_day(day), time.fromisoformat(clock), SHANGHAI)
    except ValueError:
        return None


@require_http_methods(["GET", "POST"])
def move(request: Request, id: UUID) -> HttpResponse:
    """Choose engineer and time, see what it would do, then confirm."""
    _may_view(request)
    given = request.POST if request.method == "POST" else request.GET
    starts_at = _moment(given.get("day", ""), given.get("time", ""))
    engineer = given.get("engineer", "")
    if request.method == "POST" and starts_at is not None:
        services.assign_visit(
            visit_id=id,
            engineer_id=UUID(engineer),
            starts_at=starts_at,
            plan_version=int(given.get("version", "0")),
            break_window=given.get("agreed") == "1",
            actor=request.actor,
            at=timezone.now(),
        )
        messages.success(request, _("The visit has been moved."))
        back = queries.visit_place(visit_id=id, actor=request.actor)
        return redirect(f"{reverse('service-board')}?city={back.city}&day={back.day}")
    visit = queries.visit_place(visit_id=id, actor=request.actor)
    day = starts_at.astimezone(SHANGHAI).date() if starts_at else visit.day
    seen = queries.board_day(city=visit.city, day=day, actor=request.actor, at=timezone.now())
    effect = None
    if starts_at is not None and engineer:
        effect = queries.move_consequences(
            visit_id=id,
            engineer_id=UUID(engineer),
            starts_at=starts_at,
            actor=request.actor,
            at=timezone.now(),
        )
    shown = starts_at or visit.starts_at
    context = {
        "visit": visit,
        "engineers": [lane for lane in seen.lanes if lane.shift_start],
        "chosen": engineer or str(visit.engineer_id or ""),
        "day": day,
        "time": shown.astimezone(SHANGHAI).strftime("%H:%M") if shown else "10:00",
        "effect": effect,
    }
    return render(request, "service/move.html", context)


@require_GET
def catalogue(request: Request) -> HttpResponse:
    """Services with their whole price for a city and model."""
    _may_view(request)
    ask = CATALOGUE.read(request.GET)
    rows = queries.catalogue(
        city=ask.text("city"),
        model_code=ask.text("model"),
        actor=request.actor,
        at=timezone.now(),
    )
    if category := ask.text("category"):
        rows = [row for row in rows if row.category == category]
    part = Slice(rows=rows[ask.offset : ask.offset + ask.limit], total=len(rows))
    return CATALOGUE.respond(request, ask, part, "service/catalogue.html")


@require_GET
def prices(request: Request) -> HttpResponse:
    """Price rules in force and to come."""
    _may_view(request)
    ask = PRICES.read(request.GET)
    rows = queries.price_rules(item_code=ask.text("item"), actor=request.actor, at=timezone.now())
    part = Slice(rows=rows[ask.offset : ask.offset + ask.limit], total=len(rows))
    return PRICES.respond(request, ask, part, "service/prices.html")


@require_http_methods(["GET", "POST"])
@needs("service.set_price")
def new_price(request: Request) -> HttpResponse:
    """Set a price from a day on."""
    if request.method == "GET":
        blank = PRICE_FORM.blank(from_day=local_day(timezone.now()))
        return blank.respond(request, "service/new_price.html")
    form = PRICE_FORM.read(request.POST, request.FILES)
    if form.ok:
        try:
            form.call(request, services.set_price, org_id=request.actor.org_id, at=timezone.now())
            return redirect("service-prices")
        except services.PriceOverlap as refusal:
            form.refuse("from_day", refusal.words)
    return form.respond(request, "service/new_price.html")
