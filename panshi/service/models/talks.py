"""Threads with customers."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from panshi.kit.nouns import OwnedModel
from panshi.kit.states import Machine


class ConversationState(models.TextChoices):
    SELF_SERVICE = "SELF_SERVICE", _("Self-service")
    WAITING_STAFF = "WAITING_STAFF", _("Waiting for staff")
    WITH_STAFF = "WITH_STAFF", _("With staff")
    WAITING_CUSTOMER = "WAITING_CUSTOMER", _("Waiting for the customer")
    RESOLVED = "RESOLVED", _("Resolved")
    CLOSED = "CLOSED", _("Closed")


CONVERSATION_LIFE = Machine(
    {
        ConversationState.SELF_SERVICE: {
            ConversationState.WAITING_STAFF,
            ConversationState.RESOLVED,
        },
        ConversationState.WAITING_STAFF: {ConversationState.WITH_STAFF},
        ConversationState.WITH_STAFF: {
            ConversationState.WAITING_CUSTOMER,
            ConversationState.SELF_SERVICE,
            ConversationState.RESOLVED,
        },
        ConversationState.WAITING_CUSTOMER: {
            ConversationState.WITH_STAFF,
            ConversationState.RESOLVED,
        },
        ConversationState.RESOLVED: {ConversationState.CLOSED, ConversationState.WITH_STAFF},
    }
)


class Conversation(OwnedModel):
    """One thread with one customer, about one subject."""

    customer_id = models.UUIDField()
    subject = models.CharField(max_length=120)
    order_id = models.UUIDField(null=True)
    state = models.CharField(
        max_length=16, choices=ConversationState, default=ConversationState.SELF_SERVICE
    )
    owner_id = models.UUIDField(null=True)
    waiting_since = models.DateTimeField(null=True)
    last_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["org", "state", "last_at"], name="talk_by_state")]


class Message(OwnedModel):
    """What was said; never changed."""

    conversation = models.ForeignKey(
        Conversation, on_delete=models.PROTECT, related_name="messages"
    )
    customer_id = models.UUIDField()
    author_kind = models.CharField(
        max_length=10,
        choices=[
            ("CUSTOMER", _("Customer")),
            ("STAFF", _("Staff")),
            ("AUTOMATIC", _("Automatic answer")),
        ],
    )
    author_id = models.UUIDField()
    text = models.TextField()
    node_code = models.CharField(max_length=60, blank=True)
    at = models.DateTimeField()
