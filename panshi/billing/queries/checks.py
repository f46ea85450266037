"""Questions about the daily checks of payment channels."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import Count, F, Q

from panshi.billing.models import ChannelCheck, ChannelDifference
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRow:
    id: UUID
    channel: str
    day: date
    lines: int
    matched: int
    differences: int
    open_differences: int
    file_amount: Decimal
    file_fee: Decimal
    payments_amount: Decimal
    ledger_amount: Decimal
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckPage:
    rows: tuple[CheckRow, ...]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DifferenceRow:
    id: UUID
    kind: str
    what: str
    number: str
    payment_id: UUID | None
    line: int | None
    there_amount: Decimal | None
    here_amount: Decimal | None
    ledger_amount: Decimal | None
    there_fee: Decimal | None
    agreed_fee: Decimal | None
    there_on: date | None
    here_on: date | None
    settled_words: str
    settled_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckCard(CheckRow):
    rows: tuple[DifferenceRow, ...]


@question
def check_rows(*, actor: Actor, channel: str = "", limit: int = 20, offset: int = 0) -> CheckPage:
    """The checks that were run, the latest day first."""
    rows = ChannelCheck.objects.visible_to(actor)
    if channel:
        rows = rows.filter(channel=channel)
    found = rows.annotate(waiting=Count("rows", filter=Q(rows__settled_at=None)))
    return CheckPage(
        rows=tuple(
            _check(row, row.waiting)
            for row in found.order_by("-day", "channel", "-at")[offset : offset + limit]
        ),
        total=rows.count(),
    )


def _check(row: ChannelCheck, waiting: int) -> CheckRow:
    return CheckRow(
        id=row.id,
        channel=row.channel,
        day=row.day,
        lines=row.lines,
        matched=row.matched,
        differences=row.differences,
        open_differences=waiting,
        file_amount=row.file_amount,
        file_fee=row.file_fee,
        payments_amount=row.payments_amount,
        ledger_amount=row.ledger_amount,
        at=row.at,
    )


@question
def check_card(*, check_id: UUID, actor: Actor, limit: int = 500) -> CheckCard:
    """One check with its differences, the open ones first."""
    row = ChannelCheck.objects.visible_to(actor).get(id=check_id)
    found = ChannelDifference.objects.filter(check_run=row)
    waiting = found.filter(settled_at=None).count()
    listed = found.order_by(F("settled_at").asc(nulls_first=True), "kind", "line", "id")
    base = _check(row, waiting)
    return CheckCard(
        **{name: getattr(base, name) for name in CheckRow.__slots__},
        rows=tuple(
            DifferenceRow(
                id=d.id,
                kind=d.kind,
                what=d.what,
                number=d.number,
                payment_id=d.payment_id,
                line=d.line,
                there_amount=d.there_amount,
                here_amount=d.here_amount,
                ledger_amount=d.ledger_amount,
                there_fee=d.there_fee,
                agreed_fee=d.agreed_fee,
                there_on=d.there_on,
                here_on=d.here_on,
                settled_words=d.settled_words,
                settled_at=d.settled_at,
            )
            for d in listed[:limit]
        ),
    )


@question
def check_of_difference(*, difference_id: UUID, actor: Actor) -> UUID:
    """The check that found a difference."""
    row = ChannelDifference.objects.visible_to(actor).get(id=difference_id)
    return row.check_run_id
