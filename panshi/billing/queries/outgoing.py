"""Questions about money that left the bank, or came in for no bill: what it may be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db.models import Q
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
    VIRTUAL,
    fold_name,
    fold_number,
)
from panshi.billing.models import (
    AsideKind,
    BankLine,
    Channel,
    LineState,
    OutgoingCost,
    Refund,
    RefundState,
)
from panshi.kit.clock import local_day
from panshi.kit.personal import blind_index, mask_id
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import GUARDS, question
from panshi.ledger import queries as ledger

BANK: Final = "1002"
BANK_COST: Final = "BANK_COST"
SET_ASIDE: Final = "billing.LineSetAside"
UNCLEAR: Final = "2241.05"
TO_CLEAR: Final = "MONEY_TO_CLEAR_UP"
ACCOUNT_PURPOSE: Final = "bank-account"
COST_ACCOUNTS: Final[Mapping[str, str]] = {
    OutgoingCost.RENT: "6602.rent",
    OutgoingCost.WAGES: "2211",
    OutgoingCost.TAX: "2221.09",
    OutgoingCost.OFFICE: "6602.office",
    OutgoingCost.BANK_FEE: "6603",
    OutgoingCost.LOSS: "6711",
    OutgoingCost.UNCLEAR: UNCLEAR,
}
# Evidence that a line is the other side of a transfer between accounts of our own.
OWN_ACCOUNT, SAID_OWN = "OWN_ACCOUNT", "SAID_OWN"
AROUND: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingDue:
    """What a room above has to pay or to get: its words, who has or owes it, its numbers, its page.

    `url` takes a POST that books it; the room's guards `outgoing_due` and `incoming_due` answer
    these for an amount in CNY.
    """

    words: str
    payee: str
    numbers: tuple[str, ...]
    due_on: date
    amount: Decimal
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingCandidate:
    """What a line may be: an ENTRY that stands, a REFUND that was sent, a DUE, or an OWN line."""

    kind: str
    id: UUID | None
    words: str
    day: date
    amount: Decimal
    score: int
    reasons: tuple[tuple[str, int], ...]
    url: str = ""


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


def _standing(line: BankLine, actor: Actor) -> list[OutgoingCandidate]:
    """Entries that moved a line's amount about its day, and stand on no line yet."""
    moved = ledger.entries_moving(
        org_id=line.org_id,
        account=BANK,
        amount=line.amount,
        since=line.value_on - AROUND,
        until=line.value_on + AROUND,
        actor=actor,
    )
    ids, sources = [row.id for row in moved], [row.source_id for row in moved]
    taken = set(BankLine.objects.filter(entry_id__in=ids).values_list("entry_id", flat=True))
    # What matching itself booked for a line stands on that line by its payment.
    booked = set(
        BankLine.objects.filter(payment_id__in=sources).values_list("payment_id", flat=True)
    )
    return [
        _candidate(
            "ENTRY",
            _judge(line, payee="", numbers=(), day=row.occurred_on),
            id=row.id,
            words=row.kind_words,
            day=row.occurred_on,
            amount=abs(row.amount),
        )
        for row in moved
        if row.id not in taken and row.source_id not in booked and row.source_kind != SET_ASIDE
    ]


def _dues(line: BankLine, guard: str, actor: Actor) -> list[OutgoingCandidate]:
    """What the rooms above have to pay or to get of a line's amount."""
    rows = []
    for name, ask in GUARDS.items():
        if not name.endswith(guard):
            continue
        for due in ask(line_id=line.id, org_id=line.org_id, amount=abs(line.amount), actor=actor):
            reasons = _judge(line, payee=due.payee, numbers=due.numbers, day=due.due_on)
            rows.append(
                _candidate(
                    "DUE", reasons, id=None, words=due.words, day=due.due_on, amount=due.amount,
                    url=due.url,
                )
            )  # fmt: skip
    return rows


def other_sides(line: BankLine, account_of_line: str) -> list[OutgoingCandidate]:
    """Lines of other accounts of our own that may be the other side of this one's transfer.

    `account_of_line` is our own account whose statement the line stands on.
    """
    found = (
        BankLine.objects.filter(org_id=line.org_id, amount=-line.amount, other_side__isnull=True)
        .filter(
            Q(state__in=[LineState.NEW, LineState.QUEUED], proposed_by_id__isnull=True)
            | Q(state=LineState.SET_ASIDE, aside=AsideKind.OWN),
            value_on__gte=line.value_on - timedelta(days=NEAR_DAYS),
            value_on__lte=line.value_on + timedelta(days=NEAR_DAYS),
        )
        .exclude(statement__account=account_of_line)
        .select_related("statement")
        .defer("account", "virtual_account")
    )
    rows = []
    for other in found.order_by("value_on", "id")[:20]:
        ours = account_index(other.statement.account)
        reasons = [(EXACT, POINTS[EXACT])]
        if line.account_index == ours or other.account_index == account_index(account_of_line):
            reasons.append((OWN_ACCOUNT, POINTS[VIRTUAL]))
        elif other.state == LineState.SET_ASIDE:
            reasons.append((SAID_OWN, POINTS[ACCOUNT]))
        rows.append(
            _candidate(
                "OWN",
                tuple(reasons),
                id=other.id,
                words=_("Own account %s") % mask_id(other.statement.account),
                day=other.value_on,
                amount=abs(other.amount),
            )
        )
    return sorted(rows, key=lambda row: (-row.score, row.day, str(row.id)))


def plain_other_side(line: BankLine) -> UUID | None:
    """The other side of a transfer between own accounts, when one line alone names the other's."""
    found = other_sides(line, line.statement.account)
    named = [row.id for row in found if OWN_ACCOUNT in {code for code, _points in row.reasons}]
    return named[0] if len(named) == 1 else None


@question
def own_sides(*, line_id: UUID, actor: Actor) -> tuple[OutgoingCandidate, ...]:
    """The lines that may be the other side of a transfer between own accounts, likeliest first."""
    line = BankLine.objects.visible_to(actor).select_related("statement").get(id=line_id)
    return tuple(other_sides(line, line.statement.account)) if line.other_side_id is None else ()


@question
def outgoing_candidates(*, line_id: UUID, actor: Actor) -> tuple[OutgoingCandidate, ...]:
    """What a line of money out may be, the likeliest first; nothing unless it waits."""
    line = BankLine.objects.visible_to(actor).select_related("statement").get(id=line_id)
    if line.amount > 0 or line.state not in ("NEW", "QUEUED"):
        return ()
    rows = [
        *refund_candidates(line),
        *_standing(line, actor),
        *_dues(line, ".outgoing_due", actor),
        *other_sides(line, line.statement.account),
    ]
    return tuple(sorted(rows, key=lambda row: (-row.score, row.day))[:10])


@question
def incoming_candidates(*, line_id: UUID, actor: Actor) -> tuple[OutgoingCandidate, ...]:
    """What a line of money in may be that is for no bill; nothing unless it waits.

    An entry that has it in the books already, what a supplier or the like sends back, or the other
    side of a transfer between accounts of our own.
    """
    line = BankLine.objects.visible_to(actor).select_related("statement").get(id=line_id)
    if line.amount < 0 or line.state not in ("NEW", "QUEUED"):
        return ()
    rows = [
        *_standing(line, actor),
        *_dues(line, ".incoming_due", actor),
        *other_sides(line, line.statement.account),
    ]
    return tuple(sorted(rows, key=lambda row: (-row.score, row.day))[:10])
