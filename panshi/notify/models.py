"""Nouns of notification: templates, messages over one channel each, receipts, preferences."""

import json
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from panshi.kit.nouns import OwnedModel
from panshi.kit.personal import SealedField
from panshi.kit.states import Machine


class Channel(models.TextChoices):
    IN_APP = "IN_APP", _("In the app")
    SMS = "SMS", _("Text message")
    WECHAT = "WECHAT", _("WeChat")
    EMAIL = "EMAIL", _("E-mail")


class MessageClass(models.TextChoices):
    SAFETY = "SAFETY", _("Safety")
    TRANSACTION = "TRANSACTION", _("Contract and payment")
    TASK = "TASK", pgettext_lazy("message", "Task")
    COLLECTION = "COLLECTION", _("Arrears")
    CARE = "CARE", pgettext_lazy("message", "Care")
    MARKETING = "MARKETING", _("Offers")
    DIGEST = "DIGEST", _("Summary")


class MessageState(models.TextChoices):
    QUEUED = "QUEUED", _("Waiting")
    SENT = "SENT", _("Sent")
    DELIVERED = "DELIVERED", _("Delivered")
    FAILED = "FAILED", _("Failed")
    WITHDRAWN = "WITHDRAWN", _("Withdrawn")


MESSAGE_LIFE = Machine(
    {
        MessageState.QUEUED: {
            MessageState.SENT, MessageState.DELIVERED, MessageState.FAILED, MessageState.WITHDRAWN,
        },
        MessageState.SENT: {MessageState.DELIVERED, MessageState.FAILED},
    }
)  # fmt: skip


class ClassRule(models.Model):
    """How messages of a class travel: quiet hours of their own, and how long a receipt may take.

    `in_app_waits` keeps even the copy in the app until the quiet hours end. `to_confirm` marks
    hours that the operator's counsel has yet to confirm.
    """

    message_class = models.CharField(max_length=12, choices=MessageClass, primary_key=True)
    quiet_from = models.TimeField(null=True)
    quiet_to = models.TimeField(null=True)
    receipt_minutes = models.PositiveSmallIntegerField()
    in_app_waits = models.BooleanField(default=False)
    to_confirm = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="quiet_hours_have_both_ends",
                condition=Q(quiet_from__isnull=True, quiet_to__isnull=True)
                | Q(quiet_from__isnull=False, quiet_to__isnull=False),
            )
        ]


class Template(models.Model):
    """One version of a message's words in one language, written by the platform; never changed.

    Words in braces, such as {amount}, are filled with values. `approved_no` is the number under
    which the operator of a text-message service approved it; empty until it has.
    """

    code = models.CharField(max_length=32)
    language = models.CharField(max_length=8)
    version = models.PositiveSmallIntegerField()
    message_class = models.CharField(max_length=12, choices=MessageClass)
    subject = models.CharField(max_length=120)
    body = models.TextField()
    approved_no = models.CharField(max_length=40, blank=True)
    published_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="a_template_version_is_published_once",
                fields=["code", "language", "version"],
            )
        ]


class Message(OwnedModel):
    """A message as it was sent over one channel, with what became of it.

    `topic_id` is what it is about, by which it is withdrawn; `fallbacks` are the channels that
    follow when this one fails. Addresses are sealed; `shown_address` is masked.
    """

    user_id = models.UUIDField(null=True)
    customer_id = models.UUIDField(null=True)
    channel = models.CharField(max_length=8, choices=Channel)
    message_class = models.CharField(
        max_length=12, choices=MessageClass, default=MessageClass.TASK, db_default="TASK"
    )
    subject = models.CharField(max_length=120)
    body = models.TextField(blank=True)
    link = models.CharField(max_length=200, blank=True)
    source_kind = models.CharField(max_length=40)
    source_id = models.CharField(max_length=60)
    topic_id = models.UUIDField(null=True)
    template = models.ForeignKey(Template, null=True, on_delete=models.PROTECT, related_name="+")
    values: "models.JSONField[dict[str, str], dict[str, str]]" = models.JSONField(
        default=dict, db_default={}
    )
    addresses = SealedField(default=str)
    shown_address = models.CharField(max_length=60, blank=True, default="", db_default="")
    fallbacks: "ArrayField[Any, Any]" = ArrayField(
        models.CharField(max_length=8), default=list, db_default=[]
    )
    state = models.CharField(max_length=10, choices=MessageState, default=MessageState.QUEUED)
    queued_at = models.DateTimeField(null=True)
    not_before = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    provider_id = models.CharField(max_length=80, blank=True, default="", db_default="")
    ended_at = models.DateTimeField(null=True)
    failure = models.CharField(max_length=80, blank=True, default="", db_default="")
    read_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="message_has_one_recipient",
                condition=Q(user_id__isnull=True) ^ Q(customer_id__isnull=True),
            ),
            models.CheckConstraint(
                name="a_sent_message_names_its_provider",
                condition=~Q(state=MessageState.SENT) | ~Q(provider_id=""),
            ),
            models.UniqueConstraint(
                name="message_once_per_source_and_recipient",
                fields=["source_kind", "source_id", "channel", "user_id", "customer_id"],
                nulls_distinct=False,
            ),
            models.UniqueConstraint(
                name="a_provider_names_a_message_once",
                fields=["channel", "provider_id"],
                condition=~Q(provider_id=""),
            ),
        ]
        indexes = [
            models.Index(
                fields=["user_id", "-id"], name="message_unread", condition=Q(read_at=None)
            ),
            models.Index(
                fields=["not_before"], name="message_under_way",
                condition=Q(state__in=["QUEUED", "SENT"]),
            ),
            models.Index(fields=["topic_id"], name="message_of_a_topic"),
        ]  # fmt: skip

    @property
    def address_by_channel(self) -> dict[str, str]:
        """What was known of the recipient when the message was queued."""
        known: dict[str, str] = json.loads(self.addresses or "{}")
        return known


class ReceiptWord(models.TextChoices):
    DELIVERED = "DELIVERED", _("Delivered")
    READ = "READ", pgettext_lazy("message", "Read")
    FAILED = "FAILED", _("Failed")


class Receipt(OwnedModel):
    """What a provider said became of a message; kept for ever, each of its notices once."""

    message = models.ForeignKey(Message, on_delete=models.PROTECT, related_name="receipts")
    channel = models.CharField(max_length=8, choices=Channel)
    receipt_id = models.CharField(max_length=80)
    word = models.CharField(max_length=10, choices=ReceiptWord)
    detail = models.CharField(max_length=80, blank=True)
    happened_at = models.DateTimeField()
    received_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="a_receipt_is_taken_once", fields=["channel", "receipt_id"]
            )
        ]


class Preference(OwnedModel):
    """How one person wants to be written to: channels in order, quiet hours, own addresses."""

    user_id = models.UUIDField(null=True)
    customer_id = models.UUIDField(null=True)
    channels: "ArrayField[Any, Any]" = ArrayField(models.CharField(max_length=8), default=list)
    quiet_from = models.TimeField(null=True)
    quiet_to = models.TimeField(null=True)
    language = models.CharField(max_length=8, blank=True)
    email = SealedField(default=str)
    wechat = SealedField(default=str)
    set_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_preference_a_person",
                fields=["user_id", "customer_id"],
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                name="a_preference_is_of_one_person",
                condition=Q(user_id__isnull=True) ^ Q(customer_id__isnull=True),
            ),
        ]
