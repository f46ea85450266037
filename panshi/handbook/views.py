"""Pages of the handbook."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy
from django.views.decorators.http import require_GET, require_POST

from panshi.handbook import queries, services, subjects, wording
from panshi.handbook.edit_pages import EDITOR
from panshi.handbook.events import StepRefused
from panshi.handbook.exam_pages import shown
from panshi.handbook.queries.panorama import (
    ADHERENCE,
    DAYS,
    GAP,
    LOAD,
    MODES,
    CategoryCard,
    TileRow,
)
from panshi.handbook.rules.measure import PERIODS
from panshi.handbook.services.evidence import EvidenceOutOfRange
from panshi.kit.records import Detail
from panshi.kit.refusals import NotPermitted
from panshi.kit.web import Request, show_file

STATE_TONES = {
    "WAITING": "warn", "TAKEN": "info", "HALTED": "bad", "PAUSED": "idle", "CLOSED": "ok",
    "VOID": "idle",
}  # fmt: skip
HAPPENINGS = {
    "STARTED": gettext_lazy("Started by"),
    "TAKEN": gettext_lazy("Taken"),
    "DONE": gettext_lazy("Done"),
    "SKIPPED": gettext_lazy("Skipped"),
    "REFUSED": gettext_lazy("Refused by the system"),
    "NOT_APPLICABLE": gettext_lazy("No longer applies"),
    "OPEN": pgettext_lazy("task", "Opened"),
    "BACK": gettext_lazy("Done, then gone back over"),
    "PAUSED": gettext_lazy("Paused, waiting for"),
    "RESUMED": gettext_lazy("The clock runs again"),
    "SUPPRESSED": gettext_lazy("Called for again while this is open, by"),
    "ESCALATED": gettext_lazy("Escalated to"),
    "DEVIATION": gettext_lazy("Deviation"),
    "CLOSED": gettext_lazy("Closed"),
    "VOID": gettext_lazy("Struck"),
}
MODE_WORDS = {
    LOAD: gettext_lazy("Load"),
    ADHERENCE: gettext_lazy("Adherence"),
    GAP: gettext_lazy("Gap to mature cities"),
}
LEAD = "handbook.release_stop"
_MARK = 8  # Letters that stand for a tile as it was shown.
# The page of what a run is about.
SUBJECTS = {
    "billing.bank_line": "billing-bank-line",
    "billing.bill": "billing-bill",
    "billing.invoice": "billing-invoice",
    "billing.refund": "billing-refund",
    "crm.complaint": "crm-complaint",
    "crm.customer": "crm-customer",
    "fleet.vehicle": "fleet-vehicle",
    "leasing.lease": "leasing-lease",
    "service.work_order": "service-order",
    "supply.location": "supply-location",
}


def _must_view(request: Request) -> None:
    if not request.actor.may("handbook.view"):
        raise NotPermitted(_("You are not permitted to open the handbook."))


@require_GET
def inbox(request: Request) -> HttpResponse:
    _must_view(request)
    at = timezone.now()
    context = {"inbox": queries.inbox(actor=request.actor, at=at), "tones": STATE_TONES}
    return render(request, "handbook/inbox.html", context)


def _subject_url(subject_type: str, subject_id: str) -> str:
    page = SUBJECTS.get(subject_type)
    return reverse(page, args=[subject_id]) if page and subject_id else ""


def _clock(due: datetime, at: datetime) -> str:
    minutes = abs(int((due - at).total_seconds() // 60))
    days, rest = divmod(minutes, 1440)
    hours, minutes = divmod(rest, 60)
    if days:
        return _("%(days)d d %(hours)d h") % {"days": days, "hours": hours}
    return _("%(hours)d h %(minutes)d min") % {"hours": hours, "minutes": minutes}


@require_GET
def run(request: Request, run_id: UUID) -> HttpResponse:
    _must_view(request)
    at = timezone.now()
    card = queries.run_card(run_id=run_id, actor=request.actor, at=at)
    row = card.row
    details = [
        Detail(
            label=_("Subject"),
            value=row.subject or card.subject_id,
            url=_subject_url(card.subject_type, card.subject_id),
        ),
        Detail(label=_("City"), value=row.city),
        Detail(label=_("Owner"), value=row.owner),
        Detail(label=_("Started"), value=row.started_at, kind="moment"),
        Detail(label=_("To be taken by"), value=card.take_by, kind="moment"),
        Detail(label=pgettext("task", "Due"), value=row.due_at, kind="moment"),
        Detail(label=_("Started by"), value=card.fact_name or card.reason),
        Detail(label=_("Edition"), value=card.edition),
    ]
    context = {
        "card": card,
        "run": row,
        "details": details,
        "tone": STATE_TONES[row.state],
        "clock": _clock(row.due_at, row.closed_at or at),
        "happenings": [(h, HAPPENINGS[h.kind]) for h in card.happenings],
        "waits": tuple(wording.WAITS.items()),
        "order_url": reverse("service-order", args=[card.work_order_id])
        if card.work_order_id and request.actor.may("service.view")
        else "",
        "lead": request.actor.may(LEAD),
        "notes": queries.notes_of_run(run_id=run_id, actor=request.actor),
        "deviations": queries.deviations_of(run_id=run_id, actor=request.actor)
        if request.actor.may(LEAD)
        else (),
        "heirs": queries.heirs(run_id=run_id, actor=request.actor)
        if row.state == "TAKEN" and request.actor.may("handbook.take_run")
        else (),
        "may_propose": row.state == "CLOSED" and request.actor.may("handbook.propose_case"),
        "open": row.state not in ("CLOSED", "VOID"),
        "confirm": request.GET.get("confirm", ""),
        "confirm_value": request.GET.get("value", ""),
    }
    return render(request, "handbook/run.html", context)


def _to_run(run_id: UUID, anchor: str = "") -> HttpResponseRedirect:
    answer: HttpResponseRedirect = redirect("handbook-run", run_id)
    if anchor:
        answer["Location"] += f"#{anchor}"
    return answer


@require_POST
def take(request: Request, run_id: UUID) -> HttpResponse:
    services.take_run(run_id=run_id, actor=request.actor, at=timezone.now())
    return _to_run(run_id)


@require_POST
def complete(request: Request, run_id: UUID, step_id: str, iteration: int) -> HttpResponse:
    """Do a step; pictures that come along are attached first, a strange reading is asked again."""
    at = timezone.now()
    value = request.POST.get("value", "")
    for upload in request.FILES.getlist("files"):
        services.attach_evidence(
            run_id=run_id,
            step_id=step_id,
            iteration=iteration,
            kind=request.POST.get("kind", "file"),
            content=upload.read(),
            file_name=upload.name or "",
            actor=request.actor,
            at=at,
        )
    anchor = f"step-{step_id}-{iteration}"
    try:
        fact = services.complete_step(
            run_id=run_id,
            step_id=step_id,
            iteration=iteration,
            value=value,
            note=request.POST.get("note", ""),
            confirm=request.POST.get("confirm") == "yes",
            actor=request.actor,
            at=at,
        )
    except EvidenceOutOfRange as refusal:
        messages.warning(request, refusal.words)
        answer = _to_run(run_id)
        answer["Location"] += f"?confirm={anchor}&value={value}#{anchor}"
        return answer
    if isinstance(fact, StepRefused):
        messages.warning(request, fact.words)
    return _to_run(run_id, anchor)


def _acts() -> dict[str, Any]:
    return {
        "pause": lambda post, **who: services.pause_run(
            waits_for=post.get("waits_for", ""), reason=post.get("reason", ""), **who
        ),
        "resume": lambda post, **who: services.resume_run(**who),
        "release": lambda post, **who: services.release_stop(
            reason=post.get("reason", ""), **who
        ),
        "hand-over": lambda post, **who: services.hand_over_run(
            to_id=UUID(post.get("to_id", "")), **who
        ),
        "void": lambda post, **who: services.void_run(reason=post.get("reason", ""), **who),
        "close": lambda post, **who: services.close_run(**who),
        "skip": lambda post, **who: services.skip_step(
            step_id=post.get("step_id", ""), iteration=int(post.get("iteration", "0")),
            reason=post.get("reason", ""), **who,
        ),
        "sample": lambda post, **who: services.sample_run(
            convincing=post.get("convincing") == "yes", words=post.get("reason", ""),
            struck=post.getlist("struck"), **who,
        ),
        "report": lambda post, run_id, **who: services.report_deviation(
            deviation_id=UUID(post.get("deviation_id", "")), grade="MAJOR", **who
        ),
        "send-back": lambda post, **who: services.send_back_step(
            step_id=post.get("step_id", ""), iteration=int(post.get("iteration", "0")),
            reason=post.get("reason", ""), **who,
        ),
    }  # fmt: skip


@require_POST
def act(request: Request, run_id: UUID, name: str) -> HttpResponse:
    """Pause, resume, release, strike or close a run; skip or send back one of its steps."""
    found = _acts().get(name)
    if found is None:
        raise Http404(name)
    found(request.POST, run_id=run_id, actor=request.actor, at=timezone.now())
    return _to_run(run_id)


@require_GET
def evidence(request: Request, file_id: UUID) -> HttpResponse:
    _must_view(request)
    file = queries.evidence_file(file_id=file_id, actor=request.actor)
    return show_file(file.content, file.media_type)


def _asked(request: Request) -> dict[str, Any]:
    """What the filters of the panorama say, as its questions take it."""
    asked = request.GET
    mode, days = asked.get("mode", ""), asked.get("days", "")
    return {
        "city": asked.get("city", ""),
        "mode": mode if mode in MODES else LOAD,
        "days": int(days) if days in {str(d) for d in PERIODS} else DAYS,
        "edition": asked.get("edition", ""),
    }


@require_GET
def panorama(request: Request) -> HttpResponse:
    _must_view(request)
    at, given = timezone.now(), _asked(request)
    role = request.GET.get("role", "")
    context = {
        "cards": queries.panorama(actor=request.actor, at=at, role=role, **given),
        "cities": queries.cities(actor=request.actor),
        "modes": [(code, MODE_WORDS[code]) for code in MODES],
        "periods": PERIODS,
        "roles": queries.posts(actor=request.actor, at=at),
        "editions": [e.number for e in queries.editions(actor=request.actor)],
        "filters": urlencode(given),
        "role": role,
        **given,
    }
    context["seen"] = "".join(tile.mark for tile in _tiles(context["cards"]))
    return render(request, "handbook/panorama.html", context)


def _tiles(cards: list[CategoryCard]) -> list[TileRow]:
    return [tile for card in cards for tile in card.tiles]


@require_GET
def changed_tiles(request: Request) -> HttpResponse:
    """Of the panorama only the tiles that no longer stand as the page has `seen` them.

    A page that shows other tiles altogether, as a new edition is in force, is drawn anew.
    """
    _must_view(request)
    given, role = _asked(request), request.GET.get("role", "")
    if "HX-Request" not in request.headers:
        return redirect(f"{reverse('handbook-panorama')}?{urlencode({**given, 'role': role})}")
    cards = queries.panorama(actor=request.actor, at=timezone.now(), role=role, **given)
    tiles = _tiles(cards)
    marks, seen = [tile.mark for tile in tiles], request.GET.get("seen", "")
    if len(seen) != len(marks) * _MARK:
        return HttpResponse(headers={"HX-Refresh": "true"})
    known = [seen[n : n + _MARK] for n in range(0, len(seen), _MARK)]
    changed = [t for t, now, then in zip(tiles, marks, known, strict=True) if now != then]
    context = {
        "tiles": changed, "seen": "".join(marks), "changed": True, "filters": urlencode(given),
        **given,
    }  # fmt: skip
    return render(request, "handbook/changed_tiles.html", context)


@require_GET
def tile(request: Request, slug: str) -> HttpResponse:
    """The nodes below a tile of the panorama, in a drawer; without a script the node's page."""
    _must_view(request)
    if "HX-Request" not in request.headers:
        return redirect("handbook-node", slug)
    given = _asked(request)
    found = queries.family(slug=slug, actor=request.actor, at=timezone.now(), **given)
    return render(request, "handbook/tile.html", {"family": found, **given})


