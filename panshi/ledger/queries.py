"""Questions to the ledger: entries, balances, the trial balance, the journal, the export."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext_lazy as _

from panshi.kit.clock import add_months, month_start
from panshi.kit.money import ZERO
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question
from panshi.ledger import rules
from panshi.ledger.models import Account, Entry, Period, PeriodState, Posting

KIND_WORDS: Final = {
    "BILL_ISSUED": _("Bill issued"),
    "BILL_CREDITED": _("Credit note issued"),
    "CREDIT_LEFT_ON_ACCOUNT": _("Credit left on account"),
    "DEPOSIT_DEMANDED": _("Deposit demanded"),
    "DEPOSIT_TAKEN_OVER": _("Deposit taken over at the move-in"),
    "DEPOSIT_TAKEN_OVER_REVERSED": _("Take-over of a deposit undone"),
    "DEPOSIT_RESERVED": _("Deposit reserved"),
    "DEPOSIT_RELEASED": _("Deposit released"),
    "DEPOSIT_RETURNED": _("Deposit returned"),
    "DEPOSIT_APPLIED": _("Deposit applied to a bill"),
    "PAYMENT_RECEIVED": _("Payment received"),
    "PAYMENT_ALLOCATED": _("Payment allocated"),
    "REVENUE_RECOGNISED": _("Revenue recognised"),
}


@dataclass(frozen=True, slots=True)
class LegRow:
    account: str
    account_name: str
    debit: Decimal | None
    credit: Decimal | None
    vehicle_id: UUID | None
    customer_id: UUID | None
    city: str


@dataclass(frozen=True, slots=True)
class EntryCard:
    id: UUID
    org_id: int
    kind: str
    source_kind: str
    source_id: UUID
    occurred_on: date
    reverses_id: UUID | None
    legs: tuple[LegRow, ...]
    debit: Decimal
    credit: Decimal

    @property
    def title(self) -> str:
        """What kind of entry this is, in words; a kind without words shows its code."""
        return str(KIND_WORDS.get(self.kind, self.kind))


@dataclass(frozen=True, slots=True)
class BalanceRow:
    """Σ of postings on an account in [since, until), debit positive."""

    org_id: int
    city: str
    account: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class TrialRow:
    account: str
    name: str
    kind: str
    opening: Decimal
    debit: Decimal
    credit: Decimal
    closing: Decimal


@dataclass(frozen=True, slots=True)
class PeriodRow:
    org_id: int
    month: date
    state: str
    reopening_reason: str


def _leg(posting: Posting) -> LegRow:
    amount = posting.amount
    return LegRow(
        account=posting.account_id,
        account_name=str(posting.account),
        debit=amount if amount > 0 else None,
        credit=-amount if amount < 0 else None,
        vehicle_id=posting.vehicle_id,
        customer_id=posting.customer_id,
        city=posting.city,
    )


def _cards(entries: list[Entry]) -> list[EntryCard]:
    legs: dict[UUID, list[LegRow]] = {entry.id: [] for entry in entries}
    postings = Posting.objects.filter(entry_id__in=legs).select_related("account")
    for posting in postings.order_by("entry_id", "leg"):
        legs[posting.entry_id].append(_leg(posting))
    return [
        EntryCard(
            id=entry.id,
            org_id=entry.org_id,
            kind=entry.kind,
            source_kind=entry.source_kind,
            source_id=entry.source_id,
            occurred_on=entry.occurred_on,
            reverses_id=entry.reverses_id,
            legs=tuple(legs[entry.id]),
            debit=sum((leg.debit or ZERO for leg in legs[entry.id]), ZERO),
            credit=sum((leg.credit or ZERO for leg in legs[entry.id]), ZERO),
        )
        for entry in entries
    ]


@question
def accounts(*, actor: Actor) -> list[tuple[str, str]]:
    """The chart: codes and names, by code."""
    return [(account.code, str(account)) for account in Account.objects.order_by("code")]


@question
def entry_card(*, entry_id: UUID, actor: Actor) -> EntryCard:
    """One entry with its legs, as the journal shows it."""
    return _cards([Entry.objects.visible_to(actor).get(id=entry_id)])[0]


@question
def entries_of(*, source_kind: str, source_id: UUID, actor: Actor) -> list[EntryCard]:
    """The entries that a document made, oldest first."""
    rows = Entry.objects.visible_to(actor).filter(source_kind=source_kind, source_id=source_id)
    return _cards(list(rows.order_by("occurred_on", "id")))


@question
def entries_of_sources(*, source_ids: tuple[UUID, ...], actor: Actor) -> list[EntryCard]:
    """The entries that several documents made, oldest first."""
    rows = Entry.objects.visible_to(actor).filter(source_id__in=source_ids)
    return _cards(list(rows.order_by("occurred_on", "id")))


@question
def journal(
    *,
    since: date,
    until: date,
    actor: Actor,
    kind: str = "",
    account: str = "",
    org_id: int | None = None,
    after: UUID | None = None,
    limit: int = 50,
) -> list[EntryCard]:
    """Entries of [since, until), newest first; `after` is the last entry of the page before."""
    rows = Entry.objects.visible_to(actor).filter(occurred_on__gte=since, occurred_on__lt=until)
    if org_id is not None:
        rows = rows.filter(org_id=org_id)
    if kind:
        rows = rows.filter(kind=kind)
    if account:
        rows = rows.filter(
            id__in=Posting.objects.filter(
                account_id=account, occurred_on__gte=since, occurred_on__lt=until
            ).values("entry_id")
        )
    if after is not None:
        last = Entry.objects.visible_to(actor).get(id=after)
        rows = rows.extra(  # A row comparison, which one index range answers.
            where=["(ledger_entry.occurred_on, ledger_entry.id) < (%s, %s)"],
            params=[last.occurred_on, last.id],
        )
    return _cards(list(rows.order_by("-occurred_on", "-id")[:limit]))


_BALANCES = """
SELECT org_id, city, account_id, sum(amount) FROM ledger_posting p
WHERE account_id = ANY(%(accounts)s) AND occurred_on < %(until)s
  AND (%(since)s::date IS NULL OR occurred_on >= %(since)s)
  AND (%(org)s::int IS NULL OR org_id = %(org)s)
  AND (%(kind)s = '' OR EXISTS (
    SELECT FROM ledger_entry e WHERE e.id = p.entry_id AND e.kind = %(kind)s))
