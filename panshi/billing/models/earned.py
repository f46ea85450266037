"""Sums of what is earned by its days, kept for who asks each minute.

A change of a bill's standing notes its node as an `EarnedChange`; what is kept of a node counts
while none is noted, and is reckoned from the lines otherwise. Both always answer alike.
"""

from typing import Any

from django.db import models


def _node() -> "models.ForeignKey[Any, Any]":
    return models.ForeignKey(
        "org.OrgNode",
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )


class EarnedSpan(models.Model):
    """The days [since, until) that are kept of a node; its vehicles' are those of the month of the
    last of them."""

    org = models.OneToOneField(
        "org.OrgNode",
        primary_key=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_constraint=False,
    )
    since = models.DateField()
    until = models.DateField()


class EarnedDay(models.Model):
    """What a day of a node, a city and an income account earned, net, in CNY."""

    pk = models.CompositePrimaryKey("org_id", "day", "account", "city")
    org = _node()
    day = models.DateField()
    account = models.CharField(max_length=16)
    city = models.CharField(max_length=40)
    amount = models.DecimalField(max_digits=16, decimal_places=2)


class EarnedVehicle(models.Model):
    """What a vehicle earned in a node in the running month, net, in fen, which add up quickly."""

    org = _node()
    vehicle_id = models.UUIDField(null=True)
    fen = models.BigIntegerField()

    class Meta:
        indexes = [
            models.Index(fields=["org"], include=["vehicle_id", "fen"], name="earned_by_org")
        ]


class EarnedChange(models.Model):
    """A bill of a node came to count, or counts no longer, since its sums were reckoned."""

    org = _node()

    class Meta:
        indexes = [models.Index(fields=["org"], name="earned_change_by_org")]
