"""Posting and reversing entries, one or a hundred thousand by the same statement.

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

from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb
from panshi.ledger import rules
from panshi.ledger.events import EntriesPosted, EntriesReversed, EntryReversed
from panshi.ledger.models import Entry, Posting


class Unbalanced(Refusal):
    pass


class UnknownAccount(Refusal):
    pass


class PeriodClosed(Refusal):
    pass


class BooksDisagree(Refusal):
    pass


class AlreadyReversed(Refusal):
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
    city: str,
    customer_id: UUID | None = None,
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
    """An entry to post; (org, kind, source) is its idempotency key.

    `pair_id` is for `post_between` alone: it ties the two entries of two books together.
    """

    org_id: int
    kind: str
    source_kind: str
    source_id: UUID
    occurred_on: date
    postings: tuple[NewPosting, ...]
    pair_id: UUID | None = None


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
    amount numeric(14, 2) NOT NULL, vehicle_id uuid, customer_id uuid, city text NOT NULL,
    pair_id uuid
)
"""
# One statement for one entry and for a hundred thousand: heads, then the legs of the new ones.
_POST: Final = """
WITH staged AS (SELECT * FROM {staged}), heads AS (
    SELECT org_id, kind, source_kind, source_id, pair_id, min(occurred_on) AS occurred_on,
        count(*) AS legs
    FROM staged GROUP BY org_id, kind, source_kind, source_id, pair_id
), added AS (
    INSERT INTO ledger_entry (id, org_id, kind, source_kind, source_id, occurred_on, legs, pair_id)
    SELECT ledger_new_id(), org_id, kind, source_kind, source_id, occurred_on, legs, pair_id
    FROM heads
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
    %s::numeric(14, 2)[], %s::uuid[], %s::uuid[], %s::text[], %s::uuid[]
) AS given(org_id, kind, source_kind, source_id, occurred_on, leg, account, amount, vehicle_id,
    customer_id, city, pair_id)"""


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


def post_given(entries: Sequence[NewEntry]) -> Posted:
    """Post entries whose sums were looked at; called inside a verb, as `post_staged` is."""
    legs = [
        (entry, number, leg)
        for entry in entries
        for number, leg in enumerate(entry.postings, start=1)
    ]
    return _post(
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
            [e.pair_id for e, _n, _p in legs],
        ],
    )


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
    if constraint == "books_agree_on_what_is_between_them":
        return BooksDisagree(_("What one book owes another must stand in both. Post a pair."))
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
    posted = post_given(entries)
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
