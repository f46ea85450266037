"""Pages of conversations: who waits for an answer, one thread, answering, taking, settling it."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext, pgettext_lazy
from django.views.decorators.http import require_GET, require_POST

from panshi.kit.clock import SHANGHAI
from panshi.kit.forms import Field, Form, Reading
from panshi.kit.records import Detail, Tile
from panshi.kit.tables import Column, Filter, Slice, Table
from panshi.kit.web import Request, needs
from panshi.service import queries, rules, services
from panshi.service.models import ConversationState
from panshi.service.queries import ConversationRow

TONES: Final = {
    "SELF_SERVICE": "info",
    "WAITING_STAFF": "bad",
    "WITH_STAFF": "warn",
    "WAITING_CUSTOMER": "ok",
    "RESOLVED": "idle",
    "CLOSED": "idle",
}
_STATES: Final[list[tuple[str, str | Promise]]] = [
    ("OPEN", pgettext_lazy("conversation", "All that are open")),
    *((str(code), words) for code, words in ConversationState.choices),
]


def waited(row: ConversationRow, now: datetime) -> tuple[str, bool]:
    """How long a customer has waited, in words, and whether that is longer than promised."""
    if row.waiting_from is None:
        return "—", False
    span = now - row.waiting_from
    minutes = max(int(span / timedelta(minutes=1)), 0)
    if minutes < 60:
        words = ngettext("%(n)d minute", "%(n)d minutes", minutes) % {"n": minutes}
    elif minutes < 48 * 60:
        words = ngettext("%(n)d hour", "%(n)d hours", minutes // 60) % {"n": minutes // 60}
    else:
        days = minutes // (24 * 60)
        words = ngettext("%(n)d day", "%(n)d days", days) % {"n": days}
    hour = row.waiting_from.astimezone(SHANGHAI).hour
    return words, span > rules.patience(state=str(row.state), hour=hour)


def _clock(row: ConversationRow) -> str:
    words, late = waited(row, timezone.now())
    return f"{words} !" if late else words


TALKS: Final = Table(
    name="conversations",
    columns=(
        Column(key="subject", label=pgettext_lazy("conversation", "Subject")),
        Column(key="customer_name", label=lazy("Customer")),
        Column(key="waiting_from", label=lazy("Waits for an answer"), show=_clock),
        Column(
            key="state", label=lazy("State"), kind="state", tones=TONES, choices=ConversationState
        ),
        Column(key="owner_name", label=lazy("With")),
        Column(key="last_at", label=lazy("Last word"), kind="moment"),
    ),
    filters=(Filter(key="state", label=lazy("State"), kind="choice", choices=_STATES),),
    row_url="service-talk",
    export="conversations",
    empty=lazy("Nobody has written, or all is settled."),
    live=("service.Message*", "service.Conversation*"),
)
ANSWER: Final = Form(
    fields=[Field(name="text", label=lazy("Your answer"), kind="area", longest=2000)]
)


@require_GET
@needs("service.view")
def talks(request: Request) -> HttpResponse:
    """Threads with customers, who waits longest first."""
    ask = TALKS.read(request.GET)
    page = queries.conversation_page(
        state=ask.text("state"),
        limit=ask.limit,
        offset=ask.offset,
        actor=request.actor,
    )
    part = Slice(rows=page.rows, total=page.total)
    return TALKS.respond(request, ask, part, "service/talks.html", {"waiting": page.waiting})


@require_GET
@needs("service.view")
def talk(request: Request, talk_id: UUID) -> HttpResponse:
    """One thread: all that was said, and what to do."""
    return _page(request, talk_id)


def _page(
    request: Request, talk_id: UUID, *, status: int = 200, answer: Reading | None = None
) -> HttpResponse:
    row = queries.conversation_row(conversation_id=talk_id, actor=request.actor)
    words, late = waited(row, timezone.now())
    state, may = str(row.state), request.actor.may
    order = reverse("service-order", args=[row.order_id]) if row.order_id else ""
    context = {
        "row": row,
        "tone": TONES[state],
        "said": queries.messages_of(conversation_id=talk_id, actor=request.actor),
        "tiles": [
            Tile(label=_("Waits for an answer"), value=words, tone="bad" if late else ""),
            Tile(label=_("With"), value=row.owner_name or "—"),
        ],
        "details": [
            Detail(
                label=_("Customer"),
                value=row.customer_name,
                url=reverse("crm-customer", args=[row.customer_id]),
            ),
            *([Detail(label=_("Work order"), value=_("See it"), url=order)] if order else []),
        ],
        "answer": answer or (ANSWER.blank() if _answers(row, request) else None),
        "may_take": state in ("SELF_SERVICE", "WAITING_STAFF") and may("service.take_conversation"),
        "may_resolve": state in ("SELF_SERVICE", "WITH_STAFF", "WAITING_CUSTOMER")
        and may("service.resolve_conversation"),
    }
    return render(request, "service/talk.html", context, status=status)


def _answers(row: ConversationRow, request: Request) -> bool:
    return row.state != ConversationState.CLOSED and request.actor.may("service.post_message")


@require_POST
def answer(request: Request, talk_id: UUID) -> HttpResponse:
    """Say something to the customer; a thread that nobody has is taken with it."""
    form = ANSWER.read(request.POST)
    if not form.ok:
        return _page(request, talk_id, status=422, answer=form)
    row = queries.conversation_row(conversation_id=talk_id, actor=request.actor)
    if row.state in (ConversationState.SELF_SERVICE, ConversationState.WAITING_STAFF):
        services.take_conversation(conversation_id=talk_id, actor=request.actor, at=timezone.now())
    form.call(
        request,
        services.post_message,
        conversation_id=talk_id,
        customer_id=row.customer_id,
        at=timezone.now(),
    )
    return redirect("service-talk", talk_id)


@require_POST
def take(request: Request, talk_id: UUID) -> HttpResponse:
    services.take_conversation(conversation_id=talk_id, actor=request.actor, at=timezone.now())
    messages.success(request, _("The conversation is yours."))
    return redirect("service-talk", talk_id)


@require_POST
def resolve(request: Request, talk_id: UUID) -> HttpResponse:
    services.resolve_conversation(conversation_id=talk_id, actor=request.actor, at=timezone.now())
    messages.success(request, _("Settled; the customer may still write again."))
    return redirect("service-talk", talk_id)


URLS: Final = [
    path("service/talks/", talks, name="service-talks"),
    path("service/talks/<uuid:talk_id>/", talk, name="service-talk"),
    path("service/talks/<uuid:talk_id>/answer/", answer, name="service-talk-answer"),
    path("service/talks/<uuid:talk_id>/take/", take, name="service-talk-take"),
    path("service/talks/<uuid:talk_id>/resolve/", resolve, name="service-talk-resolve"),
]
