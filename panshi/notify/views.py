"""Pages of notification."""

from typing import Final
from uuid import UUID

from django.contrib import messages as notes
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from panshi.kit.forms import Field, Form
from panshi.kit.tables import Slice
from panshi.kit.tenancy import HQ
from panshi.kit.web import Request, needs
from panshi.notify import lists, queries, services
from panshi.notify.models import MessageClass
from panshi.notify.preference_forms import LANGUAGES, preferences_page

TEMPLATE: Final = Form(
    fields=[
        Field(name="code", label=lazy("Code"), kind="mono", longest=32),
        Field(name="language", label=lazy("Language"), kind="choice", choices=LANGUAGES),
        Field(
            name="message_class",
            label=pgettext_lazy("message", "Class"),
            kind="choice",
            choices=MessageClass.choices,
        ),
        Field(name="subject", label=lazy("Subject"), longest=120),
        Field(name="body", label=lazy("Words"), kind="area", longest=2000),
        Field(
            name="approved_no",
            label=lazy("Approved number"),
            kind="mono",
            longest=40,
            required=False,
        ),
    ]
)


@require_GET
def messages(request: Request) -> HttpResponse:
    rows = queries.my_messages(actor=request.actor)
    unread = any(row.read_at is None for row in rows)
    return render(request, "notify/messages.html", {"messages_": rows, "unread": unread})


@require_POST
def mark_read(request: Request) -> HttpResponse:
    services.mark_messages_read(actor=request.actor, at=timezone.now())
    return redirect("notify-messages")


@require_http_methods(["GET", "POST"])
def preferences(request: Request) -> HttpResponse:
    return preferences_page(request, "notify/preferences.html", "notify-preferences")


@require_GET
@needs("notify.view")
def deliveries(request: Request) -> HttpResponse:
    """The delivery record."""
    ask = lists.DELIVERIES.read(request.GET)
    page = queries.delivery_rows(
        text=ask.text("text"),
        state=ask.text("state"),
        channel=ask.text("channel"),
        message_class=ask.text("class"),
        since=ask.since("queued"),
        until=ask.until("queued"),
        limit=ask.limit,
        offset=ask.offset,
        actor=request.actor,
    )
    part = Slice(rows=page.rows, total=page.total)
    return lists.DELIVERIES.respond(request, ask, part, "notify/deliveries.html")


@require_GET
@needs("notify.view")
def delivery(request: Request, message_id: UUID) -> HttpResponse:
    """One message, word for word, and the proof of its delivery."""
    card = queries.delivery_card(message_id=message_id, actor=request.actor)
    context = {
        "card": card,
        "state": lists.state(card),
        "details": lists.details(card),
        "siblings": [(row, lists.state(row)) for row in card.siblings],
    }
    return render(request, "notify/delivery.html", context)


@require_GET
@needs("notify.view")
def templates(request: Request) -> HttpResponse:
    """The newest version of every template, and how each class travels."""
    context = {
        "templates": [
            (row, MessageClass(row.message_class).label)
            for row in queries.templates(actor=request.actor)
        ],
        "classes": [
            (row, MessageClass(row.message_class).label)
            for row in queries.class_rules(actor=request.actor)
        ],
        "may_publish": request.actor.may("notify.publish_template") and request.actor.db_role == HQ,
    }
    return render(request, "notify/templates.html", context)


@require_http_methods(["GET", "POST"])
@needs("notify.publish_template")
def publish(request: Request) -> HttpResponse:
    """Publish the next version of a template."""
    if request.method == "GET":
        code, language = request.GET.get("code", ""), request.GET.get("language", "zh-hans")
        old = next(
            (
                row
                for row in queries.templates(actor=request.actor)
                if (row.code, row.language) == (code, language)
            ),
            None,
        )
        blank = (
            TEMPLATE.blank(language=language)
            if old is None
            else TEMPLATE.blank(
                code=old.code,
                language=old.language,
                message_class=old.message_class,
                subject=old.subject,
                body=old.body,
                approved_no=old.approved_no,
            )
        )
        return blank.respond(request, "notify/publish.html")
    form = TEMPLATE.read(request.POST)
    if form.ok:
        try:
            form.call(request, services.publish_template, at=timezone.now())
            notes.success(request, _("Published."))
            return redirect("notify-templates")
        except services.BracesUnclear as refusal:
            form.refuse("body", refusal.words)
    return form.respond(request, "notify/publish.html")
