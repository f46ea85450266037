"""Nouns of the house itself: the outbox, idempotency keys, stored files, long tasks."""

from typing import Any

from django.db import models
from django.db.models.functions import Now

from panshi.kit.nouns import OwnedModel
from panshi.kit.personal import SealedField


class Outbox(models.Model):
    """A fact, as published."""

    id = models.BigAutoField(primary_key=True)
    fact_id = models.UUIDField(unique=True)
    org_id = models.IntegerField()
    name = models.CharField(max_length=80)
    verb = models.CharField(max_length=80, default="")
    actor_id = models.UUIDField()
    at = models.DateTimeField()
    payload = models.JSONField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["org_id", "name", "id"], name="outbox_by_org_and_name")]


class Delivery(models.Model):
    """One fact on its way to one handler.

    Written by the statement that writes the fact, which nobody may delete: to look for it again
    would be a fifth of the cost of publishing.
    """

    id = models.BigAutoField(primary_key=True)
    outbox = models.ForeignKey(
        Outbox, on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    org_id = models.IntegerField()
    handler = models.CharField(max_length=120)
    attempts = models.SmallIntegerField(db_default=0)
    not_before = models.DateTimeField(db_default=Now())
    done_at = models.DateTimeField(null=True)
    parked_at = models.DateTimeField(null=True)
    error = models.TextField(db_default="")

    class Meta:
        indexes = [
            models.Index(
                fields=["org_id", "handler", "id"],
                name="delivery_waiting",
                condition=models.Q(done_at__isnull=True, parked_at__isnull=True),
            )
        ]


class Idempotent(models.Model):
    """The stored answer of a call that came with an Idempotency-Key."""

    key = models.UUIDField(primary_key=True)
    org_id = models.IntegerField()
    actor_id = models.UUIDField()
    verb = models.CharField(max_length=80)
    answer = models.JSONField()
    created_at = models.DateTimeField(db_default=Now())


class StoredFile(OwnedModel):
    """A file by its content: the bytes lie under their SHA-256, the row says whose they are."""

    sha256 = models.CharField(max_length=64)
    name = models.CharField(max_length=200)
    media_type = models.CharField(max_length=80)
    size = models.PositiveIntegerField()
    customer_id = models.UUIDField(null=True)
    by_id = models.UUIDField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="file_has_a_sha256", condition=models.Q(sha256__regex="^[0-9a-f]{64}$")
            )
        ]
        indexes = [models.Index(fields=["org", "sha256"], name="file_by_content")]


class LongTask(OwnedModel):
    """Work that a person waits for: shown in the tray with its progress, and found again later."""

    kind = models.CharField(max_length=60)
    title = models.CharField(max_length=200)
    by_id = models.UUIDField()
    state = models.CharField(
        max_length=10,
        choices=[(s, s) for s in ("QUEUED", "RUNNING", "DONE", "FAILED", "CANCELLED")],
        default="QUEUED",
    )
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    words = models.TextField(default="")
    result: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField(default=dict)
    finished_at = models.DateTimeField(null=True)


class Number(models.Model):
    """The last running number of a series in an org: bills, leases, work orders."""

    org_id = models.IntegerField()
    series = models.CharField(max_length=40)
    last = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["org_id", "series"], name="number_once")]


class ImportBatch(OwnedModel):
    """A spreadsheet on its way into the register: what it held, what was wrong, what came of it."""

    kind = models.CharField(max_length=40)
    file_name = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    by_id = models.UUIDField()
    state = models.CharField(
        max_length=10,
        choices=[(s, s) for s in ("STAGED", "COMMITTED", "UNDONE", "DISCARDED")],
        default="STAGED",
    )
    header_row = models.PositiveIntegerField()
    headers: "models.JSONField[list[str], list[str]]" = models.JSONField()
    unused: "models.JSONField[list[str], list[str]]" = models.JSONField()
    rows = models.PositiveIntegerField()
    new = models.PositiveIntegerField()
    there = models.PositiveIntegerField()
    wrong = models.PositiveIntegerField()
    errors = SealedField()
    committed_at = models.DateTimeField(null=True)
    undone_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="a_file_is_imported_once",
                fields=["org", "kind", "sha256"],
                condition=models.Q(state="COMMITTED"),
            ),
            models.CheckConstraint(
                name="only_a_batch_without_errors_is_committed",
                condition=~models.Q(state__in=("COMMITTED", "UNDONE"))
                | models.Q(wrong=0, committed_at__isnull=False),
            ),
        ]
        indexes = [models.Index(fields=["org", "kind", "-created_at"], name="import_by_kind")]


class ImportRow(OwnedModel):
    """One row of a batch; `content` is sealed, and emptied once it is no longer needed."""

    batch = models.ForeignKey(ImportBatch, on_delete=models.PROTECT, related_name="+")
    row = models.PositiveIntegerField()
    content = SealedField()
    state = models.CharField(
        max_length=8,
        choices=[(s, s) for s in ("NEW", "THERE", "WRONG", "CREATED", "REMOVED")],
    )
    note = models.CharField(max_length=400, blank=True)
    record_id = models.UUIDField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="import_row_once", fields=["batch", "row"]),
            models.CheckConstraint(
                name="a_created_row_names_its_record",
                condition=models.Q(state__in=("CREATED", "REMOVED"), record_id__isnull=False)
                | ~models.Q(state__in=("CREATED", "REMOVED")),
            ),
        ]
