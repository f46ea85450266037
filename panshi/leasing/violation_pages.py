"""Pages of traffic violations: the list, one of them with what is to be done, the sheet."""

from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from panshi.kit import records, workbooks
from panshi.kit.forms import Field, Form
from panshi.kit.import_pages import ImportPages, download
from panshi.kit.records import Detail, Entry, Tile
from panshi.kit.sheets import as_rows
from panshi.kit.tables import Column, Filter, Slice, Table
from panshi.kit.web import Request, needs, show_file
from panshi.leasing import queries, services
from panshi.leasing.models import Responsible, SettledBy, ViolationState
from panshi.leasing.violation_sheet import KIND, SHEET

TONES: Final = {
    "IMPORTED": "idle", "ATTRIBUTED": "warn", "NOTIFIED": "info", "DISPUTED": "bad",
    "DONE_BY_CUSTOMER": "info", "DONE_BY_AGENCY": "warn", "CHARGED": "warn", "CLOSED": "ok",
}  # fmt: skip
PATH: Final[list[tuple[str, str | Promise]]] = [
    ("ATTRIBUTED", _("Holder found")),
    ("NOTIFIED", _("Customer told")),
    ("DONE", pgettext_lazy("violation", "Dealt with")),
    ("CHARGED", pgettext_lazy("violation", "Billed")),
    ("CLOSED", pgettext_lazy("violation", "Closed")),
]
_STATES: Final[list[tuple[str, str | Promise]]] = [
    ("OPEN", pgettext_lazy("violation", "All that are open")),
    *((str(code), words) for code, words in ViolationState.choices),
]
VIOLATIONS: Final = Table(
    name="violations",
    columns=(
        Column(key="plate", label=_("Plate"), kind="plate", sort=True),
        Column(key="occurred_at", label=_("Moment"), kind="moment", sort=True),
        Column(key="place", label=pgettext_lazy("violation", "Place")),
        Column(key="code", label=pgettext_lazy("violation", "Code"), kind="mono"),
        Column(key="fine", label=_("Fine"), kind="money", sort=True),
        Column(key="points", label=pgettext_lazy("violation", "Points"), kind="number"),
        Column(key="state", label=_("State"), kind="state", tones=TONES, choices=ViolationState),
        Column(key="responsible", label=_("Answers for it"), choices=Responsible),
        Column(key="customer_name", label=_("Customer")),
        Column(key="lease_number", label=_("Lease"), kind="mono"),
        Column(key="agency_fee", label=_("Agency fee"), kind="money", hidden=True),
        Column(key="number", label=pgettext_lazy("violation", "Notice"), kind="mono", hidden=True),
    ),
    filters=(
        Filter(key="text", label=_("Plate or notice")),
        Filter(key="state", label=_("State"), kind="choice", choices=_STATES),
        Filter(key="responsible", label=_("Answers for it"), kind="choice", choices=Responsible),
        Filter(key="days", label=_("Moment"), kind="days", more=True),
    ),
    sort="-occurred_at",
    row_url="leasing-violation",
    export="violations",
    empty=_("No violations yet. Import the list of the traffic police."),
    live=("leasing.*",),
)
SETTLE: Final = Form(
    fields=[
        Field(name="by", label=_("Who dealt with it?"), kind="choice", choices=SettledBy),
        Field(name="agency_fee", label=_("Agency fee"), kind="money", required=False, least=0),
    ]
)
DECIDE: Final = Form(
    fields=[
        Field(name="answer", label=_("Answer to the customer"), kind="area", longest=400),
    ]
)
IMPORT: Final = ImportPages(
    kind=KIND,
    sheet=SHEET,
    title=_("Import violations"),
    prefix="leasing/violations/import",
    name="leasing-violation-import",
    back="leasing-violations",
    permission="leasing.stage_violation_import",
    stage=services.stage_violation_import,
    commit=services.commit_violation_import,
    undo=services.undo_violation_import,
)


@require_GET
@needs("leasing.view")
def violations(request: Request) -> HttpResponse:
    """All notices, with the sum of their fines."""
    ask = VIOLATIONS.read(request.GET)
    page = queries.violations(
        text=ask.text("text"),
        state=ask.text("state"),
        responsible=ask.text("responsible"),
        since=ask.day("days_from"),
        until=ask.day("days_to"),
        order_by=ask.order_by,
        offset=ask.offset,
        limit=ask.limit,
        actor=request.actor,
    )
    part = Slice(
        rows=page.rows, total=page.total, totals={"fine": page.fine, "points": page.points}
    )
    return VIOLATIONS.respond(request, ask, part, "leasing/violations.html")


