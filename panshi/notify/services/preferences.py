"""What people choose, and what the platform publishes."""

from collections.abc import Sequence
from datetime import datetime, time
from uuid import UUID

from django.db.models import Max
from django.utils.translation import gettext as _

from panshi.kit.refusals import NotPermitted, Refusal
from panshi.kit.tenancy import HQ, Actor
from panshi.kit.verbs import verb
from panshi.notify import channels, rules
from panshi.notify.events import PreferencesSet, TemplatePublished
from panshi.notify.models import MessageClass, Preference, Template

LANGUAGES = ("zh-hans", "en")


class ChannelNotOffered(Refusal):
    """A channel was chosen that is not configured here."""


class QuietHoursIncomplete(Refusal):
    """Quiet hours need a beginning and an end."""


class BracesUnclear(Refusal):
    """A template has a brace that names no value."""


@verb
def set_preferences(
    *,
    channels_in_order: Sequence[str],
    quiet_from: time | None,
    quiet_to: time | None,
    actor: Actor,
    at: datetime,
    email: str | None = None,
    language: str = "",
) -> PreferencesSet:
    """Choose one's own channels in their order, quiet hours, language and e-mail address.

    `email` of None leaves the address as it is. The copy in the app cannot be chosen away. Raises
    ChannelNotOffered, QuietHoursIncomplete.
    """
    actor.must("notify.set_preferences", actor.org_id)
    strange = [code for code in channels_in_order if code not in channels.offered()]
    if strange:
        raise ChannelNotOffered(
            _("This channel is not offered here: %(codes)s.") % {"codes": ", ".join(strange)}
        )
    if (quiet_from is None) != (quiet_to is None):
        raise QuietHoursIncomplete(_("Quiet hours need a beginning and an end."))
    customer_id: UUID | None = actor.customer_id
    user_id = None if customer_id else actor.id
    row = Preference.objects.select_for_update().filter(
        user_id=user_id, customer_id=customer_id
    ).first() or Preference(user_id=user_id, customer_id=customer_id, org_id=actor.org_id)
    row.channels = list(dict.fromkeys(channels_in_order))
    row.quiet_from, row.quiet_to = quiet_from, quiet_to
    row.language = language if language in LANGUAGES else ""
    if email is not None:
        row.email = email.strip()
    row.set_at = at
    row.save()
    return PreferencesSet(
        org_id=row.org_id, actor_id=actor.id, at=at, user_id=user_id, customer_id=customer_id,
        channels=tuple(row.channels),
    )  # fmt: skip


@verb
def publish_template(
    *,
    code: str,
    language: str,
    message_class: str,
    subject: str,
    body: str,
    actor: Actor,
    at: datetime,
    approved_no: str = "",
) -> TemplatePublished:
    """Publish the next version of a template; earlier messages keep the version they used.

    Only the platform does. Raises NotPermitted, BracesUnclear.
    """
    actor.must("notify.publish_template", actor.org_id)
    if actor.db_role != HQ:
        raise NotPermitted(_("Templates are published by the platform."))
    for text in (subject, body):
        if "{" in rules.filled(text, dict.fromkeys(rules.places(text), "")):
            raise BracesUnclear(_("Braces hold the name of a value, such as {amount}."))
    newest = Template.objects.filter(code=code, language=language).aggregate(top=Max("version"))
    version = (newest["top"] or 0) + 1
    Template.objects.create(
        code=code,
        language=language,
        version=version,
        message_class=MessageClass(message_class),
        subject=subject,
        body=body,
        approved_no=approved_no,
        published_at=at,
    )
    return TemplatePublished(
        org_id=actor.org_id, actor_id=actor.id, at=at, code=code, language=language,
        version=version,
    )  # fmt: skip
