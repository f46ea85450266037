"""Pages of standing vehicles: the idle board, tasks of upkeep."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from panshi.fleet import queries, services, yard
from panshi.fleet.models import UpkeepState
from panshi.fleet.views.uploads import taken_upload
from panshi.kit.money import ZERO
from panshi.kit.records import Detail
from panshi.kit.tables import Slice
from panshi.kit.web import Request, needs


@require_GET
@needs("fleet.view")
def idle(request: Request) -> HttpResponse:
    """Vehicles that stand, with days idle and state of charge."""
    ask, now = yard.IDLE.read(request.GET), timezone.now()
    city = ask.text("city")
    board = queries.idle_board(
        order_by=ask.order_by,
        limit=ask.limit,
        offset=ask.offset,
        actor=request.actor,
        city=city,
        text=ask.text("text"),
        at=now,
    )
    counts = queries.idle_counts(city=city, actor=request.actor, at=now)
    context = {"tiles": yard.tiles_of(counts, board)}
    part = Slice(rows=board.rows, total=board.total)
    return yard.IDLE.respond(request, ask, part, "fleet/idle.html", context)


@require_GET
@needs("fleet.view")
def tasks(request: Request) -> HttpResponse:
    ask = yard.TASKS.read(request.GET)
    page = queries.upkeep_tasks(
        state=ask.text("state") or UpkeepState.OPEN.value,
        kind=ask.text("kind"),
        city=ask.text("city"),
        order_by=ask.order_by,
        limit=ask.limit,
        offset=ask.offset,
        actor=request.actor,
        at=timezone.now(),
    )
    part = Slice(rows=page.rows, total=page.total)
    return yard.TASKS.respond(request, ask, part, "fleet/upkeep.html")


@require_http_methods(["GET", "POST"])
@needs("fleet.view")
def task(request: Request, task_id: UUID) -> HttpResponse:
    """A task of upkeep: its form while it is open, what was brought once it is closed."""
    found = queries.upkeep_task(task_id=task_id, actor=request.actor, at=timezone.now())
    context = {
        "task": found,
        "name": found.plate or found.vin,
        "target": yard.target_words(found),
        "tone": {"OPEN": "info", "DONE": "ok"}.get(found.state, "idle"),
        "submit": _("Finish the task"),
    }
    if found.state != UpkeepState.OPEN:
        context["details"] = [
            Detail(label=_("Closed at"), value=found.closed_at, kind="moment"),
            Detail(label=_("State of charge, %"), value=found.soc_pct, kind="number"),
            Detail(label=_("12 V battery"), value=found.volts, kind="number"),
            Detail(label=_("What was done"), value=found.note),
        ]
        return render(request, "fleet/upkeep_done.html", context)
    declared = yard.finish_form(found)
    if request.method == "GET":
        return declared.blank().respond(request, "fleet/upkeep_task.html", context)
    form = declared.read(request.POST, request.FILES)
    if form.ok:
        photo_name, photo = taken_upload(form, "photo")
        form.values["cost"] = form.values["cost"] or ZERO
        try:
            form.call(
                request,
                services.finish_upkeep,
                task_id=task_id,
                photo_name=photo_name,
                photo=photo,
                at=timezone.now(),
            )
        except (services.EvidenceMissing, services.ReadingContradictsTerminal) as refusal:
            form.refuse(declared.fields[0].name, refusal.words)
        else:
            messages.success(request, _("The task is finished."))
            return redirect("fleet-upkeep")
    return form.respond(request, "fleet/upkeep_task.html", context)
