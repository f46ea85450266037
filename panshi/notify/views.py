"""Pages of notification."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from panshi.kit.web import Request
from panshi.notify import queries, services


@require_GET
def messages(request: Request) -> HttpResponse:
    rows = queries.my_messages(actor=request.actor)
    unread = any(row.read_at is None for row in rows)
    return render(request, "notify/messages.html", {"messages_": rows, "unread": unread})


@require_POST
def mark_read(request: Request) -> HttpResponse:
    services.mark_messages_read(actor=request.actor, at=timezone.now())
    return redirect("notify-messages")
