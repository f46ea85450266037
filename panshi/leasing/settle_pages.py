"""Pages of the return: its arrival, the settlement with its charges, disputes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from panshi.kit.clock import local_day
from panshi.kit.forms import Field, Form, Reading
from panshi.kit.refusals import NotPermitted, Refusal
from panshi.kit.web import Request
from panshi.leasing import queries, services
from panshi.leasing.queries import SheetView
from panshi.leasing.services import ReturnCharge
from panshi.leasing.violation_pages import retained_form

KINDS: Final[list[tuple[str, str | Promise]]] = [
    ("DAMAGE", _("Damage beyond fair wear")),
    ("KM_OVERAGE", _("Kilometres above the limit")),
    ("FINE", _("Traffic fine")),
    ("AGENCY_FEE", _("Agency fee")),
]
ROWS: Final = 5
CHARGE: Final = Form(
    fields=[
        Field(name="kind", label=_("Kind"), kind="choice", choices=KINDS),
        Field(name="words", label=_("What for"), longest=120),
        Field(name="quantity", label=_("Quantity"), kind="number", least=0),
        Field(name="unit_price", label=_("Unit price"), kind="money", least=Decimal("0.01")),
        Field(name="clause", label=_("Clause"), required=False, longest=60),
    ]
)
DECIDE: Final = Form(
    fields=[
        Field(name="upheld", label=_("Charged after all"), kind="money", least=0),
        Field(name="words", label=_("Why"), longest=200),
    ]
)


@dataclass(frozen=True, slots=True)
class Typed:
    """A row of the table of charges, as it stands in the page."""

    kind: str
    words: str
    quantity: str
    unit_price: str
    clause: str
    disputed: bool
    errors: tuple[str, ...] = ()


def _typed(charge: ReturnCharge) -> Typed:
    return Typed(
        charge.product_code,
        charge.words,
        f"{charge.quantity.normalize():f}",
        f"{charge.unit_price:.2f}",
        charge.clause,
        charge.disputed,
    )


def _rows(post: QueryDict) -> tuple[list[Typed], list[ReturnCharge]]:
    """The rows that were filled in, and those of them that read as charges."""
    typed: list[Typed] = []
    charges: list[ReturnCharge] = []
    for number in range(len(post.getlist("kind"))):
        row = {
            name: (post.getlist(name) + [""] * ROWS)[number].strip()
            for name in ("kind", "words", "quantity", "unit_price", "clause")
        }
        disputed = str(number) in post.getlist("disputed")
        if not (row["words"] or row["unit_price"]):
            continue
        row["quantity"] = row["quantity"] or "1"
        one = QueryDict(mutable=True)
        one.update(row)
        reading = CHARGE.read(one)
        typed.append(Typed(**row, disputed=disputed, errors=_errors(reading)))
        if reading.ok:
            charges.append(
                ReturnCharge(
                    product_code=reading.values["kind"],
                    words=reading.values["words"],
                    quantity=reading.values["quantity"],
                    unit_price=reading.values["unit_price"],
                    clause=reading.values["clause"],
                    disputed=disputed,
                )
            )
    return typed, charges


def _errors(reading: Reading) -> tuple[str, ...]:
    return tuple(f"{field.label}: {field.error}" for field in reading.summary)


@require_http_methods(["GET", "POST"])
def settle(request: Request, lease_id: UUID) -> HttpResponse:
    """Enter charges, see the settlement, offer it, carry it out; afterwards see what it left."""
    card = queries.lease_card(lease_id=lease_id, actor=request.actor)
    sheet = queries.settlement_sheet(lease_id=lease_id, actor=request.actor)
    context: dict[str, Any] = {
        "row": card.row,
        "card": card,
        "sheet": sheet,
        "kinds": KINDS,
        "open": card.row.state == "SETTLING",
        "decide": _to_decide(sheet) if sheet and sheet.settled_at else [],
        "retention": queries.retention_of(lease_id=lease_id, actor=request.actor),
        "voids": queries.settlement_voids(lease_id=lease_id, actor=request.actor),
        "may_ask_void": request.actor.may("leasing.ask_settlement_void"),
        "may_void": request.actor.may("leasing.void_settlement"),
        "me": request.actor.id,
        "returns": queries.deposit_returns(lease_id=lease_id, actor=request.actor),
        "sees_money": request.actor.may("billing.view"),
    }
    if card.row.state == "ENDED" or card.returned_at is None:
        return render(request, "leasing/settle.html", context)
    # What the inspection found is proposed; the clerk may change it before it is offered.
    proposed = (
        sheet.charges
        if sheet
        else queries.inspected_charges(lease_id=lease_id, actor=request.actor, at=timezone.now())
    )
    charges = list(
        queries.charges_of_violations(lease_id=lease_id, charges=proposed, actor=request.actor)
    )
    _fee, retained, days = queries.violation_terms(
        on=local_day(timezone.now()), actor=request.actor
    )
    keeping = retained_form(retained=retained, days=days)
    context["keeping"] = keeping.blank(retained=retained)
    typed = [_typed(charge) for charge in charges]
    status = 200
    if request.method == "POST":
        typed, charges = _rows(request.POST)
        kept = keeping.read(request.POST)
        context["keeping"] = kept
        if any(row.errors for row in typed) or not kept.ok:
            status = 422
        else:
            charges = list(
                queries.charges_of_violations(
                    lease_id=lease_id, charges=tuple(charges), actor=request.actor
                )
            )
            typed = [_typed(charge) for charge in charges]
            try:
                if _act(request, lease_id, charges, kept.values["retained"]):
                    return redirect("leasing-settle", lease_id)
            except NotPermitted:
                raise
            except Refusal as refusal:
                context["refusal"], status = refusal.words, 422
    blank = Typed("", "", "", "", "", False)
    context["typed"] = [*typed, *[blank] * max(1, 3 - len(typed))]
    context |= _reckoned(request, lease_id, local_day(card.returned_at), charges)
    context["is_offered"] = sheet is not None and sheet.digest == context["digest"]
    return render(request, "leasing/settle.html", context, status=status)


def _reckoned(
    request: Request, lease_id: UUID, on: date, charges: list[ReturnCharge]
) -> dict[str, Any]:
    quote = queries.quote_return(
        lease_id=lease_id, on=on, charges=tuple(charges), actor=request.actor
    )
    return {
        "return_quote": quote,
        "lines": queries.lines_of(quote),
        "disputed": [charge for charge in charges if charge.disputed],
        "digest": quote.digest,
    }


def _act(request: Request, lease_id: UUID, charges: list[ReturnCharge], retained: Decimal) -> bool:
    """Do what the pressed button says; answers whether something was done."""
    act = request.POST.get("act")
    now = timezone.now()
    if act == "offer":
        services.start_settlement(lease_id=lease_id, charges=charges, actor=request.actor, at=now)
        messages.success(request, gettext("The customer can now look at it and confirm."))
        return True
    if act == "settle":
        services.settle_lease(
            lease_id=lease_id,
            charges=charges,
            agreed=request.POST.get("agreed", ""),
            retained=retained,
            actor=request.actor,
            at=now,
        )
        messages.success(request, gettext("Settled."))
        return True
    return False


def _to_decide(sheet: SheetView) -> list[tuple[int, ReturnCharge, Decimal | None]]:
    """The disputed charges of a settled lease, with what was upheld where it is decided."""
    decided: Mapping[int, Decimal] = dict(sheet.decided)
    return [
        (place, charge, decided.get(place))
        for place, charge in enumerate(sheet.charges)
        if charge.disputed
    ]


@require_POST
def ask_void(request: Request, lease_id: UUID) -> HttpResponse:
    """Ask that the settlement which the customer confirmed counts no more."""
    reason = request.POST.get("reason", "").strip()
    if not reason:
        messages.error(request, gettext("Say in a few words why."))
        return redirect("leasing-settle", lease_id)
    services.ask_settlement_void(
        lease_id=lease_id, reason=reason, actor=request.actor, at=timezone.now()
    )
    messages.success(request, gettext("Another person decides now."))
    return redirect("leasing-settle", lease_id)


@require_POST
def void(request: Request, lease_id: UUID) -> HttpResponse:
    services.void_settlement(lease_id=lease_id, actor=request.actor, at=timezone.now())
    messages.success(request, gettext("The settlement is void; offer another."))
    return redirect("leasing-settle", lease_id)


@require_POST
def keep(request: Request, lease_id: UUID) -> HttpResponse:
    services.keep_settlement(lease_id=lease_id, actor=request.actor, at=timezone.now())
    messages.success(request, gettext("The settlement stands."))
    return redirect("leasing-settle", lease_id)


@require_POST
def decide(request: Request, lease_id: UUID, position: int) -> HttpResponse:
    """End a dispute about one charge."""
    form = DECIDE.read(request.POST)
    if not form.ok:
        messages.error(request, gettext("Say how much is charged after all, and why."))
        return redirect("leasing-settle", lease_id)
    services.decide_dispute(
        lease_id=lease_id,
        position=position,
        upheld=form.values["upheld"],
        words=form.values["words"],
        actor=request.actor,
        at=timezone.now(),
    )
    messages.success(request, gettext("The dispute is decided."))
    return redirect("leasing-settle", lease_id)


@require_POST
def arrive(request: Request, lease_id: UUID) -> HttpResponse:
    """The vehicle stands in the yard."""
    services.record_arrival(lease_id=lease_id, actor=request.actor, at=timezone.now())
    return redirect("leasing-lease", lease_id)


URLS = [
    path("leasing/leases/<uuid:lease_id>/settle/", settle, name="leasing-settle"),
    path("leasing/leases/<uuid:lease_id>/disputes/<int:position>/", decide, name="leasing-decide"),
    path("leasing/leases/<uuid:lease_id>/arrive/", arrive, name="leasing-arrive"),
    path("leasing/leases/<uuid:lease_id>/settle/void/ask/", ask_void, name="leasing-void-ask"),
    path("leasing/leases/<uuid:lease_id>/settle/void/", void, name="leasing-void"),
    path("leasing/leases/<uuid:lease_id>/settle/keep/", keep, name="leasing-void-keep"),
]
