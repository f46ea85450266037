"""Pages of the editors: a node is drafted, reviewed, approved, frozen, released, withdrawn."""

from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from panshi.handbook import queries, services
from panshi.handbook.exam_pages import shown
from panshi.handbook.services.content import ContentUnfit
from panshi.handbook.services.review import NothingChanged
from panshi.kit.clock import local_day
from panshi.kit.forms import Field, Form
from panshi.kit.web import Request, needs

EDITOR: Final = "handbook.draft_revision"
TONES: Final = {"DRAFT": "idle", "IN_REVIEW": "warn", "APPROVED": "ok"}
NAMES: Final = {
    "node.md": lazy("What, why and how"),
    "policy.md": lazy("Policy"),
    "sop.yaml": lazy("Procedure"),
    "quiz.yaml": lazy("Questions"),
}
ROWS: Final = {"node.md": 18, "policy.md": 10, "sop.yaml": 22, "quiz.yaml": 14}


def typed(post: QueryDict, before: Mapping[str, str]) -> dict[str, str]:
    """The files as they were typed, with line ends as they are kept; an empty file is left out.

    A browser sends other line ends than files have, and a file ends with one.
    """
    files: dict[str, str] = {}
    for name in before:
        text = post.get(name, before[name]).replace("\r\n", "\n")
        if text.strip():
            files[name] = text if text.endswith("\n") else f"{text}\n"
    return files


def _editor(
    request: Request,
    slug: str,
    files: Mapping[str, str],
    findings: tuple[str, ...],
    status: int = 200,
) -> HttpResponse:
    context = {
        "slug": slug,
        "files": [(name, NAMES.get(name, name), ROWS.get(name, 10), files[name]) for name in files],
        "findings": findings,
    }
    return render(request, "handbook/editor.html", context, status=status)


def _kept(
    request: Request,
    slug: str,
    files: Mapping[str, str],
    keep: Callable[[dict[str, str]], UUID],
) -> HttpResponse:
    """Keep what was typed, or show it again with what is wrong; checking alone keeps nothing."""
    at, given = timezone.now(), typed(request.POST, files)
    shown_files = {**dict.fromkeys(files, ""), **given}
    found = queries.draft_findings(slug=slug, files=given, actor=request.actor, at=at)
    if "check" in request.POST:
        return _editor(request, slug, shown_files, found or (_("Nothing is wrong."),))
    try:
        revision_id = keep(given)
    except (ContentUnfit, NothingChanged) as refusal:
        return _editor(request, slug, shown_files, found or (refusal.words,), 422)
    return redirect("handbook-revision", revision_id)


@require_http_methods(["GET", "POST"])
@needs(EDITOR)
def edit_node(request: Request, slug: str) -> HttpResponse:
    """Write a new text for a node, beginning with the one in force."""
    at = timezone.now()
    files = queries.node_files(slug=slug, actor=request.actor, at=at)
    if request.method == "GET":
        return _editor(request, slug, files, ())

    def keep(given: dict[str, str]) -> UUID:
        return services.draft_revision(
            node_slug=slug, files=given, actor=request.actor, at=at
        ).revision_id

    return _kept(request, slug, files, keep)


@require_http_methods(["GET", "POST"])
@needs(EDITOR)
def edit_revision(request: Request, revision_id: UUID) -> HttpResponse:
    """Go on writing a draft."""
    at = timezone.now()
    page = queries.revision_page(revision_id=revision_id, actor=request.actor, at=at)
    if request.method == "GET":
        return _editor(request, page.row.slug, page.files, page.findings)

    def keep(given: dict[str, str]) -> UUID:
        return services.edit_revision(
            revision_id=revision_id, files=given, actor=request.actor, at=at
        ).revision_id

    return _kept(request, page.row.slug, page.files, keep)


@require_GET
@needs("handbook.approve_revision")
def revision(request: Request, revision_id: UUID) -> HttpResponse:
    """One text on its way: its difference, what is wrong with it, what may be done."""
    page = queries.revision_page(revision_id=revision_id, actor=request.actor, at=timezone.now())
    context = {
        "page": page,
        "tone": TONES[page.row.state],
        "changes": shown(page.changes),
        "editor": request.actor.may(EDITOR),
    }
    return render(request, "handbook/revision.html", context)


def _acts() -> dict[str, Callable[..., Any]]:
    return {
        "submit": lambda post, **who: services.submit_revision(**who),
        "approve": lambda post, **who: services.approve_revision(**who),
        "return": lambda post, **who: services.return_revision(
            reason=post.get("reason", ""), **who
        ),
    }


