"""Questions about bank statements: lines that wait, whose they may be, and what they were."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import Count, Q, Sum

from panshi.billing.matching import Books, Candidate, Line, OpenBill, Payer
from panshi.billing.models import (
    AccountKind,
    BankLine,
    BankStatement,
    BillBalance,
    BillKind,
    CustomerAccount,
)
from panshi.billing.queries.bills import customer_names
from panshi.crm import queries as crm
from panshi.kit.money import ZERO
from panshi.kit.personal import mask_id
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import GUARDS, question


@dataclass(frozen=True, slots=True, kw_only=True)
class BankRow:
    id: UUID
    statement_id: UUID
    line: int
    value_on: date
    amount: Decimal
    payer: str
    memo: str
    state: str
    score: int | None
    aside: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BankPage:
    rows: tuple[BankRow, ...]
    total: int
    sum_amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementRow:
    id: UUID
    account: str
    file_name: str
    first_on: date
    last_on: date
    opening: Decimal
    closing: Decimal
    lines: int
    waiting: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BillChoice:
    id: UUID
    number: str
    due_on: date
    open_amount: Decimal
    proposed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateRow:
    """A customer whose money it may be, with the reasons and the bills that may be ticked."""

    customer_id: UUID
    name: str
    score: int
    reasons: tuple[tuple[str, int], ...]
    bills: tuple[BillChoice, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BankLineCard(BankRow):
    org_id: int
    balance: Decimal
    account_masked: str
    serial_no: str
    file_name: str
    reasons: tuple[tuple[str, int], ...]
    payment_id: UUID | None
    aside_words: str
    settled_by_id: UUID | None
    settled_at: datetime | None
    entry_id: UUID | None
    cost: str
    proposed_by_id: UUID | None
    other_side_id: UUID | None
    candidates: tuple[CandidateRow, ...]


def line_to_judge(row: BankLine) -> Line:
    """A stored line as the matching rules see it."""
    return Line(
        id=row.id,
        value_on=row.value_on,
        amount=row.amount,
        payer=row.payer,
        memo=row.memo,
        account=row.account_index,
        virtual_account=row.virtual_index,
    )


def books_of(*, org_id: int, names: Iterable[str], actor: Actor) -> Books:
    """An operator's open bills and who may pay them, arranged for matching.

    `names` are those on the lines: a namesake without any bill makes a name doubtful as well.
    """
    rows = list(
        BillBalance.objects.filter(
            org_id=org_id, open_amount__gt=0, kind__in=[BillKind.CHARGE, BillKind.DEPOSIT]
        ).values_list(
            "bill_id", "customer_id", "bill__number", "source_id", "due_on", "open_amount", "kind"
        )
    )
    contracts = _contract_numbers({row[3] for row in rows})
    accounts = list(
        CustomerAccount.objects.filter(org_id=org_id).values_list(
            "customer_id", "kind", "account_index"
        )
    )
    billed = BillBalance.objects.filter(org_id=org_id).values_list("customer_id", flat=True)
    ids = {*billed.distinct(), *(row[0] for row in accounts)}
    known = customer_names(ids, actor)
    namesakes = crm.customers_named(
        org_id=org_id, id_nos=(), phones=(), names=tuple(set(names)), actor=actor
    )
    known |= {c.id: c.name for several in namesakes.values() for c in several}
    by_kind: dict[tuple[UUID, str], set[str]] = {}
    for customer_id, kind, index in accounts:
        by_kind.setdefault((customer_id, kind), set()).add(index)
    return Books(
        bills=[
            OpenBill(
                id=bill_id,
                customer_id=customer_id,
                numbers=tuple(n for n in (number, contracts.get(source_id)) if n),
                due_on=due_on,
                open_amount=open_amount,
                deposit=kind == BillKind.DEPOSIT,
            )
            for bill_id, customer_id, number, source_id, due_on, open_amount, kind in rows
        ],
        payers=[
            Payer(
                id=customer_id,
                name=name,
                accounts=frozenset(by_kind.get((customer_id, AccountKind.PAYER), ())),
                virtual_accounts=frozenset(by_kind.get((customer_id, AccountKind.VIRTUAL), ())),
            )
            for customer_id, name in known.items()
        ],
    )


def _contract_numbers(source_ids: set[UUID]) -> dict[UUID, str]:
    """The numbers of the contracts behind bills, from the rooms above that offer them."""
    found: dict[UUID, str] = {}
    for name, ask in GUARDS.items():
        if name.endswith(".contract_numbers"):
            found |= ask(source_ids=sorted(source_ids))
    return found


def _row(row: BankLine) -> BankRow:
    return BankRow(
        id=row.id,
        statement_id=row.statement_id,
        line=row.line,
        value_on=row.value_on,
        amount=row.amount,
        payer=row.payer,
        memo=row.memo,
        state=row.state,
        score=row.score,
        aside=row.aside,
    )


@question
def bank_rows(
    *,
    actor: Actor,
    state: str = "",
    text: str = "",
    aside: str = "",
    statement_id: UUID | None = None,
    since: date | None = None,
    until: date | None = None,
    limit: int = 20,
    offset: int = 0,
) -> BankPage:
    """Bank lines, the latest first; `until` is the last day. The sum goes over the whole filter.

    `aside` is what lines are that are no customer's payment.
    """
    wanted = Q()
    if state:
        wanted &= Q(state=state)
    if aside:
        wanted &= Q(aside=aside)
    if text:
        wanted &= Q(payer__icontains=text) | Q(memo__icontains=text)
    if statement_id is not None:
        wanted &= Q(statement_id=statement_id)
    if since is not None:
        wanted &= Q(value_on__gte=since)
    if until is not None:
        wanted &= Q(value_on__lte=until)
    rows = BankLine.objects.visible_to(actor).filter(wanted)
    found = rows.defer("account", "virtual_account").order_by("-value_on", "-id")
    counted = rows.aggregate(count=Count("id"), sum=Sum("amount"))
    return BankPage(
        rows=tuple(_row(row) for row in found[offset : offset + limit]),
        total=counted["count"],
        sum_amount=counted["sum"] or ZERO,
    )


@question
def statement_rows(*, actor: Actor, limit: int = 20) -> tuple[StatementRow, ...]:
    """The latest bank files with how many of their lines still wait."""
    rows = BankStatement.objects.visible_to(actor).annotate(
        waiting=Count("rows", filter=Q(rows__state__in=["NEW", "QUEUED"]))
    )
    return tuple(
        StatementRow(
            id=row.id,
            account=mask_id(row.account),
            file_name=row.file_name,
            first_on=row.first_on,
            last_on=row.last_on,
            opening=row.opening,
            closing=row.closing,
            lines=row.lines,
            waiting=row.waiting,
            at=row.at,
        )
        for row in rows.order_by("-at", "-id")[:limit]
    )


@question
def unmatched_lines(*, actor: Actor) -> int:
    """How many bank lines wait for a person."""
    return BankLine.objects.visible_to(actor).filter(state__in=["NEW", "QUEUED"]).count()


@question
def bank_line(*, line_id: UUID, actor: Actor, customer_id: UUID | None = None) -> BankLineCard:
    """One line; while it waits, whose it may be. `customer_id` adds a customer to choose."""
    row = BankLine.objects.visible_to(actor).select_related("statement").get(id=line_id)
    base = _row(row)
    waiting = row.state in ("NEW", "QUEUED") and row.amount > 0
    return BankLineCard(
        **{name: getattr(base, name) for name in BankRow.__slots__},
        org_id=row.org_id,
        balance=row.balance,
        account_masked=mask_id(row.account) if row.account else "",
        serial_no=row.serial_no,
        file_name=row.statement.file_name,
        reasons=tuple((str(code), int(points)) for code, points in row.reasons),
        payment_id=row.payment_id,
        aside_words=row.aside_words,
        settled_by_id=row.settled_by_id,
        settled_at=row.settled_at,
        entry_id=row.entry_id,
        cost=row.cost,
        proposed_by_id=row.proposed_by_id,
        other_side_id=row.other_side_id,
        candidates=_candidates(row, customer_id, actor) if waiting else (),
    )


def _candidates(row: BankLine, customer_id: UUID | None, actor: Actor) -> tuple[CandidateRow, ...]:
    books = books_of(org_id=row.org_id, names=[row.payer], actor=actor)
    found = list(books.judge(line_to_judge(row)).candidates[:5])
    if customer_id is not None and customer_id not in {c.customer_id for c in found}:
        found.append(Candidate(customer_id=customer_id, bill_ids=(), score=0, reasons=()))
    ids = tuple(candidate.customer_id for candidate in found)
    names = customer_names(ids, actor)
    owed: dict[UUID, list[BillBalance]] = {}
    balances = BillBalance.objects.filter(
        org_id=row.org_id, customer_id__in=ids, open_amount__gt=0
    ).exclude(kind=BillKind.CREDIT)
    for balance in balances.select_related("bill").order_by("due_on", "bill_id"):
        owed.setdefault(balance.customer_id, []).append(balance)
    return tuple(
        CandidateRow(
            customer_id=candidate.customer_id,
            name=names[candidate.customer_id],
            score=candidate.score,
            reasons=tuple((reason.code, reason.points) for reason in candidate.reasons),
            bills=tuple(
                BillChoice(
                    id=balance.bill_id,
                    number=balance.bill.number or "",
                    due_on=balance.due_on,
                    open_amount=balance.open_amount,
                    proposed=balance.bill_id in candidate.bill_ids,
                )
                for balance in owed.get(candidate.customer_id, [])[:50]
            ),
        )
        for candidate in found
        if candidate.customer_id in names
    )
