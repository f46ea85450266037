"""What all verbs about bank lines share: a line taken alone, and the moment of its day."""

from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import connection

from panshi.billing.models import BankLine
from panshi.kit.clock import day_start
from panshi.kit.tenancy import Actor

# What the bank said of a line never changes; these say what it was.
SETTLED: Final = (
    "state", "entry_id", "cost", "proposed_by_id", "aside", "aside_words", "settled_by_id",
    "settled_at", "other_side", "channel",
)  # fmt: skip


def noon(day: date) -> datetime:
    """A bank tells the day alone."""
    return day_start(day) + timedelta(hours=12)


def alone(org_id: int) -> None:
    """One matching of an operator's lines at a time."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 13))", [str(org_id)])


def locked_line(line_id: UUID, permission: str, actor: Actor) -> BankLine:
    """A line, behind its operator's lock."""
    found = BankLine.objects.visible_to(actor).get(id=line_id)
    actor.must(permission, found.org_id)
    alone(found.org_id)
    return BankLine.objects.select_for_update(no_key=True).get(id=line_id)
