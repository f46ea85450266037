"""Verbs of the ledger: post, reverse, close and reopen a month.

Other rooms that post by the thousand fill a stage in SQL and post it in one go:
`open_stage()`, `INSERT INTO ledger_staged SELECT …`, `post_staged()`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from panshi.kit.clock import month_start
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import GUARDS, verb
from panshi.ledger import rules
from panshi.ledger.events import (
    EntriesPosted,
    EntriesReversed,
    EntryReversed,
    MonthClosed,
    MonthReopened,
    ReopeningAsked,
)
from panshi.ledger.models import PERIOD_LIFE, Entry, Period, PeriodState, Posting


class Unbalanced(Refusal):
    pass


class UnknownAccount(Refusal):
    pass


class PeriodClosed(Refusal):
    pass


class AlreadyReversed(Refusal):
    pass


class MonthNotReady(Refusal):
    pass


class SamePerson(Refusal):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPosting:
    """A leg to post; `amount` in CNY, debit positive, credit negative."""

    account: str
    amount: Decimal
    vehicle_id: UUID | None = None
    customer_id: UUID | None = None
    city: str = ""


def legs_of(
    *parts: tuple[str, Decimal],
    customer_id: UUID,
    city: str,
    vehicle_id: UUID | None = None,
) -> tuple[NewPosting, ...]:
    """The legs of an entry that are all about one customer, city and vehicle.

    `parts` are accounts with their amounts in CNY, debit positive, credit negative.
    """
    return tuple(
        NewPosting(
            account=account,
            amount=amount,
            vehicle_id=vehicle_id,
            customer_id=customer_id,
            city=city,
        )
        for account, amount in parts
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEntry:
    """An entry to post; (org, kind, source) is its idempotency key."""

    org_id: int
    kind: str
    source_kind: str
    source_id: UUID
    occurred_on: date
    postings: tuple[NewPosting, ...]


@dataclass(frozen=True, slots=True)
class Posted:
    """What became of a stage: new entries and their legs, and entries known before."""

    entries: int
    postings: int
    known: int


_STAGE: Final = """
CREATE TEMP TABLE ledger_staged (
    org_id int NOT NULL, kind text NOT NULL, source_kind text NOT NULL, source_id uuid NOT NULL,
    occurred_on date NOT NULL, leg smallint NOT NULL, account text NOT NULL,
    amount numeric(14, 2) NOT NULL, vehicle_id uuid, customer_id uuid, city text NOT NULL
)
"""
# One statement for one entry and for a hundred thousand: heads, then the legs of the new ones.
_POST: Final = """
WITH staged AS (SELECT * FROM {staged}), heads AS (
    SELECT org_id, kind, source_kind, source_id, min(occurred_on) AS occurred_on, count(*) AS legs
    FROM staged GROUP BY org_id, kind, source_kind, source_id
), added AS (
    INSERT INTO ledger_entry (id, org_id, kind, source_kind, source_id, occurred_on, legs)
    SELECT ledger_new_id(), org_id, kind, source_kind, source_id, occurred_on, legs FROM heads
    ON CONFLICT ON CONSTRAINT one_entry_per_source DO NOTHING
    RETURNING id, org_id, kind, source_kind, source_id, occurred_on
), legs AS (
    INSERT INTO ledger_posting
        (entry_id, leg, org_id, occurred_on, account_id, amount, vehicle_id, customer_id, city)
    SELECT e.id, s.leg, e.org_id, e.occurred_on, s.account, s.amount, s.vehicle_id, s.customer_id,
        s.city
    FROM staged s JOIN added e USING (org_id, kind, source_kind, source_id)
    RETURNING leg
)
SELECT (SELECT count(*) FROM added), (SELECT count(*) FROM legs), (SELECT count(*) FROM heads)
"""
_GIVEN: Final = """unnest(
    %s::int[], %s::text[], %s::text[], %s::uuid[], %s::date[], %s::smallint[], %s::text[],
    %s::numeric(14, 2)[], %s::uuid[], %s::uuid[], %s::text[]
) AS given(org_id, kind, source_kind, source_id, occurred_on, leg, account, amount, vehicle_id,
    customer_id, city)"""


def open_stage() -> None:
    """Make the empty temporary table `ledger_staged` for a set-based posting in this transaction.

    Its rows are legs: org_id, kind, source_kind, source_id, occurred_on, leg (1, 2, … within the
    entry), account, amount, vehicle_id, customer_id, city.
    """
    with connection.cursor() as cursor:
        cursor.execute(_STAGE)


def post_staged() -> Posted:
    """Post what the stage holds and remove it; sources posted before are left as they are.

    Called inside a verb. Raises Unbalanced, UnknownAccount or PeriodClosed; then nothing is posted.
    """
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE ledger_staged")
        posted = _post("ledger_staged", [])
        cursor.execute("DROP TABLE ledger_staged")
    return posted


def _post(staged: str, values: list[Any]) -> Posted:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_POST.format(staged=staged), values)
            entries, legs, heads = cursor.fetchone() or (0, 0, 0)
    except IntegrityError as error:
        raise _refusal_for(error) from error
    return Posted(entries, legs, heads - entries)


def _refusal_for(error: IntegrityError) -> Refusal:
    """Tell which promise of the database the posting would have broken."""
    diagnosis = getattr(error.__cause__, "diag", None)
    constraint = getattr(diagnosis, "constraint_name", "") or ""
    if constraint == "nothing_in_a_closed_month":
        return PeriodClosed(_("The month is closed in the ledger. Post into an open month."))
    if "account" in constraint:
        return UnknownAccount(_("The chart has no such account."))
    return Unbalanced(_("The entry does not balance; nothing was posted."))


@verb
def post_entries(*, entries: Sequence[NewEntry], actor: Actor, at: datetime) -> EntriesPosted:
    """Post entries of one or more books; a source posted before is left as it is.

    Raises Unbalanced, UnknownAccount or PeriodClosed; then none of them is posted.
    """
    for org_id in sorted({entry.org_id for entry in entries}):
        actor.must("ledger.post_entries", org_id)
    for entry in entries:
        if not rules.is_balanced([p.amount for p in entry.postings]):
            raise Unbalanced(_("The entry does not balance; nothing was posted."))
    legs = [
        (entry, number, leg)
        for entry in entries
        for number, leg in enumerate(entry.postings, start=1)
    ]
    posted = _post(
        _GIVEN,
        [
            [e.org_id for e, _n, _p in legs],
            [e.kind for e, _n, _p in legs],
            [e.source_kind for e, _n, _p in legs],
            [e.source_id for e, _n, _p in legs],
            [e.occurred_on for e, _n, _p in legs],
            [n for _e, n, _p in legs],
            [p.account for _e, _n, p in legs],
            [p.amount for _e, _n, p in legs],
            [p.vehicle_id for _e, _n, p in legs],
            [p.customer_id for _e, _n, p in legs],
            [p.city for _e, _n, p in legs],
        ],
    )
    return EntriesPosted(
        org_id=actor.org_id,
        actor_id=actor.id,
        at=at,
        posted=posted.entries,
        postings=posted.postings,
        known=posted.known,
    )


@verb
def reverse_entry(
    *, entry_id: UUID, occurred_on: date, actor: Actor, at: datetime
) -> EntryReversed:
    """Cancel an entry by its mirror image. Raises AlreadyReversed or PeriodClosed."""
    entry = Entry.objects.visible_to(actor).get(id=entry_id)
    actor.must("ledger.reverse_entry", entry.org_id)
    if Entry.objects.filter(reverses=entry).exists():
        raise AlreadyReversed(_("This entry was reversed before."))
    try:
        with transaction.atomic():
            mirror = Entry.objects.create(
                org_id=entry.org_id,
                kind=f"{entry.kind}_REVERSED",
                source_kind="ledger.Entry",
                source_id=entry.id,
                occurred_on=occurred_on,
                legs=entry.legs,
                reverses=entry,
            )
            Posting.objects.bulk_create(
                Posting(
                    entry=mirror,
                    leg=leg.leg,
                    org_id=leg.org_id,
                    occurred_on=occurred_on,
                    account_id=leg.account_id,
                    amount=-leg.amount,
                    vehicle_id=leg.vehicle_id,
                    customer_id=leg.customer_id,
                    city=leg.city,
                )
                for leg in entry.postings.order_by("leg")
            )
    except IntegrityError as error:
        raise _refusal_for(error) from error
    return EntryReversed(
        org_id=entry.org_id, actor_id=actor.id, at=at, entry_id=entry.id, reversal_id=mirror.id
    )


_MIRRORS: Final = """
INSERT INTO ledger_entry
    (id, org_id, kind, source_kind, source_id, occurred_on, legs, reverses_id)
