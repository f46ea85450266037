"""Quotes: what a customer is offered, from which row of which price book, and until when."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from panshi.kit.nouns import OwnedModel
from panshi.kit.states import Machine
from panshi.leasing.models.leases import Alignment, Lease


class QuoteState(models.TextChoices):
    DRAFT = "DRAFT", pgettext_lazy("quote", "Draft")
    DISCOUNT_REVIEW = "DISCOUNT_REVIEW", _("Discount being reviewed")
    SENT = "SENT", pgettext_lazy("quote", "Sent")
    ACCEPTED = "ACCEPTED", pgettext_lazy("quote", "Accepted")
    DECLINED = "DECLINED", pgettext_lazy("quote", "Declined")
    EXPIRED = "EXPIRED", pgettext_lazy("quote", "Expired")


S = QuoteState
QUOTE_LIFE = Machine(
    {
        S.DRAFT: {S.DISCOUNT_REVIEW, S.SENT},
        S.DISCOUNT_REVIEW: {S.SENT, S.DECLINED},
        S.SENT: {S.ACCEPTED, S.DECLINED, S.EXPIRED},
    }
)


class QuotePolicy(models.Model):
    """From a day on: how long a quote may stand and a hold may keep a vehicle, as HQ allows."""

    starts_on = models.DateField(unique=True)
    valid_days = models.PositiveSmallIntegerField()
    hold_hours = models.PositiveSmallIntegerField()
    to_confirm = models.BooleanField(default=True)


class Quote(OwnedModel):
    """An offer of one vehicle for a monthly rent.

    `listed` and `floor` are those of the row that it was priced by; the row, its book and what was
    asked are kept, so that the same price is found again. With `hold_until` the vehicle is kept
    for the customer by a lease that is a draft until the quote is accepted.
    """

    number = models.CharField(max_length=40)
    customer = models.ForeignKey("crm.Customer", on_delete=models.PROTECT, related_name="+")
    vehicle = models.ForeignKey("fleet.Vehicle", on_delete=models.PROTECT, related_name="+")
    product_code = models.CharField(max_length=24)
    model_code = models.CharField(max_length=24)
    city = models.CharField(max_length=40)
    region_id = models.IntegerField(null=True)
    starts_on = models.DateField()
    months = models.PositiveSmallIntegerField()
    volume = models.PositiveSmallIntegerField(default=1)
    alignment = models.CharField(max_length=8, choices=Alignment)
    monthly_rent = models.DecimalField(max_digits=14, decimal_places=2)
    deposit = models.DecimalField(max_digits=14, decimal_places=2)
    listed = models.DecimalField(max_digits=14, decimal_places=2)
    floor = models.DecimalField(max_digits=14, decimal_places=2)
    book_id = models.UUIDField()
    book_version = models.CharField(max_length=20)
    row_id = models.UUIDField()
    state = models.CharField(max_length=16, choices=QuoteState, default=QuoteState.DRAFT)
    drafted_by_id = models.UUIDField()
    drafted_at = models.DateTimeField()
    discount_reason = models.CharField(max_length=200, blank=True)
    asked_by_id = models.UUIDField(null=True)
    decided_by_id = models.UUIDField(null=True)
    decided_at = models.DateTimeField(null=True)
    discount_note = models.CharField(max_length=200, blank=True)
    sent_at = models.DateTimeField(null=True)
    valid_until = models.DateField(null=True)
    hold_until = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    decline_reason = models.CharField(max_length=200, blank=True)
    lease = models.ForeignKey(Lease, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(name="quote_number_once", fields=["org", "number"]),
            models.CheckConstraint(
                name="a_quote_has_sound_amounts",
                condition=Q(monthly_rent__gt=0, deposit__gte=0, months__gte=1, volume__gte=1)
                & Q(floor__lte=F("listed")),
            ),
            models.CheckConstraint(
                name="below_the_floor_another_person_approves",
                condition=Q(state__in=["DRAFT", "DISCOUNT_REVIEW", "DECLINED"])
                | Q(monthly_rent__gte=F("floor"))
                | Q(decided_by_id__isnull=False),
            ),
            models.CheckConstraint(
                name="nobody_approves_the_own_discount",
                condition=Q(decided_by_id__isnull=True) | ~Q(decided_by_id=F("asked_by_id")),
            ),
            models.CheckConstraint(
                name="a_sent_quote_ends",
                condition=Q(state__in=["DRAFT", "DISCOUNT_REVIEW", "DECLINED"])
                | Q(sent_at__isnull=False, valid_until__isnull=False),
            ),
            models.CheckConstraint(
                name="an_accepted_quote_has_its_lease",
                condition=~Q(state="ACCEPTED") | Q(lease__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["org", "state", "-id"], name="quote_list"),
            models.Index(
                fields=["hold_until"],
                name="quote_holds",
                condition=Q(state="SENT", hold_until__isnull=False),
            ),
        ]
