"""Questions about money that left the bank: what it may be, and whether books and bank agree."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db.models import Max, Q, Sum
from django.utils.translation import gettext as _

from panshi.billing.matching import (
    ACCOUNT,
    AHEAD,
    ENOUGH,
    EXACT,
    NAME,
    NEAR,
    NEAR_DAYS,
    NUMBER,
    POINTS,
    fold_name,
    fold_number,
)
from panshi.billing.models import (
    AsideKind,
    BankLine,
    BankStatement,
    Channel,
    OutgoingCost,
    Refund,
    RefundState,
)
from panshi.kit.clock import local_day
from panshi.kit.money import ZERO
from panshi.kit.personal import blind_index
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import GUARDS, question
from panshi.ledger import queries as ledger

BANK: Final = "1002"
BANK_COST: Final = "BANK_COST"
ACCOUNT_PURPOSE: Final = "bank-account"
COST_ACCOUNTS: Final[Mapping[str, str]] = {
    OutgoingCost.RENT: "6602.rent",
    OutgoingCost.WAGES: "2211",
    OutgoingCost.TAX: "2221.09",
    OutgoingCost.OFFICE: "6602.office",
    OutgoingCost.BANK_FEE: "6603",
    OutgoingCost.LOSS: "6711",
}
AROUND: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingDue:
    """What a room above has to pay: its words, whom to, its numbers, and where paying it is done.

    `url` takes a POST; the room's guard `outgoing_due` answers these for an amount in CNY.
    """

    words: str
    payee: str
    numbers: tuple[str, ...]
    due_on: date
    amount: Decimal
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingCandidate:
    """What a line of money out may be: an ENTRY that stands, a REFUND that was sent, or a DUE."""

    kind: str
    id: UUID | None
    words: str
    day: date
    amount: Decimal
    score: int
    reasons: tuple[tuple[str, int], ...]
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BankAgreement:
    """A book's bank accounts by their files and by account 1002, in CNY.

    `bank` is the files' last balance, `unbooked` what stands in them and not in the books, `rest`
    what stands in the books and in none of the files, as from before the first one.
    """

    org_id: int
    on: date
    bank: Decimal
    unbooked: Decimal
    books: Decimal

    @property
    def rest(self) -> Decimal:
        return self.books - (self.bank - self.unbooked)


def account_index(account: str) -> str:
    """The blind index of a bank account's digits, or nothing for nothing."""
    plain = "".join(account.split())
    return blind_index(plain, purpose=ACCOUNT_PURPOSE) if plain else ""


def _judge(
    line: BankLine, *, payee: str, numbers: Sequence[str], day: date, account: str = ""
) -> tuple[tuple[str, int], ...]:
    """The reasons for a candidate of the exact amount, with their points."""
    memo = fold_number(line.memo)
    found = [EXACT]
    if any(number and fold_number(number) in memo for number in numbers):
        found.append(NUMBER)
    if account and line.account_index and account == line.account_index:
        found.append(ACCOUNT)
    if payee and line.payer and fold_name(payee) == fold_name(line.payer):
        found.append(NAME)
    if abs((line.value_on - day).days) <= NEAR_DAYS:
        found.append(NEAR)
    return tuple((code, POINTS[code]) for code in found)


def _candidate(
    kind: str, reasons: tuple[tuple[str, int], ...], *, id: UUID | None, words: str, day: date,
    amount: Decimal, url: str = "",
) -> OutgoingCandidate:  # fmt: skip
    score = sum(points for _code, points in reasons)
    return OutgoingCandidate(
        kind=kind, id=id, words=words, day=day, amount=amount, score=score, reasons=reasons, url=url
    )