SELECT ledger_new_id(), org_id, kind || '_REVERSED', 'ledger.Entry', id, %(on)s, legs, id
FROM ledger_entry WHERE id = ANY(%(ids)s) ORDER BY id
"""
_MIRROR_LEGS: Final = """
INSERT INTO ledger_posting
    (entry_id, leg, org_id, occurred_on, account_id, amount, vehicle_id, customer_id, city)
SELECT m.id, p.leg, p.org_id, m.occurred_on, p.account_id, -p.amount, p.vehicle_id, p.customer_id,
    p.city
FROM ledger_entry m JOIN ledger_posting p ON p.entry_id = m.reverses_id
WHERE m.reverses_id = ANY(%(ids)s)
"""


@verb
def reverse_entries(
    *, entry_ids: Sequence[UUID], occurred_on: date, actor: Actor, at: datetime
) -> EntriesReversed:
    """Cancel entries by their mirror images, all or none.

    Raises AlreadyReversed or PeriodClosed.
    """
    found = Entry.objects.visible_to(actor).filter(id__in=list(entry_ids))
    orgs = dict(found.values_list("id", "org_id"))
    for org_id in sorted(set(orgs.values())):
        actor.must("ledger.reverse_entry", org_id)
    if Entry.objects.filter(reverses__in=orgs).exists():
        raise AlreadyReversed(_("This entry was reversed before."))
    values: dict[str, Any] = {"ids": list(orgs), "on": occurred_on}
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_MIRRORS, values)
            cursor.execute(_MIRROR_LEGS, values)
    except IntegrityError as error:
        raise _refusal_for(error) from error
    return EntriesReversed(org_id=actor.org_id, actor_id=actor.id, at=at, entries=len(orgs))


def _period(org_id: int, month: date) -> Period:
    """The period's row, locked, with every posting of that month done or kept waiting."""
    month = month_start(month)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s || '/' || %s::date, 5))",
            [str(org_id), month],
        )
    Period.objects.get_or_create(org_id=org_id, month=month)
    return Period.objects.select_for_update().get(org_id=org_id, month=month)


