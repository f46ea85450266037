"""Conversations with us: asking, reading the answers, asking for a person."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from panshi.kit.web import Request
from panshi.portal.door import customer_of, for_customers
from panshi.service import queries, services
from panshi.service.queries import ConversationRow

LONGEST = 2000


def _own(request: Request, talk_id: UUID) -> ConversationRow:
    """The customer's thread; another's is not found."""
    own = queries.conversations(
        customer_id=customer_of(request.actor), conversation_id=talk_id, actor=request.actor
    )
    if not own:
        raise Http404
    return own[0]


@require_GET
@for_customers
def talks(request: Request) -> HttpResponse:
    """One's questions, the latest first, and room for a new one."""
    own = queries.conversations(customer_id=customer_of(request.actor), actor=request.actor)
    return render(request, "portal/talks.html", {"tab": "me", "talks": own, "longest": LONGEST})


@require_POST
@for_customers
def begin(request: Request) -> HttpResponse:
    """Ask something new."""
    try:
        fact = services.post_message(
            customer_id=customer_of(request.actor),
            text=request.POST.get("text", "")[:LONGEST],
            actor=request.actor,
            at=timezone.now(),
        )
    except services.NothingSaid as refusal:
        messages.error(request, refusal.words)
        return redirect("portal-talks")
    return redirect("portal-talk", fact.conversation_id)


@require_GET
@for_customers
def talk(request: Request, talk_id: UUID) -> HttpResponse:
    """One thread with all that was said."""
    row = _own(request, talk_id)
    context = {
        "tab": "me",
        "talk": row,
        "said": queries.messages_of(conversation_id=talk_id, actor=request.actor),
        "may_ask": row.state == "SELF_SERVICE",
        "is_over": row.state == "CLOSED",
        "longest": LONGEST,
    }
    return render(request, "portal/talk.html", context)


@require_POST
@for_customers
def say(request: Request, talk_id: UUID) -> HttpResponse:
    """Say more in a thread."""
    row = _own(request, talk_id)
    try:
        services.post_message(
            customer_id=row.customer_id,
            conversation_id=talk_id,
            text=request.POST.get("text", "")[:LONGEST],
            actor=request.actor,
            at=timezone.now(),
        )
    except (services.NothingSaid, services.ConversationOver) as refusal:
        messages.error(request, refusal.words)
    return redirect("portal-talk", talk_id)


@require_POST
@for_customers
def ask_person(request: Request, talk_id: UUID) -> HttpResponse:
    """Ask that a person answers."""
    _own(request, talk_id)
    services.hand_over(
        conversation_id=talk_id, reason="ASKED", actor=request.actor, at=timezone.now()
    )
    messages.success(request, _("A person will answer you here."))
    return redirect("portal-talk", talk_id)