GROUP BY org_id, city, account_id HAVING sum(amount) <> 0
"""


@question
def balances(
    *,
    accounts: tuple[str, ...],
    until: date,
    actor: Actor,
    since: date | None = None,
    org_id: int | None = None,
    kind: str = "",
) -> list[BalanceRow]:
    """Sums by org, city and account over [since, until); without `since`, from the beginning.

    `kind` leaves all entries of other kinds out.
    """
    values: dict[str, Any] = {
        "accounts": list(accounts), "until": until, "since": since, "kind": kind,
        "org": org_id if org_id is not None else actor.single_org_id,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_BALANCES, values)
        return [BalanceRow(*row) for row in cursor.fetchall()]


@dataclass(frozen=True, slots=True)
class DaySum:
    """Σ of postings on an account and day, debit positive."""

    day: date
    account: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class PostingRow:
    """One leg with the document that made it, debit positive."""

    entry_id: UUID
    org_id: int
    city: str
    day: date
    account: str
    kind: str
    source_kind: str
    source_id: UUID
    vehicle_id: UUID | None
    amount: Decimal


@dataclass(frozen=True, slots=True)
class PostingPage:
    """A page of legs; `total` and `amount` are those of all that match."""

    rows: tuple[PostingRow, ...]
    total: int
    amount: Decimal


_OF_DAYS = """
FROM ledger_posting p JOIN ledger_entry e ON e.id = p.entry_id
WHERE p.account_id = ANY(%(accounts)s) AND p.occurred_on >= %(since)s
  AND p.occurred_on < %(until)s AND (%(org)s::int IS NULL OR p.org_id = %(org)s)
  -- A leg has its entry's day and book: said twice, both are read from one range of an index.
  AND e.occurred_on >= %(since)s AND e.occurred_on < %(until)s
  AND (%(org)s::int IS NULL OR e.org_id = %(org)s)
  AND (%(city)s = '' OR p.city = %(city)s)
  AND (cardinality(%(kinds)s::text[]) = 0 OR e.kind = ANY(%(kinds)s::text[]))
  AND e.kind <> ALL(%(but)s::text[])
"""


def _of_days(
    accounts: tuple[str, ...],
    since: date,
    until: date,
    actor: Actor,
    kinds: tuple[str, ...],
    but_kinds: tuple[str, ...],
    city: str,
) -> dict[str, Any]:
    return {
        "accounts": list(accounts), "since": since, "until": until, "city": city,
        "kinds": list(kinds), "but": list(but_kinds), "org": actor.single_org_id,
    }  # fmt: skip


@question
def daily_sums(
    *,
    accounts: tuple[str, ...],
    since: date,
    until: date,
    actor: Actor,
    kinds: tuple[str, ...] = (),
    but_kinds: tuple[str, ...] = (),
    city: str = "",
) -> list[DaySum]:
    """Sums by day and account over [since, until); `kinds` are counted alone, `but_kinds` never."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT p.occurred_on, p.account_id, sum(p.amount) {_OF_DAYS}"
            " GROUP BY 1, 2 ORDER BY 1, 2",
            _of_days(accounts, since, until, actor, kinds, but_kinds, city),
        )
        return [DaySum(*row) for row in cursor.fetchall()]


