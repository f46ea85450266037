"""One's own preferences as a form, which the doors of staff and of customers share."""

from datetime import time
from typing import Any, Final

from django.contrib import messages as notes
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from panshi.kit.forms import Field, Form
from panshi.kit.web import Request
from panshi.notify import queries, services
from panshi.notify.models import Channel

LANGUAGES: Final = (("zh-hans", "中文"), ("en", "English"))
HOURS: Final = (("", "—"), *((f"{hour:02}:00", f"{hour:02}:00") for hour in range(24)))


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