@require_GET
@needs("leasing.view")
def sheet(request: Request) -> HttpResponse:
    """All notices in the form of the import sheet."""
    rows = queries.violation_sheet_rows(actor=request.actor)
    return download(content=workbooks.write(sheet=SHEET, rows=as_rows(rows)), name="violations")


def _stage(card: queries.ViolationCard) -> str:
    state = str(card.row.state)
    if state.startswith("DONE"):
        return "DONE"
    return {"IMPORTED": "ATTRIBUTED", "DISPUTED": "NOTIFIED"}.get(state, state)


def _entries(card: queries.ViolationCard) -> list[Entry]:
    told = [
        (card.row.occurred_at, _("Violation"), card.row.place, "alert-triangle"),
        (card.row.imported_at, _("Notice entered"), card.row.number, "file-import"),
        (card.notified_at, _("Customer told"), card.row.customer_name, "messages"),
        (card.settled_at, pgettext_lazy("violation", "Dealt with"), "", "check"),
        (card.charged_at, pgettext_lazy("violation", "Billed"), "", "receipt"),
        (card.paid_at, _("Paid"), "", "cash"),
        (card.closed_at, pgettext_lazy("violation", "Closed"), "", "check"),
    ]
    entries = [
        Entry(at=at, title=title, text=text, icon=icon) for at, title, text, icon in told if at
    ]
    for dispute in card.disputes:
        entries.append(
            Entry(at=dispute.asked_at, title=_("Disputed"), text=dispute.words, icon="messages")
        )
        if dispute.decided_at:
            title = _("Found right") if dispute.upheld else _("Found wrong")
            entries.append(
                Entry(at=dispute.decided_at, title=title, text=dispute.answer, icon="messages")
            )
    return sorted(entries, key=lambda entry: entry.at, reverse=True)


@require_GET
@needs("leasing.view")
def violation(request: Request, violation_id: UUID) -> HttpResponse:
    """One notice: whose it is and why, what was said against it, what is to be done."""
    return _page(request, violation_id)


def _page(request: Request, violation_id: UUID, *, status: int = 200, **forms: Any) -> HttpResponse:
    card = queries.violation_card(violation_id=violation_id, actor=request.actor)
    row, may = card.row, request.actor.may
    state = str(row.state)
    customers = row.responsible == Responsible.CUSTOMER
    open_dispute = next((d for d in card.disputes if d.decided_at is None), None)
    settles = card.settled_at is None and state in {"ATTRIBUTED", "NOTIFIED", "CHARGED"}
    context = {
        "card": card,
        "row": row,
        "tone": TONES[state],
        "stages": records.stages(path=PATH, state=_stage(card), dates={}),
        "tiles": [
            Tile(label=_("Fine"), value=row.fine, kind="money"),
            Tile(label=_("Agency fee"), value=row.agency_fee, kind="money"),
            Tile(label=pgettext_lazy("violation", "Points"), value=row.points, kind="number"),
        ],
        "details": [
            Detail(
                label=_("Vehicle"),
                value=row.plate,
                kind="plate",
                url=reverse("fleet-vehicle", args=[row.vehicle_id]),
            ),
            Detail(label=_("Moment"), value=row.occurred_at, kind="moment"),
            Detail(label=pgettext_lazy("violation", "Place"), value=row.place),
            Detail(label=pgettext_lazy("violation", "Code"), value=row.code, kind="mono"),
            Detail(label=pgettext_lazy("violation", "Notice"), value=row.number, kind="mono"),
            Detail(
                label=_("Answers for it"),
                value=Responsible(row.responsible).label if row.responsible else "",
            ),
            *(
                [
                    Detail(
                        label=_("Lease"),
                        value=row.lease_number,
                        kind="mono",
                        url=reverse("leasing-lease", args=[row.lease_id]),
                    )
                ]
                if row.lease_id
                else []
            ),
            *(
                [
                    Detail(
                        label=_("Customer"),
                        value=row.customer_name,
                        url=reverse("crm-customer", args=[row.customer_id]),
                    )
                ]
                if row.customer_id
                else []
            ),
        ],
        "timeline": _entries(card),
        "dispute": open_dispute,
        "decide": forms.get("decide")
        or (DECIDE.blank() if open_dispute and may("leasing.decide_violation") else None),
        "settle": forms.get("settle")
        or (
            SETTLE.blank(by="AGENCY", agency_fee=row.agency_fee)
            if settles and may("leasing.settle_violation")
            else None
        ),
        "may_charge": customers
        and row.cost
        and state in {"NOTIFIED", "DONE_BY_AGENCY"}
        and may("leasing.charge_violation"),
        "may_close": (
            state == "DONE_BY_CUSTOMER"
            or (state == "DONE_BY_AGENCY" and not (customers and row.cost))
        )
        and may("leasing.close_violation"),
        "may_look_again": state == "ATTRIBUTED"
        and not row.lease_id
        and may("leasing.attribute_violations"),
    }
    return render(request, "leasing/violation.html", context, status=status)


