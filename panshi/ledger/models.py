"""Nouns of the ledger: accounts, entries, postings, periods. One book per organisation."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from panshi.kit.nouns import OwnedModel
from panshi.kit.states import Machine
from panshi.kit.wording import reads_chinese


class AccountKind(models.TextChoices):
    ASSET = "ASSET", _("Asset")
    LIABILITY = "LIABILITY", _("Liability")
    EQUITY = "EQUITY", _("Equity")
    INCOME = "INCOME", _("Income")
    EXPENSE = "EXPENSE", _("Expense")


class Account(models.Model):
    """A line of the chart that all books share."""

    code = models.CharField(max_length=16, primary_key=True)
    kind = models.CharField(max_length=9, choices=AccountKind)
    name = models.CharField(max_length=60)
    name_zh = models.CharField(max_length=60)

    def __str__(self) -> str:
        return self.name_zh if reads_chinese() else self.name


class Entry(OwnedModel):
    """Something that happened, once, in one book. Never changed; a mistake is reversed."""

    org = models.ForeignKey(
        "org.OrgNode", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    kind = models.CharField(max_length=40)
    source_kind = models.CharField(max_length=60)
    source_id = models.UUIDField()
    occurred_on = models.DateField()
    legs = models.SmallIntegerField()
    reverses = models.OneToOneField("self", null=True, on_delete=models.PROTECT, related_name="+")
    # Shared by the two entries, in two books, that `post_between` writes at once.
    pair_id = models.UUIDField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_entry_per_source", fields=["org", "kind", "source_kind", "source_id"]
            ),
            models.CheckConstraint(name="an_entry_has_two_legs", condition=Q(legs__gte=2)),
        ]
        indexes = [
            models.Index(
                fields=["org", "occurred_on", "id"], include=["kind"], name="entry_by_org_and_day"
            ),
            models.Index(fields=["source_id"], name="entry_by_source"),
            models.Index(
                fields=["pair_id"], condition=Q(pair_id__isnull=False), name="entry_by_pair"
            ),
        ]


class Posting(models.Model):
    """One leg of an entry: debit positive, credit negative, with its plain dimensions."""

    pk = models.CompositePrimaryKey("entry_id", "leg")
    # The trigger that adds up the legs also sees that entry, book, day and account exist and agree:
    # one join per statement instead of three look-ups per leg, and nothing is ever deleted.
    entry = models.ForeignKey(
        Entry,
        on_delete=models.PROTECT,
        related_name="postings",
        db_index=False,
        db_constraint=False,
    )
    leg = models.SmallIntegerField()
    org = models.ForeignKey(
        "org.OrgNode",
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    occurred_on = models.DateField()
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+", db_index=False)
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    vehicle_id = models.UUIDField(null=True)
    customer_id = models.UUIDField(null=True)
    city = models.CharField(max_length=40)

    class Meta:
        constraints = [
            models.CheckConstraint(name="a_leg_is_not_zero", condition=~Q(amount=0)),
        ]
        indexes = [
            models.Index(
                fields=["org", "account", "occurred_on"],
                include=["amount", "city", "entry"],
                name="posting_by_account_and_day",
            ),
            models.Index(fields=["customer_id", "account"], name="posting_by_customer"),
            models.Index(
                fields=["vehicle_id", "account"],
                condition=Q(vehicle_id__isnull=False),
                name="posting_by_vehicle",
            ),
        ]


class Snapshot(models.Model):
    """What was posted to an account in a month of a book and a city: a sum kept, never guessed.

    The trigger that checks an entry notes what it adds as a `SnapshotChange`; folding adds those
    up here. Both together always equal the postings.
    """

    pk = models.CompositePrimaryKey("org_id", "month", "account_id", "city")
    org = models.ForeignKey(
        "org.OrgNode", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    month = models.DateField()
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+", db_index=False)
    city = models.CharField(max_length=40)
    debit = models.DecimalField(max_digits=16, decimal_places=2)
    credit = models.DecimalField(max_digits=16, decimal_places=2)


class DaySum(models.Model):
    """What entries of a kind posted to an account on a day of a book and a city.

    Only of accounts that are asked for each minute. A day that a `SnapshotChange` names is behind
    its postings until the next fold, and is read from them.
    """

    pk = models.CompositePrimaryKey("org_id", "day", "account_id", "kind", "city")
    org = models.ForeignKey(
        "org.OrgNode",
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    day = models.DateField()
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    kind = models.CharField(max_length=40)
    city = models.CharField(max_length=40)
    amount = models.DecimalField(max_digits=16, decimal_places=2)

    class Meta:
        indexes = [
            models.Index(
                fields=["account", "day"],
                include=["kind", "org", "city", "amount"],
                name="day_sum_by_account",
            )
        ]


class SnapshotChange(models.Model):
    """What one statement posted on a day, until it is folded into the sums of its month."""

    org = models.ForeignKey(
        "org.OrgNode",
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    month = models.DateField()
    day = models.DateField()
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    city = models.CharField(max_length=40)
    debit = models.DecimalField(max_digits=16, decimal_places=2)
    credit = models.DecimalField(max_digits=16, decimal_places=2)


class PeriodState(models.TextChoices):
    OPEN = "OPEN", pgettext_lazy("month", "Open")
    CLOSED = "CLOSED", pgettext_lazy("month", "Closed")


PERIOD_LIFE = Machine(
    {PeriodState.OPEN: {PeriodState.CLOSED}, PeriodState.CLOSED: {PeriodState.OPEN}}
)


class Period(OwnedModel):
    """A month of one book; a month without a row is open."""

    month = models.DateField()
    state = models.CharField(max_length=6, choices=PeriodState, default=PeriodState.OPEN)
    closed_at = models.DateTimeField(null=True)
    closed_by_id = models.UUIDField(null=True)
    rounds = models.SmallIntegerField(default=0, db_default=0)
    reopening_asked_by_id = models.UUIDField(null=True)
    reopening_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_period_per_month", fields=["org", "month"]),
            models.CheckConstraint(name="a_period_starts_on_the_first", condition=Q(month__day=1)),
            models.CheckConstraint(
                name="a_closed_period_says_who_and_when",
                condition=Q(state=PeriodState.OPEN)
                | Q(closed_at__isnull=False, closed_by_id__isnull=False),
            ),
        ]


class ClosedSum(OwnedModel):
    """What an account of a city stood at when a month was closed for the nth time; never changed.

    What is posted after a reopening shows as the difference between this and the sums of today.
    """

    month = models.DateField()
    round = models.SmallIntegerField()
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+", db_index=False)
    city = models.CharField(max_length=40)
    debit = models.DecimalField(max_digits=16, decimal_places=2)
    credit = models.DecimalField(max_digits=16, decimal_places=2)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_closed_sum_per_round", fields=["org", "month", "round", "account", "city"]
            ),
        ]


class InvariantCheck(OwnedModel):
    """The last look at one promise of a book: the figures of both sides, and what broke it."""

    code = models.CharField(max_length=4)
    checked_at = models.DateTimeField()
    left = models.DecimalField(max_digits=18, decimal_places=2)
    right = models.DecimalField(max_digits=18, decimal_places=2)
    broken = models.IntegerField()
    example = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_check_per_promise", fields=["org", "code"]),
        ]
