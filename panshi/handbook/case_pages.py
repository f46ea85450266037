"""Pages of cases: the library, and the desk at which a case is worded, approved and published."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from panshi.handbook import queries, services
from panshi.handbook.models import CaseState
from panshi.handbook.queries.cases import HEAD_WORDS, CasePage
from panshi.kit.forms import Field, Form
from panshi.kit.pictures import Box
from panshi.kit.refusals import NotPermitted
from panshi.kit.tables import Column, Filter, Slice, Table
from panshi.kit.web import Request, show_file

TONES = {
    "PROPOSED": "info", "REDACTED": "warn", "APPROVED": "warn", "PUBLISHED": "ok",
    "DISMISSED": "idle",
}  # fmt: skip
MAY_WORD = "handbook.redact_case"
SOURCES = {
    "RUN": "handbook-run", "JOB": "service-order", "COMPLAINT": "crm-complaint",
}  # fmt: skip

CASES = Table(
    name="cases",
    columns=(
        Column(key="title", label=gettext_lazy("Case")),
        Column(key="node", label=gettext_lazy("Node")),
        Column(
            key="source_kind", label=gettext_lazy("Made of"), show=lambda r: r.source_kind.label
        ),
        Column(key="city", label=gettext_lazy("City")),
        Column(key="why", label=gettext_lazy("Why it was proposed")),
        Column(key="state", label=gettext_lazy("State"), kind="state", tones=TONES),
        Column(key="proposed_at", label=gettext_lazy("Proposed"), kind="moment"),
    ),
    filters=(
        Filter(key="text", label=gettext_lazy("Words of the case")),
        Filter(key="state", label=gettext_lazy("State"), kind="choice", choices=CaseState),
    ),
    row_url="handbook-case",
    empty=gettext_lazy("No case yet. Each night closed work that teaches something is proposed."),
    live=("handbook.Case*", "handbook.CasesProposed"),
)
FORM = Form(
    fields=[
        Field(name="title", label=pgettext_lazy("case", "Title"), longest=120),
        *(
            Field(name=head, label=words, kind="area", required=False, longest=4000)
            for head, words in HEAD_WORDS.items()
        ),
    ]
)


def _must_view(request: Request) -> None:
    if not request.actor.may("handbook.view"):
        raise NotPermitted(_("You are not permitted to open the handbook."))


@require_GET
def cases(request: Request) -> HttpResponse:
    """The library; who words cases sees every state of them, everybody else what is published."""
    _must_view(request)
    ask = CASES.read(request.GET)
    state = ask.text("state") if request.actor.may(MAY_WORD) else CaseState.PUBLISHED.value
    rows, total = queries.case_list(
        state=state, text=ask.text("text"), limit=ask.limit, offset=ask.offset, actor=request.actor
    )
    return CASES.respond(request, ask, Slice(rows=rows, total=total), "handbook/cases.html")


def _page(request: Request, case_id: UUID) -> CasePage:
    page = queries.case_page(case_id=case_id, actor=request.actor)
    if page.row.state != CaseState.PUBLISHED and not request.actor.may(MAY_WORD):
        raise Http404(case_id)
    return page


@require_http_methods(["GET", "POST"])
def case(request: Request, case_id: UUID) -> HttpResponse:
    """One case; while it is proposed or redacted its wording is a form."""
    _must_view(request)
    page = _page(request, case_id)
    may_word = request.actor.may(MAY_WORD)
    context: dict[str, Any] = {
        "page": page,
        "photos": queries.case_photos(case_id=case_id, actor=request.actor),
        "pictures": queries.case_pictures(case_id=case_id, actor=request.actor),
        "tone": TONES[page.row.state],
        "wording": may_word and page.row.state in (CaseState.PROPOSED, CaseState.REDACTED),
        "may_word": may_word,
        "source_url": reverse(SOURCES[page.row.source_kind], args=[page.source_id])
        if may_word
        else "",
    }
    if request.method == "POST":
        form = FORM.read(request.POST, request.FILES)
        if form.ok:
            texts = {head: form.values[head] for head in HEAD_WORDS}
            try:
                services.redact_case(
                    case_id=case_id, title=form.values["title"], texts=texts,
                    actor=request.actor, at=timezone.now(),
                )  # fmt: skip
                return redirect("handbook-case", case_id)
            except services.cases.WordsMissing as refusal:
                form.refuse("LESSON", refusal.words)
        return form.respond(request, "handbook/case.html", context)
    written = {part.head: part.text for part in page.parts or page.draft}
    return FORM.blank(title=page.row.title, **written).respond(
        request, "handbook/case.html", context
    )


@require_POST
def act(request: Request, case_id: UUID, name: str) -> HttpResponse:
    """Approve, publish or lay aside."""
    who: dict[str, Any] = {"case_id": case_id, "actor": request.actor, "at": timezone.now()}
    match name:
        case "approve":
            services.approve_case(**who)
        case "publish":
            services.publish_case(**who)
        case "dismiss":
            services.dismiss_case(reason=request.POST.get("reason", ""), **who)
        case _:
            raise Http404(name)
    return redirect("handbook-case", case_id)


@require_http_methods(["GET", "POST"])
def photo(request: Request, case_id: UUID, source_id: UUID) -> HttpResponse:
    """A picture of the record, on which a person draws what is to be covered."""
    _must_view(request)
    if source_id not in queries.case_pictures(case_id=case_id, actor=request.actor):
        raise Http404(source_id)
    context: dict[str, Any] = {"case_id": case_id, "source_id": source_id, "fault": ""}
    if request.method == "POST":
        try:
            services.keep_case_photo(
                case_id=case_id,
                source_id=source_id,
                boxes=_boxes(request.POST.get("boxes", "")),
                nothing_to_cover=request.POST.get("nothing") == "yes",
                actor=request.actor,
                at=timezone.now(),
            )
            return redirect("handbook-case", case_id)
        except services.PhotoUnfit as refusal:
            context["fault"] = refusal.words
    return render(request, "handbook/case_photo.html", context)


def _boxes(text: str) -> list[Box]:
    """Boxes as the page sends them: `left top width height` each, with commas between."""
    try:
        rows = [tuple(map(float, row.split())) for row in text.split(",") if row.strip()]
    except ValueError:
        rows = [()]
    if any(len(row) != 4 for row in rows):
        raise services.PhotoUnfit(_("What is to be covered lies outside the picture."))
    return [(row[0], row[1], row[2], row[3]) for row in rows]


@require_GET
def source(request: Request, case_id: UUID, source_id: UUID) -> HttpResponse:
    """The bytes of a picture of the record, for who words the case."""
    _must_view(request)
    file = queries.case_picture(case_id=case_id, source_id=source_id, actor=request.actor)
    return show_file(file.content, file.media_type)


@require_GET
def shown(request: Request, photo_id: UUID) -> HttpResponse:
    """The bytes of a covered copy."""
    _must_view(request)
    file = queries.case_photo_file(photo_id=photo_id, actor=request.actor)
    return show_file(file.content, file.media_type)


@require_POST
def take_photo(request: Request, case_id: UUID, photo_id: UUID) -> HttpResponse:
    """Take a covered copy out of the case again."""
    services.take_case_photo(photo_id=photo_id, actor=request.actor, at=timezone.now())
    return redirect("handbook-case", case_id)


@require_POST
def propose(request: Request, run_id: UUID) -> HttpResponse:
    """Make a case of a closed run."""
    fact = services.propose_case(run_id=run_id, actor=request.actor, at=timezone.now())
    return redirect("handbook-case", fact.cases[0].case_id)
