"""Pages of leasing."""

import base64
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, pgettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from panshi.billing import queries as billing
from panshi.fleet import queries as fleet
from panshi.kit import cells, records
from panshi.kit.clock import local_day
from panshi.kit.forms import Field, Form
from panshi.kit.money import ZERO, yuan
from panshi.kit.records import Detail, Entry, Tile
from panshi.kit.tables import Column, Filter, Slice, Table
from panshi.kit.web import Request, needs, show_file
from panshi.kit.wording import listed
from panshi.leasing import change_pages, queries, rules, services
from panshi.leasing.choices import customer_choices, product_choices, vehicle_choices
from panshi.leasing.models import Alignment, HandoverKind, LeaseState
from panshi.leasing.queries import HANDOVER_CHECKS as CHECKS

TONES = {
    "DRAFT": "idle", "RESERVED": "info", "SIGNED": "info", "ACTIVE": "ok", "RETURNING": "warn",
    "DEFAULTED": "bad", "TRANSFERRED": "ok",
    "SETTLING": "warn", "ENDED": "idle", "CANCELLED": "idle", "PAUSED": "warn",
}  # fmt: skip
LEASES = Table(
    name="leases",
    columns=(
        Column(key="number", label=_("Lease"), kind="mono", sort=True),
        Column(key="plate", label=_("Vehicle"), kind="plate"),
        Column(key="model_name", label=_("Model")),
        Column(key="customer_name", label=_("Customer")),
        Column(key="state", label=_("State"), kind="state", tones=TONES, choices=LeaseState),
        Column(
            key="lapsed",
            label=_("Papers"),
            show=lambda row: cells.state("", "bad", listed(row.lapsed)) if row.lapsed else "",
        ),
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
    live=("leasing.*", "fleet.Documents*"),
)
AHEAD = 3  # Periods shown after those that are billed; the rest folds away.
STANDINGS = {
    "PLANNED": (_("Planned"), "idle"),
    "DRAFT": (_("Draft"), "idle"),
    "OPEN": (pgettext_lazy("bill", "To be paid"), "info"),
    "OVERDUE": (_("Overdue"), "bad"),
    "PAID": (_("Paid"), "ok"),
    "WRITTEN_OFF": (_("Written off"), "idle"),
}
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
        at=timezone.now(),
    )
    part = Slice(rows=page.rows, total=page.total)
    return LEASES.respond(request, ask, part, "leasing/leases.html")


TERMS = ("customer_id", "vehicle_id", "product_code", "monthly_rent", "deposit", "starts_on",
         "months", "alignment")  # fmt: skip


def _draft_form(request: Request) -> Form:
    return Form(
        fields=[
            Field(
                name="customer_id",
                label=_("Customer"),
                kind="choice",
                choices=customer_choices(request.actor, qualified=True),
                help=_("Only customers whose qualification is approved are listed."),
            ),
            Field(
                name="vehicle_id",
                label=_("Vehicle"),
                kind="choice",
                choices=vehicle_choices(request.actor),
                help=_("Only vehicles that are ready and promised to nobody are listed."),
            ),
            Field(
                name="product_code",
                label=_("Product"),
                kind="choice",
                choices=product_choices(request.actor),
            ),
            Field(
                name="monthly_rent",
                label=_("Monthly rent"),
                kind="money",
                group=_("Price"),
                least=Decimal("0.01"),
            ),
            Field(name="deposit", label=_("Deposit"), kind="money", least=0),
            Field(name="starts_on", label=_("First day"), kind="day", group=_("Term")),
            Field(name="months", label=_("Months"), kind="whole"),
            Field(
                name="alignment",
                label=_("Periods of rent"),
                kind="choice",
                choices=Alignment,
            ),
        ]
    )


def _terms_of(values: Mapping[str, Any]) -> str:
    """The terms as one line, by which a quote is known again."""
    return "|".join(str(values[name]) for name in TERMS)


