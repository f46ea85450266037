"""Nouns of the organisation: nodes of the tree, users, tokens, the audit trail."""

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateRangeField, RangeOperators
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from panshi.kit.ids import uuid7
from panshi.kit.nouns import OwnedModel


class OrgKind(models.TextChoices):
    PLATFORM = "PLATFORM", _("Platform")
    REGION = "REGION", _("Regional centre")
    OPERATOR = "OPERATOR", _("Operator")
    TEAM = "TEAM", _("Team")


class Role(models.TextChoices):
    ADMINISTRATOR = "ADMINISTRATOR", _("Administrator")
    DECISION_MAKER = "DECISION_MAKER", _("Decision maker")
    FINANCE = "FINANCE", _("Finance")
    SALES = "SALES", _("Sales")
    OPERATIONS = "OPERATIONS", _("Operations")
    DISPATCHER = "DISPATCHER", _("Dispatcher")
    ENGINEER = "ENGINEER", _("Field engineer")
    WAREHOUSE = "WAREHOUSE", _("Warehouse")
    YARD = "YARD", _("Yard and delivery")
    TRAINER = "TRAINER", _("Trainer")
    AUDITOR = "AUDITOR", _("Auditor")
    CUSTOMER = "CUSTOMER", _("Customer")


class OrgNode(models.Model):
    """A node of the tree platform → regional centre → operator → team."""

    id = models.AutoField(primary_key=True)
    parent = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="children")
    kind = models.CharField(max_length=8, choices=OrgKind)
    name = models.CharField(max_length=80)
    city = models.CharField(max_length=40, blank=True)
    closed_on = models.DateField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="only_the_platform_has_no_parent",
                condition=Q(kind=OrgKind.PLATFORM, parent=None)
                | (~Q(kind=OrgKind.PLATFORM) & Q(parent__isnull=False)),
            ),
            models.UniqueConstraint(
                name="one_platform", fields=["kind"], condition=Q(kind=OrgKind.PLATFORM)
            ),
            models.UniqueConstraint(name="names_differ_below_a_parent", fields=["parent", "name"]),
        ]

    def __str__(self) -> str:
        return self.name


class OrgEdge(models.Model):
    """Below which node a node stood on which days; the first edge has no beginning."""

    child = models.ForeignKey(OrgNode, on_delete=models.CASCADE, related_name="edges")
    parent = models.ForeignKey(OrgNode, on_delete=models.PROTECT, related_name="+")
    during = DateRangeField()

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="a_node_stands_below_one_at_a_day",
                expressions=[
                    ("child", RangeOperators.EQUAL),
                    ("during", RangeOperators.OVERLAPS),
                ],
            )
        ]


class User(AbstractUser):
    """A person who signs in: staff of one node, or a customer of one operator."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    org = models.ForeignKey(OrgNode, on_delete=models.PROTECT, related_name="+")
    full_name = models.CharField(max_length=60)
    roles = ArrayField(models.CharField(max_length=16, choices=Role), default=list)
    customer_id = models.UUIDField(null=True)
    language = models.CharField(max_length=8, default="zh-hans")
    must_use_second_factor = models.BooleanField(default=False)

    REQUIRED_FIELDS = ["org_id"]

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="a_customer_role_stands_alone",
                condition=Q(customer_id__isnull=True) & ~Q(roles__contains=["CUSTOMER"])
                | Q(customer_id__isnull=False, roles=["CUSTOMER"]),
            )
        ]


class ApiToken(OwnedModel):
    """A secret by which a program acts as a user; only its hash is kept."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=60)
    digest = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)


class AuditRow(models.Model):
    """One change of one row: who, what, before and after; chained by hashes once sealed."""

    id = models.BigAutoField(primary_key=True)
    org_id = models.IntegerField()
    table = models.CharField(max_length=60)
    row_id = models.CharField(max_length=40)
    act = models.CharField(max_length=8)
    actor = models.CharField(max_length=40)
    at = models.DateTimeField(db_default=Now())
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["org_id", "id"], name="audit_by_org"),
            models.Index(fields=["row_id"], name="audit_by_record"),
            models.Index(fields=["table"], name="audit_by_table"),
            # Most rows tell of what was added; the others are looked for.
            models.Index(fields=["id"], condition=~models.Q(act="INSERT"), name="audit_of_changes"),
        ]


class AuditSeal(models.Model):
    """A link of the hash chain over the audit rows up to `last_id`."""

    id = models.BigAutoField(primary_key=True)
    last_id = models.BigIntegerField()
    rows = models.IntegerField()
    digest = models.CharField(max_length=64)
    sealed_at = models.DateTimeField(db_default=Now())