@require_POST
@needs("handbook.view")
def act(request: Request, revision_id: UUID, name: str) -> HttpResponse:
    """Hand a draft in, approve it, or give it back for a reason."""
    found = _acts().get(name)
    if found is None:
        raise Http404(name)
    found(request.POST, revision_id=revision_id, actor=request.actor, at=timezone.now())
    return redirect("handbook-revision", revision_id)


FREEZE: Final = Form(
    fields=[
        Field(name="number", label=lazy("Number"), longest=20),
        Field(name="title", label=lazy("Title"), longest=120),
    ]
)
RELEASE: Final = Form(
    fields=[
        Field(name="edition_id", kind="id"),
        Field(name="effective_from", label=lazy("In force from"), kind="moment"),
        Field(name="grace_days", label=lazy("Days of grace"), kind="whole", least=0),
    ]
)


@require_GET
@needs("handbook.approve_revision")
def drafts(request: Request) -> HttpResponse:
    """Texts on their way, and the editions that wait."""
    at = timezone.now()
    found = queries.drafts(actor=request.actor, at=at)
    context = {
        "drafts": found,
        "rows": [(row, TONES[row.state]) for row in found.rows],
        "approved": sum(row.state == "APPROVED" for row in found.rows),
        "may": {
            name: request.actor.may(f"handbook.{name}_edition")
            for name in ("freeze", "release", "withdraw")
        },
        "today": local_day(at),
        "due": queries.due_reviews(actor=request.actor, at=at),
        "confirms": request.actor.may("handbook.confirm_text"),
    }
    return render(request, "handbook/drafts.html", context)


@require_POST
@needs("handbook.confirm_text")
def confirm(request: Request, slug: str) -> HttpResponse:
    """Say that a text was read again and still holds."""
    services.confirm_text(
        node_slug=slug,
        words=request.POST.get("words", ""),
        actor=request.actor,
        at=timezone.now(),
    )
    messages.success(request, _("Noted. Its next review counts from today."))
    return redirect("handbook-drafts")


@require_POST
@needs("handbook.freeze_edition")
def freeze(request: Request) -> HttpResponse:
    """Fix the next edition of all that is approved."""
    form = FREEZE.read(request.POST)
    if form.ok:
        form.call(request, services.freeze_edition, at=timezone.now())
        messages.success(request, _("The edition is fixed. Read its difference, then release it."))
    else:
        messages.warning(request, _("An edition has a number and a title."))
    return redirect("handbook-drafts")


@require_POST
@needs("handbook.release_edition")
def release(request: Request) -> HttpResponse:
    """Put a fixed edition in force."""
    form = RELEASE.read(request.POST)
    if form.ok:
        cities = tuple(request.POST.getlist("pilot_cities"))
        form.call(
            request,
            services.release_edition,
            pilot_cities=cities,
            confirmed=request.POST.get("confirmed") == "yes",
            at=timezone.now(),
        )
        messages.success(request, _("Released. Those whom it binds have their notices."))
        return redirect("handbook-editions")
    messages.warning(request, _("Say from when on, and how many days of grace."))
    return redirect("handbook-drafts")


@require_POST
@needs("handbook.withdraw_edition")
def withdraw(request: Request, edition_id: UUID) -> HttpResponse:
    """Take the edition in force back."""
    fact = services.withdraw_edition(
        edition_id=edition_id,
        reason=request.POST.get("reason", ""),
        actor=request.actor,
        at=timezone.now(),
    )
    messages.success(request, _("Edition %s is in force again.") % fact.back_to)
    return redirect("handbook-editions")


REVISION = "handbook/revisions/<uuid:revision_id>/"
urlpatterns = [
    path("handbook/drafts/", drafts, name="handbook-drafts"),
    path("handbook/drafts/freeze/", freeze, name="handbook-freeze"),
    path("handbook/drafts/release/", release, name="handbook-release"),
    path("handbook/drafts/withdraw/<uuid:edition_id>/", withdraw, name="handbook-withdraw"),
    path("handbook/nodes/<slug:slug>/edit/", edit_node, name="handbook-edit-node"),
    path("handbook/nodes/<slug:slug>/holds/", confirm, name="handbook-confirm-text"),
    path(REVISION, revision, name="handbook-revision"),
    path(f"{REVISION}edit/", edit_revision, name="handbook-edit-revision"),
    path(f"{REVISION}act/<str:name>/", act, name="handbook-revision-act"),
]
