from django.db import models
from django.db.models import F, Q
from django.utils.translation import pgettext_lazy

from panshi.kit.nouns import OwnedModel
from panshi.kit.states import Machine


class InvoiceState(models.TextChoices):
    ASKED = "ASKED", pgettext_lazy("invoice", "Asked for")
    SUBMITTED = "SUBMITTED", pgettext_lazy("invoice", "Submitted, no answer yet")
    ISSUED = "ISSUED", pgettext_lazy("invoice", "Issued")
    REJECTED = "REJECTED", pgettext_lazy("invoice", "Rejected")
    RED_ASKED = "RED_ASKED", pgettext_lazy("invoice", "Red letter asked for")
    RED_ISSUED = "RED_ISSUED", pgettext_lazy("invoice", "Taken back by a red letter")


INVOICE_LIFE = Machine(
    {
        InvoiceState.ASKED: {InvoiceState.SUBMITTED},
        InvoiceState.SUBMITTED: {InvoiceState.ISSUED, InvoiceState.REJECTED},
        InvoiceState.REJECTED: {InvoiceState.ASKED},
        InvoiceState.ISSUED: {InvoiceState.RED_ASKED},
        InvoiceState.RED_ASKED: {InvoiceState.RED_ISSUED, InvoiceState.ISSUED},
    }
)


class EInvoice(OwnedModel):
    """An electronic VAT invoice on lines of bills, or the red letter that takes one back.

    `attempt` counts the submissions: each has its own idempotency key, so an answer that was lost
    is asked for and never issued twice. A number is unique within its calendar year.
    """

    customer_id = models.UUIDField()
    buyer_name = models.CharField(max_length=120)
    buyer_tax_no = models.CharField(max_length=24, blank=True)
    email = models.CharField(max_length=120, blank=True)
    state = models.CharField(max_length=10, choices=InvoiceState, default=InvoiceState.ASKED)
    red_of = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="reds")
    attempt = models.SmallIntegerField(default=1)
    year = models.SmallIntegerField(null=True)
    number = models.CharField(max_length=24, null=True)
    net = models.DecimalField(max_digits=14, decimal_places=2)
    vat = models.DecimalField(max_digits=14, decimal_places=2)
    total = models.DecimalField(max_digits=14, decimal_places=2)
    reason = models.CharField(max_length=200, blank=True)
    asked_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True)
    issued_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="an_invoice_number_is_used_once_a_year", fields=["year", "number"]
            ),
            models.UniqueConstraint(
                name="an_invoice_is_taken_back_once",
                fields=["red_of"],
                condition=Q(red_of__isnull=False) & ~Q(state="REJECTED"),
            ),
            models.CheckConstraint(
                name="an_issued_invoice_has_a_number",
                condition=~Q(state__in=["ISSUED", "RED_ASKED", "RED_ISSUED"])
                | Q(number__isnull=False, year__isnull=False, issued_at__isnull=False),
            ),
            models.CheckConstraint(
                name="an_invoice_adds_up", condition=Q(total=F("net") + F("vat"))
            ),
            models.CheckConstraint(
                name="a_red_letter_is_negative",
                condition=Q(red_of__isnull=True, total__gt=0)
                | Q(red_of__isnull=False, total__lt=0),
            ),
        ]
        indexes = [
            models.Index(fields=["org", "-asked_at", "-id"], name="invoice_by_org"),
            models.Index(fields=["customer_id"], name="invoice_by_customer"),
            models.Index(
                fields=["state"],
                condition=Q(state__in=["ASKED", "SUBMITTED"]),
                name="invoice_under_way",
            ),
        ]


class EInvoiceLine(OwnedModel):
    """A line of a bill on an invoice; `taken_back` frees it for another one."""

    invoice = models.ForeignKey(EInvoice, on_delete=models.PROTECT, related_name="lines")
    bill_id = models.UUIDField()
    bill_line_id = models.UUIDField()
    customer_id = models.UUIDField()
    words = models.CharField(max_length=200)
    vat_rate = models.DecimalField(max_digits=5, decimal_places=4)
    net = models.DecimalField(max_digits=14, decimal_places=2)
    vat = models.DecimalField(max_digits=14, decimal_places=2)
    gross = models.DecimalField(max_digits=14, decimal_places=2)
    taken_back = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="a_line_is_invoiced_once",
                fields=["bill_line_id"],
                condition=Q(taken_back=False, gross__gt=0),
            ),
            models.CheckConstraint(
                name="an_invoice_line_adds_up", condition=Q(gross=F("net") + F("vat"))
            ),
        ]
        indexes = [models.Index(fields=["bill_id"], name="invoice_line_by_bill")]
