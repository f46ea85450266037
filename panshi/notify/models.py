"""Nouns of notification: one message to one person or customer over one channel."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from panshi.kit.nouns import OwnedModel
from panshi.kit.states import Machine


class Channel(models.TextChoices):
    IN_APP = "IN_APP", _("In the app")
    SMS = "SMS", _("Text message")


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


class Message(OwnedModel):
    """A message as it was sent, with what became of it."""

    user_id = models.UUIDField(null=True)
    customer_id = models.UUIDField(null=True)
    channel = models.CharField(max_length=8, choices=Channel)
    subject = models.CharField(max_length=120)
    body = models.TextField(blank=True)
    link = models.CharField(max_length=200, blank=True)
    source_kind = models.CharField(max_length=40)
    source_id = models.CharField(max_length=60)
    state = models.CharField(max_length=10, choices=MessageState, default=MessageState.QUEUED)
    sent_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="message_has_one_recipient",
                condition=Q(user_id__isnull=True) ^ Q(customer_id__isnull=True),
            ),
            models.UniqueConstraint(
                name="message_once_per_source_and_recipient",
                fields=["source_kind", "source_id", "channel", "user_id", "customer_id"],
                nulls_distinct=False,
            ),
        ]
        indexes = [
            models.Index(
                fields=["user_id", "-id"], name="message_unread", condition=Q(read_at=None)
            )
        ]