def node_context(request: Request, slug: str) -> dict[str, Any]:
    """What the page of a node shows, its notes among it."""
    _must_view(request)
    at = timezone.now()
    page = queries.node_page(slug=slug, actor=request.actor, at=at)
    context: dict[str, Any] = {
        "page": page,
        "by_hand": request.actor.may("handbook.start_run_by_hand"),
        "editor": page.org_id == request.actor.org_id and request.actor.may(EDITOR),
        "own_cases": queries.cases_of_node(slug=slug, actor=request.actor),
        "certified": queries.certified_for(slug=slug, actor=request.actor, at=at),
        "notes": queries.local_notes(slug=slug, actor=request.actor),
        "may_note": request.actor.may("handbook.set_local_note"),
    }
    if page.document:
        context["asked_for"] = subjects.asked_for(page.document.procedure.subject_type)
    context["own_note"] = next(
        (n for n in context["notes"] if n.org_id == request.actor.org_id), None
    )
    return context


@require_POST
def start(request: Request, slug: str) -> HttpResponse:
    page = queries.node_page(slug=slug, actor=request.actor, at=timezone.now())
    kind = page.document.procedure.subject_type if page.document else ""
    fact = services.start_run_by_hand(
        node_slug=slug,
        org_id=request.actor.org_id,
        subject_id=subjects.find(kind, request.POST.get("subject", "").strip(), request.actor),
        reason=request.POST.get("reason", ""),
        actor=request.actor,
        at=timezone.now(),
    )
    if not fact.runs:
        messages.info(request, _("A run of this node is open for the same subject."))
        return redirect("handbook-node", slug)
    return _to_run(fact.runs[0].run_id)