@question
def posting_page(
    *,
    accounts: tuple[str, ...],
    since: date,
    until: date,
    actor: Actor,
    kinds: tuple[str, ...] = (),
    but_kinds: tuple[str, ...] = (),
    city: str = "",
    limit: int = 20,
    offset: int = 0,
) -> PostingPage:
    """The legs behind a sum of days, newest first."""
    values = _of_days(accounts, since, until, actor, kinds, but_kinds, city)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*), COALESCE(sum(p.amount), 0) {_OF_DAYS}", values)
        total, amount = cursor.fetchone()
        cursor.execute(
            "SELECT p.entry_id, p.org_id, p.city, p.occurred_on, p.account_id, e.kind,"
            f" e.source_kind, e.source_id, p.vehicle_id, p.amount {_OF_DAYS}"
            " ORDER BY p.occurred_on DESC, p.entry_id DESC, p.leg"
            " LIMIT %(limit)s OFFSET %(offset)s",
            {**values, "limit": limit, "offset": offset},
        )
        rows = tuple(PostingRow(*row) for row in cursor.fetchall())
    return PostingPage(rows, total, amount)


_CUSTOMER = """
SELECT COALESCE(sum(amount), 0) FROM ledger_posting
WHERE customer_id = %s AND account_id = ANY(%s) AND occurred_on < %s
"""


@question
def customer_balance(
    *, customer_id: UUID, accounts: tuple[str, ...], until: date, actor: Actor
) -> Decimal:
    """What a customer's postings on these accounts sum to before a day, debit positive."""
    with connection.cursor() as cursor:
        cursor.execute(_CUSTOMER, [customer_id, list(accounts), until])
        total: Decimal = cursor.fetchone()[0]
    return total


_TRIAL = """
SELECT account_id,
    COALESCE(sum(amount) FILTER (WHERE occurred_on < %(since)s), 0),
    COALESCE(sum(amount) FILTER (WHERE occurred_on >= %(since)s AND amount > 0), 0),
    COALESCE(-sum(amount) FILTER (WHERE occurred_on >= %(since)s AND amount < 0), 0),
    sum(amount)
FROM ledger_posting
WHERE occurred_on < %(until)s AND (%(org)s::int IS NULL OR org_id = %(org)s)
GROUP BY account_id
"""


@question
def trial_balance(*, month: date, actor: Actor, org_id: int | None = None) -> list[TrialRow]:
    """Opening, debits, credits and closing per account of a month; each column sums to zero."""
    since = month_start(month)
    names = {account.code: account for account in Account.objects.all()}
    with connection.cursor() as cursor:
        cursor.execute(
            _TRIAL,
            {
                "since": since,
                "until": add_months(since, 1),
                "org": org_id if org_id is not None else actor.single_org_id,
            },
        )
        rows = cursor.fetchall()
    return [
        TrialRow(code, str(names[code]), names[code].kind, *figures)
        for code, *figures in sorted(rows)
    ]


@question
def periods(*, actor: Actor, limit: int = 60) -> list[PeriodRow]:
    """Months that were ever closed, newest first."""
    rows = Period.objects.visible_to(actor).order_by("-month", "org_id")[:limit]
    return [PeriodRow(p.org_id, p.month, p.state, p.reopening_reason) for p in rows]


@question
def books_closed_in(*, month: date, actor: Actor) -> set[int]:
    """The orgs, among those the actor sees, whose book is closed for the month of this day."""
    rows = Period.objects.filter(month=month_start(month), state=PeriodState.CLOSED)
    return set(rows.values_list("org_id", flat=True))


_EXPORT = """
SELECT e.id, e.occurred_on, e.kind, e.source_kind, e.source_id, p.account_id, p.amount,
       p.vehicle_id, p.customer_id, p.city
FROM ledger_entry e JOIN ledger_posting p ON p.entry_id = e.id
WHERE e.org_id = %s ORDER BY e.occurred_on, e.id, p.leg
"""


@question
def export_beancount(*, org_id: int, actor: Actor) -> str:
    """One book as beancount text: an outside program must add it up to the same balances."""
    with connection.cursor() as cursor:
        cursor.execute(_EXPORT, [org_id])
        rows = cursor.fetchall()
    opened_on = rows[0][1] if rows else date(1970, 1, 1)
    return "\n".join(rules.beancount(_entries(rows), opened_on=opened_on)) + "\n"


def _entries(rows: list[tuple[object, ...]]) -> Iterator[rules.JournalEntry]:
    """Gather consecutive rows of one entry."""
    legs: list[rules.JournalLeg] = []
    for index, row in enumerate(rows):
        entry_id, on, kind, source_kind, source_id, account, amount, vehicle, customer, city = row
        assert isinstance(on, date)
        assert isinstance(amount, Decimal)
        legs.append(
            rules.JournalLeg(
                str(account), amount, str(vehicle or ""), str(customer or ""), str(city)
            )
        )
        if index + 1 == len(rows) or rows[index + 1][0] != entry_id:
            yield rules.JournalEntry(
                on, f"{kind} {source_kind} {source_id}", f"entry-{entry_id}", tuple(legs)
            )
            legs = []