@require_http_methods(["GET", "POST"])
@needs("leasing.draft_lease")
def draft(request: Request) -> HttpResponse:
    """Choose the terms, see what they cost, then reserve: never what was not quoted."""
    form = _draft_form(request)
    if request.method == "GET":
        return form.blank(
            starts_on=local_day(timezone.now()),
            months=12,
            product_code="RENT_MONTHLY",
            alignment=Alignment.CALENDAR,
        ).respond(request, "leasing/draft.html")
    filled = form.read(request.POST)
    if not filled.ok:
        return filled.respond(request, "leasing/draft.html")
    values, terms = filled.values, _terms_of(filled.values)
    if request.POST.get("act") == "reserve" and request.POST.get("quoted") == terms:
        fact = services.draft_lease(
            customer_id=UUID(values["customer_id"]),
            vehicle_id=UUID(values["vehicle_id"]),
            product_code=values["product_code"],
            monthly_rent=values["monthly_rent"],
            deposit=values["deposit"],
            starts_on=values["starts_on"],
            months=values["months"],
            alignment=values["alignment"],
            actor=request.actor,
            at=timezone.now(),
        )
        return redirect("leasing-lease", fact.lease_id)
    if not 1 <= values["months"] <= rules.LONGEST:
        filled.refuse("months", gettext("From 1 to %(most)d months.") % {"most": rules.LONGEST})
        return filled.respond(request, "leasing/draft.html")
    quote = queries.quote(
        product_code=values["product_code"],
        monthly_rent=values["monthly_rent"],
        deposit=values["deposit"],
        starts_on=values["starts_on"],
        months=values["months"],
        alignment=values["alignment"],
        actor=request.actor,
    )
    first = quote.charges[0]
    context = {
        "quote": quote,
        "quoted": terms,
        "first": first,
        "at_start": quote.deposit + first.amount,
    }
    return filled.respond(request, "leasing/draft.html", context)


@require_GET
def lease(request: Request, lease_id: UUID) -> HttpResponse:
    today = local_day(timezone.now())
    card = queries.lease_card(lease_id=lease_id, actor=request.actor, at=timezone.now())
    row = card.row
    may_see_money = request.actor.may("billing.view")
    bills = (
        billing.bills_of_source(
            source_kind=services.SOURCE, source_id=lease_id, actor=request.actor
        )
        if may_see_money
        else []
    )
    owed = sum((bill.open_amount for bill in bills), ZERO)
    overdue = [b for b in bills if b.open_amount and b.due_on < today and b.kind == "CHARGE"]
    charges = _charges(card, today, request) if may_see_money else ()
    shown = sum(charge.standing != "PLANNED" for charge in charges) + AHEAD
    return render(
        request,
        "leasing/lease.html",
        {
            "card": card,
            "row": row,
            "tone": TONES[row.state],
            "overdue": sum((bill.open_amount for bill in overdue), ZERO),
            "overdue_days": (today - overdue[0].due_on).days if overdue else 0,
            "bills": [(bill, _standing(bill, today)) for bill in bills],
            "before": queries.rents_before(lease_id=lease_id, actor=request.actor)
            if may_see_money and card.moved_in_at
            else [],
            "charges": [(c, *STANDINGS[c.standing]) for c in charges[:shown]],
            "rest": [(c, *STANDINGS[c.standing]) for c in charges[shown:]],
            "first": next((c for c in charges[:1] if c.days != c.whole_days), None),
            "deposit_bill": next((bill for bill in bills if bill.kind == "DEPOSIT"), None),
            "stages": records.stages(
                path=PATH,
                state="ACTIVE" if row.state == LeaseState.PAUSED else row.state,
                dates=_dates(card),
            ),
            "tiles": [
                Tile(label=_("Monthly rent"), value=row.monthly_rent, kind="money"),
                Tile(label=_("Deposit"), value=row.deposit, kind="money"),
                Tile(
                    label=_("Still to be paid"),
                    value=owed if may_see_money else None,
                    kind="money",
                    tone="bad" if overdue else "",
                ),
                Tile(
                    label=_("Length"),
                    value=card.months,
                    kind="number",
                    unit=pgettext("unit", "months"),
                ),
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
                Detail(label=_("First day"), value=row.starts_on, kind="day"),
                Detail(label=_("To be returned on"), value=row.ends_on, kind="day"),
                *([Detail(label=_("Note"), value=card.note)] if card.note else []),
            ],
            "timeline": _timeline(card),
            "contract": queries.contract_of(lease_id=lease_id, actor=request.actor),
            "changes": change_pages.offered(card),
            # Nobody is asked about a review whose bills say that nothing is late.
            "defaultable": row.state == LeaseState.ACTIVE
            and bool(overdue or not may_see_money)
            and request.actor.may("leasing.confirm_default")
            and services.is_defaultable(lease_id=lease_id, actor=request.actor, on=today),
            "handovers": [
                (h, [(words, h.checklist.get(code)) for code, words in CHECKS if h.checklist])
                for h in card.handovers
            ],
            "handed_out": any(h.kind == HandoverKind.OUT for h in card.handovers),
        },
    )


