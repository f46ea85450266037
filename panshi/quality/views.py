"""The page of what did not conform."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from panshi.kit.tables import Column, Filter, Slice, Table
from panshi.kit.web import Request
from panshi.quality import queries, services
from panshi.quality.models import Grade, NonconformityState

LIST = Table(
    name="nonconformities",
    columns=(
        Column(key="number", label=_("Number"), kind="mono"),
        Column(
            key="grade",
            label=_("Grade"),
            kind="state",
            choices=Grade,
            tones={"MINOR": "idle", "MAJOR": "warn", "CRITICAL": "bad"},
        ),
        Column(key="words", label=_("What did not conform")),
        Column(key="city", label=_("City")),
        Column(
            key="state",
            label=_("State"),
            kind="state",
            choices=NonconformityState,
            tones={"OPEN": "warn", "CLOSED": "ok"},
        ),
        Column(key="opened_at", label=_("Opened"), kind="moment"),
        Column(key="cause", label=_("Cause")),
        Column(key="correction", label=_("Put right by")),
    ),
    filters=(Filter(key="state", label=_("State"), kind="choice", choices=NonconformityState),),
    empty=_("Nothing is on record that did not conform."),
    live=("quality.*",),
)


@require_GET
def nonconformities(request: Request) -> HttpResponse:
    ask = LIST.read(request.GET)
    state = ask.text("state") if ask.text("state") in NonconformityState else ""
    rows = queries.nonconformities(state=state, actor=request.actor)
    page = Slice(rows=rows[ask.offset : ask.offset + ask.limit], total=len(rows))
    still_open = [row for row in rows if row.state == NonconformityState.OPEN]
    context = {
        "open_rows": still_open,
        "may_close": request.actor.may("quality.close_nonconformity"),
    }
    return LIST.respond(request, ask, page, "quality/nonconformities.html", context)


@require_POST
def close(request: Request, nonconformity_id: UUID) -> HttpResponse:
    services.close_nonconformity(
        nonconformity_id=nonconformity_id,
        cause=request.POST.get("cause", ""),
        correction=request.POST.get("correction", ""),
        actor=request.actor,
        at=timezone.now(),
    )
    return redirect("quality-nonconformities")