@require_GET
def search(request: Request) -> HttpResponse:
    _must_view(request)
    text = request.GET.get("text", "").strip()[:100]
    at = timezone.now()
    found = queries.search(text=text, actor=request.actor, at=at) if text else []
    if text and not found:
        services.note_search_miss(query=text, actor=request.actor, at=at)
    return render(request, "handbook/search.html", {"text": text, "found": found})


@require_GET
def editions(request: Request) -> HttpResponse:
    _must_view(request)
    rows = queries.editions(actor=request.actor)
    before, after = request.GET.get("before", ""), request.GET.get("after", "")
    changes: list[dict[str, Any]] = []
    if before and after:
        found = queries.edition_diff(before=before, after=after, actor=request.actor)
        changes = shown(found)
    context = {
        "editions": rows,
        "before": before,
        "after": after,
        "changes": changes,
        "compared": bool(before and after),
        "editor": queries.writes_here(actor=request.actor, at=timezone.now())
        and request.actor.may("handbook.approve_revision"),
        "bindings": queries.binding_status(actor=request.actor, at=timezone.now()),
    }
    return render(request, "handbook/editions.html", context)


@require_GET
def watch(request: Request) -> HttpResponse:
    """Evidence as it comes in, and how much of what closed was looked at, by city."""
    if not request.actor.may(LEAD):
        raise NotPermitted(_("Only leads supervise runs."))
    city = request.GET.get("city", "")
    context = {
        "view": queries.watch(city=city, actor=request.actor, at=timezone.now()),
        "city": city,
        "tones": STATE_TONES,
    }
    return render(request, "handbook/watch.html", context)


@require_GET
def supervision(request: Request) -> HttpResponse:
    if not request.actor.may(LEAD):
        raise NotPermitted(_("Only leads supervise runs."))
    city = request.GET.get("city", "")
    context = {
        "view": queries.supervision(city=city, actor=request.actor, at=timezone.now()),
        "city": city,
        "tones": STATE_TONES,
    }
    return render(request, "handbook/supervision.html", context)