def refund_candidates(line: BankLine) -> list[OutgoingCandidate]:
    """Refunds that were sent by the bank and are of a line's amount, the likeliest first."""
    sent = Refund.objects.filter(
        org_id=line.org_id, channel=Channel.BANK, state=RefundState.SENT, amount=-line.amount
    )
    rows = []
    for refund in sent:
        day = local_day(refund.sent_at) if refund.sent_at else line.value_on
        reasons = _judge(
            line,
            payee=refund.payee,
            numbers=(refund.number,),
            account=account_index(refund.account),
            day=day,
        )
        rows.append(
            _candidate(
                "REFUND",
                reasons,
                id=refund.id,
                words=_("Refund to %s") % refund.payee,
                day=day,
                amount=refund.amount,
            )
        )
    return sorted(rows, key=lambda row: (-row.score, str(row.id)))


def plain_refund(line: BankLine) -> UUID | None:
    """The refund that a line plainly is: by number or account, and no other comes near it."""
    found = refund_candidates(line)
    if not found or found[0].score < ENOUGH:
        return None
    if len(found) > 1 and found[0].score - found[1].score < AHEAD:
        return None
    return found[0].id


@question
def outgoing_candidates(*, line_id: UUID, actor: Actor) -> tuple[OutgoingCandidate, ...]:
    """What a line of money out may be, the likeliest first; nothing unless it waits."""
    line = BankLine.objects.visible_to(actor).get(id=line_id)
    if line.amount > 0 or line.state not in ("NEW", "QUEUED"):
        return ()
    rows = refund_candidates(line)
    moved = ledger.entries_moving(
        org_id=line.org_id,
        account=BANK,
        amount=line.amount,
        since=line.value_on - AROUND,
        until=line.value_on + AROUND,
        actor=actor,
    )
    taken = set(
        BankLine.objects.filter(entry_id__in=[row.id for row in moved]).values_list(
            "entry_id", flat=True
        )
    )
    for entry in moved:
        if entry.id not in taken:
            reasons = _judge(line, payee="", numbers=(), day=entry.occurred_on)
            rows.append(
                _candidate(
                    "ENTRY", reasons, id=entry.id, words=entry.kind_words, day=entry.occurred_on,
                    amount=-entry.amount,
                )
            )  # fmt: skip
    for name, ask in GUARDS.items():
        if name.endswith(".outgoing_due"):
            for due in ask(line_id=line.id, org_id=line.org_id, amount=-line.amount, actor=actor):
                reasons = _judge(line, payee=due.payee, numbers=due.numbers, day=due.due_on)
                rows.append(
                    _candidate(
                        "DUE", reasons, id=None, words=due.words, day=due.due_on,
                        amount=due.amount, url=due.url,
                    )
                )  # fmt: skip
    return tuple(sorted(rows, key=lambda row: (-row.score, row.day))[:10])


@question
def bank_agreements(*, actor: Actor) -> tuple[BankAgreement, ...]:
    """Of each book with bank files: whether account 1002 says what the bank says."""
    statements = BankStatement.objects.visible_to(actor)
    last = list(
        statements.order_by("org_id", "account", "-last_on", "-id")
        .distinct("org_id", "account")
        .values_list("org_id", "closing")
    )
    days = dict(statements.order_by().values_list("org_id").annotate(Max("last_on")))
    booked = Q(payment__isnull=False) | Q(entry_id__isnull=False) | Q(aside=AsideKind.PAYOUT)
    lines = BankLine.objects.visible_to(actor).filter(org_id__in=days).exclude(booked)
    unbooked = dict(lines.order_by().values_list("org_id").annotate(Sum("amount")))
    rows = []
    for org_id, on in sorted(days.items()):
        sums = ledger.balances(
            accounts=(BANK,), until=on + timedelta(days=1), org_id=org_id, actor=actor
        )
        rows.append(
            BankAgreement(
                org_id=org_id,
                on=on,
                bank=sum((closing for org, closing in last if org == org_id), ZERO),
                unbooked=unbooked.get(org_id, ZERO),
                books=sum((row.amount for row in sums), ZERO),
            )
        )
    return tuple(rows)