@require_POST
def settle(request: Request, violation_id: UUID) -> HttpResponse:
    form = SETTLE.read(request.POST)
    if not form.ok:
        return _page(request, violation_id, status=422, settle=form)
    services.settle_violation(
        violation_id=violation_id,
        by=form.values["by"],
        agency_fee=form.values["agency_fee"],
        actor=request.actor,
        at=timezone.now(),
    )
    messages.success(request, gettext("Noted as dealt with."))
    return redirect("leasing-violation", violation_id)


@require_POST
def decide(request: Request, violation_id: UUID) -> HttpResponse:
    form = DECIDE.read(request.POST)
    if not form.ok:
        return _page(request, violation_id, status=422, decide=form)
    services.decide_violation(
        violation_id=violation_id,
        upheld=request.POST.get("act") == "uphold",
        answer=form.values["answer"],
        actor=request.actor,
        at=timezone.now(),
    )
    messages.success(request, gettext("The customer sees the answer."))
    return redirect("leasing-violation", violation_id)


@require_POST
def charge(request: Request, violation_id: UUID) -> HttpResponse:
    services.charge_violation(violation_id=violation_id, actor=request.actor, at=timezone.now())
    messages.success(request, gettext("Billed to the customer."))
    return redirect("leasing-violation", violation_id)


@require_POST
def close(request: Request, violation_id: UUID) -> HttpResponse:
    services.close_violation(violation_id=violation_id, actor=request.actor, at=timezone.now())
    messages.success(request, gettext("Closed."))
    return redirect("leasing-violation", violation_id)


@require_POST
def look_again(request: Request, violation_id: UUID) -> HttpResponse:
    """Look once more who had the vehicle: a lease may have moved in since."""
    queries.violation_card(violation_id=violation_id, actor=request.actor)
    fact = services.attribute_violations(
        violation_ids=[violation_id], actor=request.actor, at=timezone.now()
    )
    words = (
        gettext("A lease had the vehicle then.") if fact.customers else gettext("Nobody had it.")
    )
    messages.info(request, words)
    return redirect("leasing-violation", violation_id)


@require_GET
@needs("leasing.view")
def evidence(request: Request, violation_id: UUID, file_id: UUID) -> HttpResponse:
    """A file that the customer sent with its dispute."""
    try:
        found = queries.violation_evidence(
            violation_id=violation_id, file_id=file_id, actor=request.actor
        )
    except FileNotFoundError as error:
        raise Http404 from error
    return show_file(found.content, found.media_type)


def retained_form(*, retained: Decimal, days: int) -> Form:
    """What is kept back of a deposit when a lease is settled, and for how many days."""
    return Form(
        fields=[
            Field(
                name="retained",
                label=_("Keep back for notices that may come"),
                kind="money",
                required=False,
                least=0,
                help=gettext("It goes back after %(days)d days; the terms say %(amount)s.")
                % {"days": days, "amount": f"{retained:,.2f}"},
            )
        ]
    )


URLS: Final = [
    path("leasing/violations/", violations, name="leasing-violations"),
    path("leasing/violations/sheet/", sheet, name="leasing-violation-sheet"),
    *IMPORT.urls(),
    path("leasing/violations/<uuid:violation_id>/", violation, name="leasing-violation"),
    path("leasing/violations/<uuid:violation_id>/settle/", settle, name="leasing-violation-settle"),
    path("leasing/violations/<uuid:violation_id>/decide/", decide, name="leasing-violation-decide"),
    path("leasing/violations/<uuid:violation_id>/charge/", charge, name="leasing-violation-charge"),
    path("leasing/violations/<uuid:violation_id>/close/", close, name="leasing-violation-close"),
    path(
        "leasing/violations/<uuid:violation_id>/look-again/",
        look_again,
        name="leasing-violation-look-again",
    ),
    path(
        "leasing/violations/<uuid:violation_id>/evidence/<uuid:file_id>/",
        evidence,
        name="leasing-violation-evidence",
    ),
]