@verb
def close_month(*, org_id: int, month: date, actor: Actor, at: datetime) -> MonthClosed:
    """Shut a month of a book. Raises MonthNotReady with what the rooms above still miss."""
    actor.must("ledger.close_month", org_id)
    period = _period(org_id, month)
    reasons = [
        reason
        for name, ask in sorted(GUARDS.items())
        if name.endswith(".month_may_close")
        for reason in ask(org_id=org_id, month=period.month)
    ]
    if reasons:
        raise MonthNotReady(" ".join(reasons))
    period.state = PERIOD_LIFE.step(period.state, PeriodState.CLOSED)
    period.closed_at, period.closed_by_id = at, actor.id
    period.save(update_fields=["state", "closed_at", "closed_by_id"])
    return MonthClosed(org_id=org_id, actor_id=actor.id, at=at, month=period.month)


@verb
def ask_reopening(
    *, org_id: int, month: date, reason: str, actor: Actor, at: datetime
) -> ReopeningAsked:
    """Ask that a closed month be opened again; another person does it."""
    actor.must("ledger.reopen_month", org_id)
    period = _period(org_id, month)
    PERIOD_LIFE.step(period.state, PeriodState.OPEN)
    period.reopening_asked_by_id, period.reopening_reason = actor.id, reason
    period.save(update_fields=["reopening_asked_by_id", "reopening_reason"])
    return ReopeningAsked(
        org_id=org_id, actor_id=actor.id, at=at, month=period.month, reason=reason
    )


@verb
def reopen_month(*, org_id: int, month: date, actor: Actor, at: datetime) -> MonthReopened:
    """Open a closed month that another person asked for. Raises SamePerson."""
    actor.must("ledger.reopen_month", org_id)
    period = _period(org_id, month)
    if period.reopening_asked_by_id in (None, actor.id):
        raise SamePerson(_("Reopening takes two people: one asks with a reason, another opens."))
    period.state = PERIOD_LIFE.step(period.state, PeriodState.OPEN)
    reason = period.reopening_reason
    period.reopening_asked_by_id, period.reopening_reason = None, ""
    period.save(update_fields=["state", "reopening_asked_by_id", "reopening_reason"])
    return MonthReopened(org_id=org_id, actor_id=actor.id, at=at, month=period.month, reason=reason)
