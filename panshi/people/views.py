"""Console pages of people."""

from datetime import timedelta

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from panshi.kit import workbooks
from panshi.kit.clock import local_day
from panshi.kit.forms import Field, Form
from panshi.kit.import_pages import ImportPages, download
from panshi.kit.sheets import as_rows
from panshi.kit.tables import Column, Filter, Slice, Table
from panshi.kit.web import Request, needs
from panshi.kit.wording import listed
from panshi.people import queries, services
from panshi.people.models import EngineerState
from panshi.people.staff_sheet import KIND, SHEET

ENGINEERS = Table(
    name="people-engineers",
    columns=(
        Column(key="name", label=pgettext_lazy("person", "Name")),
        Column(key="city", label=lazy("City")),
        Column(
            key="state",
            label=lazy("State"),
            kind="state",
            choices=EngineerState,
            tones={"ACTIVE": "ok", "PAUSED": "warn", "LEFT": "idle"},
        ),
        Column(
            key="skills",
            label=lazy("Skills"),
            show=lambda row: listed(queries.skill_words(row.skills)),
        ),
        Column(
            key="certificates",
            label=lazy("Certificates"),
            show=lambda row: ", ".join(
                f"{name} ({paper.state.label}, {paper.valid_until})"
                for paper in row.certificates
                for name in queries.certificate_words([paper.kind])
            ),
        ),
        Column(key="shifts_ahead", label=lazy("Shifts in 7 days"), kind="number"),
    ),
    filters=(Filter(key="city", label=lazy("City")),),
    row_key="user_id",
    export="engineers",
    empty=lazy("No engineers yet."),
    live=("people.*",),
)
SHIFTS = Table(
    name="people-shifts",
    columns=(
        Column(key="name", label=pgettext_lazy("person", "Name")),
        Column(key="city", label=lazy("City")),
        Column(key="starts_at", label=lazy("Begins"), kind="moment"),
        Column(key="ends_at", label=lazy("Ends"), kind="moment"),
        Column(key="on_leave", label=lazy("On leave"), kind="flag"),
    ),
    filters=(
        Filter(key="days", label=lazy("Days"), kind="days"),
        Filter(key="city", label=lazy("City")),
    ),
    export="shifts",
    empty=lazy("No shifts on these days."),
    live=("people.*",),
)

STAFF_IMPORT = ImportPages(
    kind=KIND,
    sheet=SHEET,
    title=lazy("Import staff"),
    prefix="people/staff/import",
    name="people-staff-import",
    back="console-staff",
    permission="org.create_user",
    stage=services.stage_staff_import,
    commit=services.commit_staff_import,
    undo=services.undo_staff_import,
)


@require_GET
@needs("org.create_user")
def staff_sheet(request: Request) -> HttpResponse:
    """The staff with their telephones, in the form of the import sheet."""
    rows = queries.staff_sheet_rows(actor=request.actor)
    return download(content=workbooks.write(sheet=SHEET, rows=as_rows(rows)), name="staff")


@require_GET
def engineers(request: Request) -> HttpResponse:
    """Engineers, what they can do, and what they hold."""
    request.actor.must("people.view", request.actor.org_id)
    ask = ENGINEERS.read(request.GET)
    city = ask.text("city")
    rows = queries.engineers(
        city=city, limit=ask.limit, offset=ask.offset, actor=request.actor, at=timezone.now()
    )
    part = Slice(rows=rows, total=queries.engineers_count(city=city, actor=request.actor))
    return ENGINEERS.respond(request, ask, part, "people/engineers.html")


@require_GET
def shifts(request: Request) -> HttpResponse:
    """Who works when; the coming week unless the URL says other days."""
    request.actor.must("people.view", request.actor.org_id)
    ask = SHIFTS.read(request.GET)
    first = ask.day("days_from") or local_day(timezone.now())
    last = min(ask.day("days_to") or first + timedelta(days=6), first + timedelta(days=62))
    page = queries.shifts(
        first=first,
        last=last,
        city=ask.text("city"),
        limit=ask.limit,
        offset=ask.offset,
        actor=request.actor,
    )
    part = Slice(rows=page.rows, total=page.total)
    return SHIFTS.respond(request, ask, part, "people/shifts.html")


def _form(request: Request) -> Form:
    people = queries.engineers(actor=request.actor, at=timezone.now())
    return Form(
        fields=[
            Field(
                name="user_id",
                label=lazy("Engineer"),
                kind="id",
                choices=[(str(row.user_id), f"{row.name} · {row.city}") for row in people],
            ),
            Field(name="starts_at", label=lazy("Begins"), kind="moment"),
            Field(name="ends_at", label=lazy("Ends"), kind="moment"),
        ]
    )


@require_http_methods(["GET", "POST"])
@needs("people.set_shift")
def new_shift(request: Request) -> HttpResponse:
    """Put an engineer on the roster."""
    if request.method == "GET":
        return _form(request).blank().respond(request, "people/new_shift.html")
    form = _form(request).read(request.POST, request.FILES)
    if form.ok:
        try:
            form.call(request, services.set_shift, at=timezone.now())
            return redirect("people-shifts")
        except (services.ShiftOverlaps, services.PeriodEmpty) as refusal:
            form.refuse("starts_at", refusal.words)
    return form.respond(request, "people/new_shift.html")
