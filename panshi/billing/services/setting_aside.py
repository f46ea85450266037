"""Bank lines that are no customer's payment: each with its entry, or with its reason."""

from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.utils.translation import gettext as _

from panshi.billing.models import (
    ASIDE_OF_MONEY_IN,
    LINE_LIFE,
    AsideKind,
    BankLine,
    Channel,
    LineState,
)
from panshi.billing.payment_events import IncomingSettled, LineSetAside, LineTakenUp
from panshi.billing.queries.outgoing import BANK, SET_ASIDE, TO_CLEAR, UNCLEAR
from panshi.billing.services.allocations import PaymentInUse
from panshi.billing.services.bills import city_of
from panshi.billing.services.deposits import MONEY_ACCOUNT
from panshi.billing.services.lines import SETTLED, locked_line
from panshi.billing.services.outgoing import (
    EntryDoesNotFit,
    ReasonMissing,
    settle,
    take_back_cost,
)
from panshi.billing.services.own_lines import part
from panshi.billing.services.payments import NothingToPay
from panshi.kit.money import to_fen
from panshi.kit.refusals import IllegalMove, Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb
from panshi.ledger import queries as ledger_queries
from panshi.ledger import services as ledger
from panshi.ledger.services import NewEntry, legs_of

FEES: Final = "6603"
KINDS: Final = {
    AsideKind.PAYOUT: "CHANNEL_PAID_OUT",
    AsideKind.INTEREST: "BANK_INTEREST",
    AsideKind.OTHER: TO_CLEAR,
}


class LineIsMoneyOut(Refusal):
    pass


class BookItInstead(Refusal):
    """A line is not set aside as what the books have a place for."""


@verb
def set_line_aside(
    *,
    line_id: UUID,
    kind: str,
    actor: Actor,
    at: datetime,
    words: str = "",
    channel: str = "",
    fee: Decimal | None = None,
) -> LineSetAside:
    """Say what a line is that is no customer's payment, and book it.

    PAYOUT books what a payment channel paid out: the line's amount and the `fee` it kept leave the
    channel's account. INTEREST lowers the costs of finance. OTHER is money that is not ours or not
    yet clear: owed until it goes back. OWN is one side of a transfer between own accounts, which
    posts nothing. OTHER and OWN need their reason in `words`.

    Raises NothingToPay when a pay-out's channel is not named, ReasonMissing, BookItInstead for a
    cost, a refund or other money out, ledger.PeriodClosed, or IllegalMove.
    """
    row = locked_line(line_id, "billing.set_line_aside", actor)
    row.aside, row.aside_words = AsideKind(kind), words.strip()[:200]
    _refuse(row)
    fact = LineSetAside(
        org_id=row.org_id,
        actor_id=actor.id,
        at=at,
        line_id=row.id,
        kind=row.aside,
        amount=row.amount,
    )
    if row.aside == AsideKind.OWN:
        row.state = LINE_LIFE.step(row.state, LineState.SET_ASIDE)
        row.settled_by_id, row.settled_at = actor.id, at
        row.save(update_fields=SETTLED)
        return fact
    legs = _legs(row, channel, fee)
    entry = NewEntry(
        org_id=row.org_id,
        kind=KINDS[AsideKind(row.aside)],
        source_kind=SET_ASIDE,
        source_id=fact.id,
        occurred_on=row.value_on,
        postings=legs_of(*(leg for leg in legs if leg[1]), city=city_of(row.org_id, actor)),
    )
    ledger.post_entries(entries=[entry], actor=actor, at=at)
    (posted,) = ledger_queries.entries_of(source_kind=SET_ASIDE, source_id=fact.id, actor=actor)
    settle(row, LineState.SET_ASIDE, posted.id, actor, at)
    return fact


def _refuse(row: BankLine) -> None:
    if row.proposed_by_id is not None:
        raise IllegalMove(_("Another person has to decide this."))
    LINE_LIFE.step(row.state, LineState.SET_ASIDE)
    if row.aside not in ASIDE_OF_MONEY_IN:
        raise BookItInstead(_("Choose the refund that it is, or book it as a cost."))
    if row.amount < 0 and row.aside == AsideKind.PAYOUT:
        raise NothingToPay(_("Name the payment channel that paid this out."))
    if row.amount < 0 and row.aside != AsideKind.OWN:
        raise BookItInstead(_("This is money that went out: book it as what it was for."))
    if row.aside in (AsideKind.OWN, AsideKind.OTHER) and not row.aside_words:
        raise ReasonMissing(_("Say why: whoever compares books and bank later reads it here."))


def _legs(row: BankLine, channel: str, fee: Decimal | None) -> list[tuple[str, Decimal]]:
    if row.aside == AsideKind.INTEREST:
        return [(BANK, row.amount), (FEES, -row.amount)]
    if row.aside == AsideKind.OTHER:
        return [(BANK, row.amount), (UNCLEAR, -row.amount)]
    if channel not in set(Channel.values) - {Channel.BANK}:
        raise NothingToPay(_("Name the payment channel that paid this out."))
    row.channel = Channel(channel)
    kept = to_fen(fee or 0)
    if kept < 0:
        raise NothingToPay(_("A fee is not below zero."))
    return [(BANK, row.amount), (FEES, kept), (MONEY_ACCOUNT[row.channel], -row.amount - kept)]


@verb
def take_line_up(*, line_id: UUID, actor: Actor, at: datetime) -> LineTakenUp:
    """Put a line that was set aside before a person again.

    What it was booked as goes back; the other side of a transfer waits again as well. Raises
    PaymentInUse for a payout whose entry is not known here, or ledger.AlreadyReversed.
    """
    row = locked_line(line_id, "billing.set_line_aside", actor)
    if row.aside == AsideKind.PAYOUT and row.entry_id is None:
        raise PaymentInUse(_("This pay-out is booked; reverse its entry in the ledger."))
    row.state = LINE_LIFE.step(row.state, LineState.QUEUED)
    if row.entry_id is not None:
        take_back_cost(row, actor, at)
    part(row)
    row.entry_id, row.cost, row.proposed_by_id = None, "", None
    row.aside, row.aside_words, row.settled_by_id, row.settled_at = "", "", None, None
    row.save(update_fields=SETTLED)
    return LineTakenUp(org_id=row.org_id, actor_id=actor.id, at=at, line_id=row.id)


@verb
def settle_incoming(
    *, line_id: UUID, entry_id: UUID, actor: Actor, at: datetime
) -> IncomingSettled:
    """Say that money which came into the bank is what an entry of the books has booked already.

    Raises EntryDoesNotFit, LineIsMoneyOut, or IllegalMove unless the line waits for a person.
    """
    row = locked_line(line_id, "billing.settle_incoming", actor)
    if row.amount < 0:
        raise LineIsMoneyOut(_("This is money that went out; say what it was instead."))
    if row.state != LineState.QUEUED:
        raise IllegalMove(_("This line does not wait for a person."))
    org_id, moved = ledger_queries.moved_by(entry_id=entry_id, account=BANK, actor=actor)
    if (org_id, moved) != (row.org_id, row.amount):
        raise EntryDoesNotFit(_("This entry moved another amount on the bank's account."))
    settle(row, LineState.CONFIRMED, entry_id, actor, at)
    return IncomingSettled(
        org_id=row.org_id,
        actor_id=actor.id,
        at=at,
        line_id=row.id,
        entry_id=entry_id,
        amount=row.amount,
    )