def _charges(card: queries.LeaseCard, today: date, request: Request) -> tuple[billing.Charge, ...]:
    """The plan of charges: the running one, or what it would be from the agreed first day."""
    if card.plan_id is not None:
        return billing.charges_of_plan(plan_id=card.plan_id, today=today, actor=request.actor)
    if card.row.state == LeaseState.CANCELLED:
        return ()
    return queries.charges_agreed(lease_id=card.row.id, actor=request.actor)


def _standing(bill: billing.OwedRow, today: date) -> tuple[Any, str]:
    """The words and the tone of an issued bill."""
    if not bill.open_amount:
        return STANDINGS["WRITTEN_OFF" if bill.written_off else "PAID"]
    return STANDINGS["OVERDUE" if bill.due_on < today else "OPEN"]


def _vehicle_url(row: queries.LeaseRow) -> str:
    return reverse("fleet-vehicle", args=[row.vehicle_id]) if row.vehicle_id else ""


def _dates(card: queries.LeaseCard) -> dict[str, Any]:
    found = {
        "RESERVED": None if card.moved_in_at else card.created_at,
        "SIGNED": card.signed_at,
        "ACTIVE": card.active_from,
        "SETTLING": card.returned_at,
        "ENDED": card.settled_at,
    }
    return {state: at for state, at in found.items() if at}


