"""Pages of notification."""

from datetime import time
from typing import Any, Final
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
from panshi.notify.models import Channel, MessageClass

LANGUAGES: Final = (("zh-hans", "中文"), ("en", "English"))
HOURS: Final = (("", "—"), *((f"{hour:02}:00", f"{hour:02}:00") for hour in range(24)))
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


def preference_form(own: queries.OwnPreferences) -> Form:
    """First and second channel among those offered, quiet hours, address and language."""
    offered = [(code, Channel(code).label) for code in own.offered]
    return Form(
        fields=[
            Field(
                name="first",
                label=lazy("Outside the app, first by"),
                kind="choice",
                choices=[("", lazy("Only in the app")), *offered],
                required=False,
            ),
            Field(
                name="second",
                label=lazy("When that fails, by"),
                kind="choice",
                choices=[("", "—"), *offered],
                required=False,
            ),
            Field(
                name="quiet_from", label=lazy("Quiet from"), kind="choice", choices=HOURS,
                required=False,
            ),
            Field(
                name="quiet_to", label=lazy("Quiet until"), kind="choice", choices=HOURS,
                required=False,
            ),
            Field(name="email", label=lazy("E-mail address"), longest=120, required=False),
            Field(
                name="language",
                label=lazy("Language of messages"),
                kind="choice",
                choices=LANGUAGES,
            ),
        ]
    )  # fmt: skip


def _hour(moment: time | None) -> str:
    return f"{moment:%H:%M}" if moment is not None else ""


def _moment(words: str | None) -> time | None:
    return time.fromisoformat(words) if words else None


def preferences_page(request: Request, template: str, after: str, **context: Any) -> HttpResponse:
    """One's own preferences, shown and kept; the doors of staff and customers share it."""
    own = queries.my_preferences(actor=request.actor)
    shape = preference_form(own)
    if request.method == "GET":
        first, second = [*own.channels, "", ""][:2]
        blank = shape.blank(
            first=first,
            second=second,
            quiet_from=_hour(own.quiet_from),
            quiet_to=_hour(own.quiet_to),
            email=own.email,
            language=own.language or "zh-hans",
        )
        return blank.respond(request, template, {"own": own, **context})
    form = shape.read(request.POST)
    if form.ok:
        values = form.values
        try:
            services.set_preferences(
                channels_in_order=[c for c in (values["first"], values["second"]) if c],
                quiet_from=_moment(values["quiet_from"]),
                quiet_to=_moment(values["quiet_to"]),
                email=values["email"] or "",
                language=values["language"],
                actor=request.actor,
                at=timezone.now(),
            )
            notes.success(request, _("Saved."))
            return redirect(after)
        except services.QuietHoursIncomplete as refusal:
            form.refuse("quiet_to", refusal.words)
        except services.ChannelNotOffered as refusal:
            form.refuse("first", refusal.words)
    return form.respond(request, template, {"own": own, **context})


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
        "state": lists.state(card.state),
        "details": lists.details(card),
        "siblings": [
            (row, Channel(row.channel).label, lists.state(row.state)) for row in card.siblings
        ],
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
