from decimal import Decimal

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from panshi.billing.models.catalogue import Product
from panshi.billing.models.plans import ChargePlan
from panshi.kit.nouns import OwnedManager, OwnedModel
from panshi.kit.states import Machine
from panshi.kit.wording import spoken


class BillKind(models.TextChoices):
    CHARGE = "CHARGE", _("Charge")
    DEPOSIT = "DEPOSIT", _("Deposit")
    CREDIT = "CREDIT", _("Credit note")


class BillState(models.TextChoices):
    DRAFT = "DRAFT", _("Draft")
    ISSUED = "ISSUED", _("Issued")
    DISCARDED = "DISCARDED", _("Discarded")


BILL_LIFE = Machine({BillState.DRAFT: {BillState.ISSUED, BillState.DISCARDED}})


class Bill(OwnedModel):
    """What a customer is asked for, or given back. Once issued it never changes."""

    org = models.ForeignKey(
        "org.OrgNode", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    number = models.CharField(max_length=24, null=True)
    kind = models.CharField(max_length=8, choices=BillKind)
    state = models.CharField(max_length=10, choices=BillState, default=BillState.DRAFT)
    customer_id = models.UUIDField()
    vehicle_id = models.UUIDField(null=True)
    source_kind = models.CharField(max_length=60)
    source_id = models.UUIDField()
    plan = models.ForeignKey(
        ChargePlan, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    period_from = models.DateField(null=True)
    period_to = models.DateField(null=True)
    sequence = models.SmallIntegerField(default=0)
    due_on = models.DateField()
    total = models.DecimalField(max_digits=14, decimal_places=2)
    city = models.CharField(max_length=40, blank=True)
    drafted_at = models.DateTimeField()
    issued_on = models.DateField(null=True)
    credits = models.ForeignKey(
        "self", null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_bill_per_plan_and_period",
                fields=["plan", "period_from", "kind", "sequence"],
                condition=Q(plan__isnull=False) & ~Q(state=BillState.DISCARDED),
            ),
            models.UniqueConstraint(
                name="one_bill_per_source",
                fields=["source_id", "kind", "sequence"],
                condition=Q(plan__isnull=True) & ~Q(state=BillState.DISCARDED),
            ),
            models.UniqueConstraint(name="bill_numbers_differ", fields=["org", "number"]),
            models.CheckConstraint(
                name="an_issued_bill_has_number_and_day",
                condition=~Q(state=BillState.ISSUED)
                | Q(number__isnull=False, issued_on__isnull=False),
            ),
            models.CheckConstraint(
                name="only_a_credit_note_is_negative",
                condition=Q(kind=BillKind.CREDIT, total__lte=0)
                | (~Q(kind=BillKind.CREDIT) & Q(total__gte=0)),
            ),
            models.CheckConstraint(
                name="a_credit_note_names_its_bill",
                condition=Q(kind=BillKind.CREDIT, credits__isnull=False)
                | (~Q(kind=BillKind.CREDIT) & Q(credits__isnull=True)),
            ),
        ]
        indexes = [
            models.Index(fields=["org", "-due_on", "-id"], name="bill_by_org_and_due"),
            models.Index(fields=["-due_on", "-id"], name="bill_by_due"),
            models.Index(
                fields=["kind", "-due_on", "-id"], include=["state", "total"], name="bill_by_kind"
            ),
            models.Index(
                fields=["city", "-due_on", "-id"], include=["state", "total"], name="bill_by_city"
            ),
            models.Index(
                fields=["-due_on", "-id"],
                condition=Q(state=BillState.DISCARDED),
                name="bill_discarded",
            ),
            models.Index(fields=["customer_id", "-due_on"], name="bill_by_customer"),
            models.Index(fields=["source_id"], name="bill_by_source"),
            models.Index(
                fields=["credits"], condition=Q(credits__isnull=False), name="bill_credited_by"
            ),
            models.Index(
                fields=["drafted_at"], condition=Q(state=BillState.DRAFT), name="bill_in_draft"
            ),
            models.Index(fields=["id"], include=["state", "city"], name="bill_standing"),
            models.Index(
                fields=["id"], condition=~Q(state=BillState.ISSUED), name="bill_not_issued"
            ),
        ]


class BillLine(OwnedModel):
    """One line, tax inside: gross = quantity × unit price − relieved, and net = gross − vat."""

    # A trigger sees that bill, organisation and customer agree; a bill is never deleted.
    org = models.ForeignKey(
        "org.OrgNode",
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    bill = models.ForeignKey(
        Bill, on_delete=models.PROTECT, related_name="lines", db_index=False, db_constraint=False
    )
    position = models.SmallIntegerField()
    customer_id = models.UUIDField()
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="+", db_index=False)
    words = models.CharField(max_length=200, blank=True)
    # What the words say to those who read English, where whoever billed them knew it.
    words_en = models.CharField(max_length=200, blank=True, db_default="")
    vehicle_id = models.UUIDField(null=True)
    service_from = models.DateField(null=True)
    service_to = models.DateField(null=True)
    quantity = models.DecimalField(max_digits=12, decimal_places=3)
    unit_price = models.DecimalField(max_digits=14, decimal_places=2)
    relieved = models.DecimalField(max_digits=14, decimal_places=2, default=0)
    gross = models.DecimalField(max_digits=14, decimal_places=2)
    vat_code = models.CharField(max_length=16)
    vat_rate = models.DecimalField(max_digits=5, decimal_places=4)
    vat = models.DecimalField(max_digits=14, decimal_places=2)
    net = models.DecimalField(max_digits=14, decimal_places=2)
    credits = models.ForeignKey(
        "self", null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(name="bill_lines_have_places", fields=["bill", "position"]),
            models.CheckConstraint(
                name="net_is_gross_less_vat", condition=Q(net=F("gross") - F("vat"))
            ),
        ]
        indexes = [
            models.Index(
                fields=["credits"], condition=Q(credits__isnull=False), name="line_credited_by"
            ),
            models.Index(
                fields=["service_to", "org"],
                include=["service_from", "net", "product", "bill"],
                condition=Q(service_to__isnull=False),
                name="line_by_service_end",
            ),
        ]

    @property
    def told(self) -> str:
        """The words in the language of who reads them."""
        return spoken(self.words, self.words_en)


class BillBalance(models.Model):
    """What is still open on an issued bill; the only part of it that moves."""

    bill = models.OneToOneField(
        Bill, primary_key=True, on_delete=models.PROTECT, related_name="balance"
    )
    org = models.ForeignKey(
        "org.OrgNode",
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    kind = models.CharField(max_length=8, choices=BillKind)
    customer_id = models.UUIDField()
    vehicle_id = models.UUIDField(null=True)
    source_kind = models.CharField(max_length=60)
    source_id = models.UUIDField()
    city = models.CharField(max_length=40, blank=True)
    due_on = models.DateField()
    total = models.DecimalField(max_digits=14, decimal_places=2)
    open_amount = models.DecimalField(max_digits=14, decimal_places=2)
    written_off = models.DecimalField(
        max_digits=14, decimal_places=2, default=0, db_default=Decimal(0)
    )
    settled_on = models.DateField(null=True)
    rung = models.SmallIntegerField(null=True)

    objects = OwnedManager["BillBalance"]()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="open_lies_between_nothing_and_all",
                condition=Q(open_amount__gte=0) & Q(open_amount__lte=F("total")),
            ),
            models.CheckConstraint(
                name="what_is_written_off_is_not_open",
                condition=Q(written_off__gte=0) & Q(written_off__lte=F("total") - F("open_amount")),
            ),
        ]
        indexes = [
            models.Index(
                fields=["org", "due_on"],
                include=["kind", "city", "total", "open_amount"],
                condition=Q(open_amount__gt=0),
                name="balance_open_by_org",
            ),
            models.Index(
                fields=["source_id"], condition=Q(open_amount__gt=0), name="balance_open_by_source"
            ),
            models.Index(
                fields=["customer_id"],
                condition=Q(open_amount__gt=0),
                name="balance_open_by_customer",
            ),
            models.Index(fields=["due_on", "org"], name="balance_by_due"),
        ]