def _timeline(card: queries.LeaseCard) -> list[Entry]:
    signed = _("Contract signed") if card.moved_in_at else _("Contract signed, deposit demanded")
    told = [
        (card.moved_in_at, _("Moved in from a sheet"), "file-import"),
        (None if card.moved_in_at else card.created_at, _("Vehicle reserved"), "file-text"),
        (card.signed_at, signed, "file-certificate"),
        (card.deposit_held_at, _("Deposit received"), "cash"),
        (card.active_from, _("On the road, rent runs"), "truck"),
        (card.arrived_at, _("Vehicle in the yard"), "map-pin"),
        (card.returned_at, _("Vehicle returned"), "arrow-back-up"),
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
    entries += [_amended(a) for a in card.amendments]
    return sorted(entries, key=lambda e: e.at, reverse=True)


def _amended(amendment: queries.AmendmentRow) -> Entry:
    """An amendment as a line of the story: what was and what became, and what it made of bills."""
    parts = [f"{was} → {now}" if was else now for was, now in amendment.diff.values()]
    if amendment.until is not None:
        parts.append(f"{amendment.effective_on} – {amendment.until}")
    else:
        parts.append(str(amendment.effective_on))
    if amendment.credited:
        parts.append(gettext("%s given back") % yuan(amendment.credited))
    if amendment.billed:
        parts.append(gettext("%s billed in addition") % yuan(amendment.billed))
    if amendment.reason:
        parts.append(amendment.reason)
    return Entry(
        at=amendment.made_at,
        title=amendment.kind.label,
        text=" · ".join(parts),
        icon="file-pencil",
    )


HANDOVER = Form(
    fields=[
        Field(name="odometer_km", label=_("Odometer"), kind="number", unit="km", least=0),
        Field(name="soc_pct", label=_("State of charge"), kind="number", unit="%", least=0),
        Field(
            name="checks",
            label=_("Handed over with the vehicle"),
            kind="choices",
            choices=CHECKS,
            required=False,
        ),
    ]
)
SIGNED = Form(
    fields=[Field(name="signed_by", label=_("Name of who signs for the customer"), longest=60)]
)


@require_http_methods(["GET", "POST"])
def handover(request: Request, lease_id: UUID) -> HttpResponse:
    """Hand the vehicle over; the same page takes it back when the lease is being returned."""
    card = queries.lease_card(lease_id=lease_id, actor=request.actor)
    back = card.row.state == LeaseState.RETURNING
    context: dict[str, Any] = {"row": card.row, "card": card, "back": back}
    if card.row.vehicle_id is not None:
        refs = fleet.vehicle_refs(vehicle_ids=(card.row.vehicle_id,), actor=request.actor)
        context["last_km"] = refs[card.row.vehicle_id].odometer_km
    if request.method == "GET":
        context["signing"] = SIGNED.blank()
        return HANDOVER.blank().respond(request, "leasing/handover.html", context)
    form, signing = HANDOVER.read(request.POST), SIGNED.read(request.POST)
    context["signing"] = signing
    photos = request.FILES.getlist("photos")
    if form.ok and form.values["soc_pct"] > 100:
        form.refuse("soc_pct", gettext("At most 100 %."))
    if form.ok and form.values["odometer_km"] < context.get("last_km", 0):
        form.refuse(
            "odometer_km",
            gettext("Below the last known %(km)s km; read it once more.")
            % {"km": context["last_km"]},
        )
    if not (form.ok and signing.ok and photos):
        context["photos_missing"] = True  # A page that comes back has lost its files.
        answer = form.respond(request, "leasing/handover.html", context)
        answer.status_code = 422
        return answer
    now = timezone.now()
    kept = [
        services.keep_handover_proof(
            lease_id=lease_id,
            content=photo.read(),
            name=photo.name or "photo",
            actor=request.actor,
            at=now,
        ).file_id
        for photo in photos
    ]
    act = services.accept_return if back else services.complete_handover
    act(
        lease_id=lease_id,
        odometer_km=form.values["odometer_km"],
        soc_pct=form.values["soc_pct"],
        signed_by=signing.values["signed_by"],
        checklist={
            code: "YES" if code in form.values["checks"] else "NO" for code, _words in CHECKS
        },
        photo_ids=kept,
        signature_id=_signature(request, lease_id, now),
        actor=request.actor,
        at=now,
    )
    return redirect("leasing-lease", lease_id)


def _signature(request: Request, lease_id: UUID, at: datetime) -> UUID | None:
    """Keep what was drawn in the box; without a script the name alone signs."""
    _head, mark, drawn = request.POST.get("signature", "").partition("base64,")
    if not mark:
        return None
    return services.keep_handover_proof(
        lease_id=lease_id,
        content=base64.b64decode(drawn, validate=False),
        name="signature.png",
        actor=request.actor,
        at=at,
    ).file_id


@require_GET
def picture(request: Request, lease_id: UUID, file_id: UUID) -> HttpResponse:
    """A picture or the signature of a handover."""
    found = queries.handover_picture(lease_id=lease_id, file_id=file_id, actor=request.actor)
    return show_file(found.content, found.media_type)


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


@require_POST
def cancel(request: Request, lease_id: UUID) -> HttpResponse:
    services.cancel_lease(
        lease_id=lease_id,
        reason=request.POST.get("reason", ""),
        actor=request.actor,
        at=timezone.now(),
    )
    return redirect("leasing-lease", lease_id)
