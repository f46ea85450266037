"""Pages of leasing."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from panshi.billing import queries as billing
from panshi.crm import queries as crm
from panshi.fleet import queries as fleet
from panshi.kit import records
from panshi.kit.clock import local_day
from panshi.kit.forms import Field, Form
from panshi.kit.records import Detail, Entry, Tile
from panshi.kit.tables import Column, Filter, Slice, Table
from panshi.kit.web import Request
from panshi.leasing import queries, services
from panshi.leasing.models import HandoverKind, LeaseState

TONES = {
    "DRAFT": "idle", "RESERVED": "info", "SIGNED": "info", "ACTIVE": "ok", "RETURNING": "warn",
    "SETTLING": "warn", "ENDED": "idle", "CANCELLED": "idle",
}  # fmt: skip
LEASES = Table(
    name="leases",
    columns=(
        Column(key="number", label=_("Lease"), kind="mono", sort=True),
        Column(key="plate", label=_("Vehicle"), kind="plate"),
        Column(key="model_name", label=_("Model")),
        Column(key="customer_name", label=_("Customer")),
        Column(key="state", label=_("State"), kind="state", tones=TONES, choices=LeaseState),
        Column(key="city", label=_("City")),
        Column(key="monthly_rent", label=_("Monthly rent"), kind="money", sort=True),
        Column(key="starts_on", label=_("From"), kind="day", sort=True),
        Column(key="ends_on", label=_("Until"), kind="day", sort=True),
    ),
    filters=(
        Filter(key="text", label=_("Lease number")),
        Filter(key="state", label=_("State"), kind="choice", choices=LeaseState),
        Filter(key="city", label=_("City")),
    ),
    sort="-starts_on",
    row_url="leasing-lease",
    export="leases",
    empty=_("No leases yet. Draft the first one."),
    live=("leasing.*",),
)
PATH = [
    ("RESERVED", _("Reserved")), ("SIGNED", _("Signed")), ("ACTIVE", _("On the road")),
    ("RETURNING", _("Being returned")), ("SETTLING", _("Being settled")), ("ENDED", _("Ended")),
]  # fmt: skip


@require_GET
def leases(request: Request) -> HttpResponse:
    ask = LEASES.read(request.GET)
    page = queries.leases(
        state=ask.text("state"),
        city=ask.text("city"),
        text=ask.text("text"),
        order_by=ask.order_by,
        offset=ask.offset,
        limit=ask.limit,
        actor=request.actor,
    )
    part = Slice(rows=page.rows, total=page.total)
    return LEASES.respond(request, ask, part, "leasing/leases.html")


def _draft_form(request: Request) -> Form:
    vehicles = fleet.available_vehicles(city="", model_code="", actor=request.actor)
    customers = crm.customer_list(limit=500, actor=request.actor).rows
    return Form(
        fields=[
            Field(
                name="customer_id",
                label=_("Customer"),
                kind="choice",
                choices=[(str(c.id), f"{c.name} · {c.city}") for c in customers],
            ),
            Field(
                name="vehicle_id",
                label=_("Vehicle"),
                kind="choice",
                choices=[(str(v.id), f"{v.plate} · {v.model_name} · {v.city}") for v in vehicles],
            ),
            Field(name="monthly_rent", label=_("Monthly rent"), kind="money"),
            Field(name="deposit", label=_("Deposit"), kind="money"),
            Field(name="starts_on", label=_("From"), kind="day"),
            Field(name="months", label=_("Months"), kind="whole"),
        ]
    )


@require_http_methods(["GET", "POST"])
def draft(request: Request) -> HttpResponse:
    form = _draft_form(request)
    if request.method == "GET":
        return form.blank(starts_on=local_day(timezone.now()), months=12).respond(
            request, "leasing/draft.html"
        )
    filled = form.read(request.POST)
    if filled.ok:
        values = filled.values
        fact = services.draft_lease(
            customer_id=UUID(str(values["customer_id"])),
            vehicle_id=UUID(str(values["vehicle_id"])),
            product_code="RENT_MONTHLY",
            monthly_rent=values["monthly_rent"],
            deposit=values["deposit"],
            starts_on=values["starts_on"],
            months=values["months"],
            actor=request.actor,
            at=timezone.now(),
        )
        return redirect("leasing-lease", fact.lease_id)
    return filled.respond(request, "leasing/draft.html")


@require_GET
def lease(request: Request, lease_id: UUID) -> HttpResponse:
    card = queries.lease_card(lease_id=lease_id, actor=request.actor)
    row = card.row
    may_see_money = request.actor.may("billing.view")
    bills = (
        billing.bills_of_source(
            source_kind=services.SOURCE, source_id=lease_id, actor=request.actor
        )
        if may_see_money
        else ()
    )
    return render(
        request,
        "leasing/lease.html",
        {
            "card": card,
            "row": row,
            "tone": TONES[row.state],
            "bills": bills,
            "stages": records.stages(path=PATH, state=row.state, dates=_dates(card)),
            "tiles": [
                Tile(label=_("Monthly rent"), value=row.monthly_rent, kind="money"),
                Tile(label=_("Deposit"), value=row.deposit, kind="money"),
                Tile(label=_("Months"), value=card.months, kind="number"),
            ],
            "details": [
                Detail(label=_("Vehicle"), value=row.plate, kind="plate", url=_vehicle_url(row)),
                Detail(label=_("Model"), value=row.model_name),
                Detail(
                    label=_("Customer"),
                    value=row.customer_name,
                    url=reverse("crm-customer", args=[row.customer_id]),
                ),
                Detail(label=_("City"), value=row.city),
                Detail(label=_("From"), value=row.starts_on, kind="day"),
                Detail(label=_("Until"), value=row.ends_on, kind="day"),
            ],
            "timeline": _timeline(card),
            "handed_out": any(h.kind == HandoverKind.OUT for h in card.handovers),
        },
    )


def _vehicle_url(row: queries.LeaseRow) -> str:
    return reverse("fleet-vehicle", args=[row.vehicle_id]) if row.vehicle_id else ""


def _dates(card: queries.LeaseCard) -> dict[str, Any]:
    found = {
        "RESERVED": card.created_at,
        "SIGNED": card.signed_at,
        "ACTIVE": card.active_from,
        "SETTLING": card.returned_at,
        "ENDED": card.settled_at,
    }
    return {state: at for state, at in found.items() if at}


def _timeline(card: queries.LeaseCard) -> list[Entry]:
    told = [
        (card.created_at, _("Vehicle reserved"), "file-text"),
        (card.signed_at, _("Contract signed, deposit demanded"), "signature"),
        (card.deposit_held_at, _("Deposit received"), "cash"),
        (card.active_from, _("On the road, rent runs"), "truck"),
        (card.returned_at, _("Vehicle returned"), "arrow-back"),
        (card.settled_at, _("Settled"), "check"),
    ]
    entries = [Entry(at=at, title=title, icon=icon) for at, title, icon in told if at]
    entries += [
        Entry(
            at=h.completed_at,
            title=HandoverKind(h.kind).label,
            text=f"{h.odometer_km} km · {h.soc_pct} % · {h.signed_by}",
            icon="clipboard-check",
        )
        for h in card.handovers
    ]
    return sorted(entries, key=lambda e: e.at, reverse=True)


@require_POST
def sign(request: Request, lease_id: UUID) -> HttpResponse:
    services.sign_lease(lease_id=lease_id, actor=request.actor, at=timezone.now())
    return redirect("leasing-lease", lease_id)


HANDOVER = Form(
    fields=[
        Field(name="odometer_km", label=_("Odometer"), kind="number", unit="km"),
        Field(name="soc_pct", label=_("State of charge"), kind="number", unit="%"),
        Field(name="signed_by", label=_("Signed by"), longest=60),
    ]
)


@require_http_methods(["GET", "POST"])
def handover(request: Request, lease_id: UUID) -> HttpResponse:
    """Hand the vehicle over; the same page takes it back when the lease is being returned."""
    card = queries.lease_card(lease_id=lease_id, actor=request.actor)
    back = card.row.state == LeaseState.RETURNING
    context = {"row": card.row, "back": back}
    if request.method == "GET":
        return HANDOVER.blank().respond(request, "leasing/handover.html", context)
    form = HANDOVER.read(request.POST)
    if not form.ok:
        return form.respond(request, "leasing/handover.html", context)
    act = services.accept_return if back else services.complete_handover
    act(
        lease_id=lease_id,
        odometer_km=Decimal(form.values["odometer_km"]),
        soc_pct=Decimal(form.values["soc_pct"]),
        signed_by=form.values["signed_by"],
        actor=request.actor,
        at=timezone.now(),
    )
    return redirect("leasing-lease", lease_id)


@require_POST
def activate(request: Request, lease_id: UUID) -> HttpResponse:
    services.activate_lease(lease_id=lease_id, actor=request.actor, at=timezone.now())
    return redirect("leasing-lease", lease_id)


@require_POST
def ask_return(request: Request, lease_id: UUID) -> HttpResponse:
    now = timezone.now()
    services.request_return(
        lease_id=lease_id, on=local_day(now + timedelta(days=1)), actor=request.actor, at=now
    )
    return redirect("leasing-lease", lease_id)


SETTLE = Form(
    fields=[
        Field(name="words", label=_("Damage beyond fair wear"), required=False, longest=120),
        Field(name="amount", label=_("Amount"), kind="money", required=False),
    ]
)


@require_http_methods(["GET", "POST"])
def settle(request: Request, lease_id: UUID) -> HttpResponse:
    card = queries.lease_card(lease_id=lease_id, actor=request.actor)
    context = {"row": card.row}
    if request.method == "GET":
        return SETTLE.blank().respond(request, "leasing/settle.html", context)
    form = SETTLE.read(request.POST)
    if not form.ok:
        return form.respond(request, "leasing/settle.html", context)
    damages = []
    if form.values.get("amount"):
        damages = [services.Damage(words=form.values["words"] or "—", amount=form.values["amount"])]
    services.settle_lease(
        lease_id=lease_id, damages=damages, actor=request.actor, at=timezone.now()
    )
    return redirect("leasing-lease", lease_id)


@require_POST
def cancel(request: Request, lease_id: UUID) -> HttpResponse:
    services.cancel_lease(
        lease_id=lease_id,
        reason=request.POST.get("reason", ""),
        actor=request.actor,
        at=timezone.now(),
    )
    return redirect("leasing-lease", lease_id)