class DepositState(models.TextChoices):
    DEMANDED = "DEMANDED", _("Demanded")
    HELD = "HELD", _("Held")
    RESERVED = "RESERVED", _("Reserved")
    RETURNED = "RETURNED", _("Returned")
    APPLIED = "APPLIED", _("Applied")
    WAIVED = "WAIVED", _("Waived")


DEPOSIT_LIFE = Machine(
    {
        DepositState.DEMANDED: {DepositState.HELD, DepositState.WAIVED},
        DepositState.HELD: {DepositState.RESERVED},
        DepositState.RESERVED: {
            DepositState.HELD,
            DepositState.RETURNED,
            DepositState.APPLIED,
        },
    }
)


class Deposit(OwnedModel):
    """A customer's security: held while the lease runs, reserved at return, applied or returned.

    `returning` of what is reserved is on its way back by refunds that have not been paid yet.
    `bill` is null for one that the operator already held when it moved in.
    """

    source_kind = models.CharField(max_length=60)
    source_id = models.UUIDField()
    customer_id = models.UUIDField()
    vehicle_id = models.UUIDField(null=True)
    bill = models.OneToOneField(Bill, null=True, on_delete=models.PROTECT, related_name="+")
    channel = models.CharField(max_length=8, blank=True)
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    held = models.DecimalField(max_digits=14, decimal_places=2, default=0)
    reserved = models.DecimalField(max_digits=14, decimal_places=2, default=0)
    applied = models.DecimalField(max_digits=14, decimal_places=2, default=0)
    returned = models.DecimalField(max_digits=14, decimal_places=2, default=0)
    returning = models.DecimalField(
        max_digits=14, decimal_places=2, default=0, db_default=Decimal(0)
    )
    state = models.CharField(max_length=10, choices=DepositState, default=DepositState.DEMANDED)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="what_goes_back_is_reserved_until_it_has_gone",
                condition=Q(returning__gte=0) & Q(returning__lte=F("reserved")),
            ),
            models.UniqueConstraint(name="one_deposit_per_source", fields=["source_id"]),
            models.CheckConstraint(
                name="a_deposit_reserves_only_what_it_holds",
                condition=Q(amount__gt=0)
                & Q(reserved__gte=0)
                & Q(reserved__lte=F("held"))
                & Q(applied__gte=0)
                & Q(returned__gte=0),
            ),
            models.CheckConstraint(
                name="a_deposit_is_somewhere",
                condition=Q(state__in=["DEMANDED", "WAIVED"], held=0)
                | Q(amount=F("held") + F("applied") + F("returned")),
            ),
        ]


class DepositMoveKind(models.TextChoices):
    RESERVED = "RESERVED", _("Reserved")
    RELEASED = "RELEASED", _("Released")
    RETURNED = "RETURNED", _("Returned")


class DepositMove(OwnedModel):
    """A move of a deposit's money; what is applied to a bill is an allocation."""

    deposit = models.ForeignKey(Deposit, on_delete=models.PROTECT, related_name="moves")
    kind = models.CharField(max_length=10, choices=DepositMoveKind)
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    at = models.DateTimeField()
    by_id = models.UUIDField()
