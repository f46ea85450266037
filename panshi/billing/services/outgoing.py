"""Money that left the bank: an entry that stands, a refund under way, or a cost of our own."""

from datetime import date, datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from panshi.billing.events import OutgoingClassed, OutgoingDeclined, OutgoingSettled
from panshi.billing.models import (
    LINE_LIFE,
    REFUND_LIFE,
    AsideKind,
    BankLine,
    Channel,
    LineState,
    OutgoingCost,
    OutgoingTerms,
    RefundMove,
    RefundState,
)
from panshi.billing.queries.outgoing import BANK, BANK_COST, COST_ACCOUNTS, TO_CLEAR
from panshi.billing.services.bills import city_of
from panshi.billing.services.catalogue import SamePerson
from panshi.billing.services.lines import SETTLED, locked_line, noon
from panshi.billing.services.refunds import WrongChannel, end_refund, locked_refund
from panshi.kit import outbox
from panshi.kit.clock import local_day
from panshi.kit.refusals import IllegalMove, Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb
from panshi.ledger import queries as ledger_queries
from panshi.ledger import services as ledger
from panshi.ledger.services import NewEntry, legs_of

CLASSED: Final = "billing.OutgoingClassed"


class LineIsMoneyIn(Refusal):
    pass


class ReasonMissing(Refusal):
    pass


class EntryDoesNotFit(Refusal):
    """The entry moved another amount on the bank's account, or stands on another line."""


def _must_wait(row: BankLine) -> None:
    """Raise LineIsMoneyIn, or IllegalMove unless the line waits for a person."""
    if row.amount > 0:
        raise LineIsMoneyIn(_("This is money that came in; say whose it is instead."))
    if row.state != LineState.QUEUED:
        raise IllegalMove(_("This line does not wait for a person."))


def settle(row: BankLine, state: LineState, entry_id: UUID, actor: Actor, at: datetime) -> None:
    """Say of a locked line which entry it is. Raises EntryDoesNotFit when that stands elsewhere."""
    row.state = LINE_LIFE.step(row.state, state)
    row.entry_id = entry_id
    row.settled_by_id, row.settled_at = actor.id, at
    row.proposed_by_id = row.proposed_by_id if state == LineState.SET_ASIDE else None
    try:
        with transaction.atomic():
            row.save(update_fields=SETTLED)
    except IntegrityError as error:
        if "an_entry_stands_on_one_bank_line" not in str(error):
            raise
        raise EntryDoesNotFit(_("This entry stands on another line of the bank.")) from error


@verb
def settle_outgoing(
    *, line_id: UUID, entry_id: UUID, actor: Actor, at: datetime
) -> OutgoingSettled:
    """Say that money which left the bank is what an entry of the books has booked already.

    Raises EntryDoesNotFit, LineIsMoneyIn, or IllegalMove unless the line waits for a person.
    """
    row = locked_line(line_id, "billing.settle_outgoing", actor)
    _must_wait(row)
    org_id, moved = ledger_queries.moved_by(entry_id=entry_id, account=BANK, actor=actor)
    if (org_id, moved) != (row.org_id, row.amount):
        raise EntryDoesNotFit(_("This entry moved another amount on the bank's account."))
    settle(row, LineState.CONFIRMED, entry_id, actor, at)
    return _settled(row, actor, at)


def _settled(row: BankLine, actor: Actor, at: datetime) -> OutgoingSettled:
    assert row.entry_id is not None
    return OutgoingSettled(
        org_id=row.org_id,
        actor_id=actor.id,
        at=at,
        line_id=row.id,
        entry_id=row.entry_id,
        amount=-row.amount,
    )


def pay_refund(row: BankLine, refund_id: UUID, actor: Actor, at: datetime) -> UUID:
    """End a refund by the bank as paid on the day of its line; answers the entry.

    Raises EntryDoesNotFit for another amount, WrongChannel, or IllegalMove unless it was sent.
    """
    refund, payment = locked_refund(refund_id, "billing.conclude_refund", actor)
    REFUND_LIFE.step(refund.state, RefundState.PAID)
    if refund.channel != Channel.BANK:
        raise WrongChannel(_("Ask the channel what became of this refund."))
    if (refund.org_id, refund.amount) != (row.org_id, -row.amount):
        raise EntryDoesNotFit(_("This refund is of another amount."))
    moment = max(noon(row.value_on), refund.sent_at or at)
    ended = end_refund(refund, payment, paid=True, words="", actor=actor, at=min(moment, at))
    outbox.publish(ended, verb="billing.settle_refund_by_line")
    move = RefundMove.objects.get(refund=refund, state=RefundState.PAID)
    (entry,) = ledger_queries.entries_of(
        source_kind="billing.RefundMove", source_id=move.id, actor=actor
    )
    return entry.id


@verb
def settle_refund_by_line(
    *, line_id: UUID, refund_id: UUID, actor: Actor, at: datetime
) -> OutgoingSettled:
    """Say that money which left the bank is a refund that was sent; it is paid with that.

    Raises EntryDoesNotFit for another amount, WrongChannel, LineIsMoneyIn or IllegalMove.
    """
    row = locked_line(line_id, "billing.settle_outgoing", actor)
    _must_wait(row)
    entry_id = pay_refund(row, refund_id, actor, at)
    settle(row, LineState.CONFIRMED, entry_id, actor, at)
    return _settled(row, actor, at)


def bound_on(day: date) -> Decimal:
    """Above which amount in CNY a cost needs a second person."""
    return OutgoingTerms.objects.filter(starts_on__lte=day).latest("starts_on").second_person_above


@verb
def class_outgoing(
    *, line_id: UUID, cost: str, actor: Actor, at: datetime, words: str = ""
) -> OutgoingClassed:
    """Book money that left the bank as a cost of our own; above the bound another person agrees.

    UNCLEAR is money that was not ours, or whose cause is still to be found: `words` say why. Raises
    LineIsMoneyIn, ReasonMissing, ledger.PeriodClosed, or IllegalMove unless the line waits for a
    person.
    """
    row = locked_line(line_id, "billing.settle_outgoing", actor)
    _must_wait(row)
    if row.proposed_by_id is not None:
        raise IllegalMove(_("Another person has to decide this."))
    row.cost, row.aside_words = OutgoingCost(cost), words.strip()[:200]
    if row.cost == OutgoingCost.UNCLEAR and not row.aside_words:
        raise ReasonMissing(_("Say why: whoever compares books and bank later reads it here."))
    waits = -row.amount > bound_on(local_day(at))
    fact = _classed(row, waits, actor, at)
    if waits:
        row.proposed_by_id = actor.id
        row.save(update_fields=["cost", "aside_words", "proposed_by_id"])
    else:
        _book(row, fact.id, actor, at)
    return fact


def _classed(row: BankLine, waits: bool, actor: Actor, at: datetime) -> OutgoingClassed:
    return OutgoingClassed(
        org_id=row.org_id,
        actor_id=actor.id,
        at=at,
        line_id=row.id,
        cost=row.cost,
        amount=-row.amount,
        waits=waits,
    )


def _book(row: BankLine, fact_id: UUID, actor: Actor, at: datetime) -> None:
    entry = NewEntry(
        org_id=row.org_id,
        kind=TO_CLEAR if row.cost == OutgoingCost.UNCLEAR else BANK_COST,
        source_kind=CLASSED,
        source_id=fact_id,
        occurred_on=row.value_on,
        postings=legs_of(
            (COST_ACCOUNTS[row.cost], -row.amount),
            (BANK, row.amount),
            city=city_of(row.org_id, actor),
        ),
    )
    ledger.post_entries(entries=[entry], actor=actor, at=at)
    (posted,) = ledger_queries.entries_of(source_kind=CLASSED, source_id=fact_id, actor=actor)
    row.aside = AsideKind.OTHER if row.cost == OutgoingCost.UNCLEAR else AsideKind.EXPENSE
    settle(row, LineState.SET_ASIDE, posted.id, actor, at)


@verb
def approve_outgoing(*, line_id: UUID, actor: Actor, at: datetime) -> OutgoingClassed:
    """Agree to a cost above the bound that somebody else proposed, and book it.

    Raises SamePerson, ledger.PeriodClosed, or IllegalMove unless one is proposed.
    """
    row = locked_line(line_id, "billing.approve_outgoing", actor)
    _must_be_anothers(row, actor)
    fact = _classed(row, False, actor, at)
    _book(row, fact.id, actor, at)
    return fact


@verb
def decline_outgoing(*, line_id: UUID, reason: str, actor: Actor, at: datetime) -> OutgoingDeclined:
    """Say no to a cost that somebody else proposed; the line waits again.

    Raises SamePerson, or IllegalMove unless one is proposed.
    """
    row = locked_line(line_id, "billing.approve_outgoing", actor)
    _must_be_anothers(row, actor)
    row.cost, row.proposed_by_id, row.aside_words = "", None, reason.strip()[:200]
    row.save(update_fields=["cost", "proposed_by_id", "aside_words"])
    return OutgoingDeclined(
        org_id=row.org_id, actor_id=actor.id, at=at, line_id=row.id, reason=reason
    )


def _must_be_anothers(row: BankLine, actor: Actor) -> None:
    _must_wait(row)
    if row.proposed_by_id is None:
        raise IllegalMove(_("Nobody proposed a cost for this line."))
    if row.proposed_by_id == actor.id:
        raise SamePerson(_("Another person has to decide this."))


def take_back_cost(row: BankLine, actor: Actor, at: datetime) -> None:
    """Reverse the cost that a locked line was booked as; the caller saves the line."""
    assert row.entry_id is not None
    day = ledger_queries.open_day(org_id=row.org_id, day=local_day(at), actor=actor)
    ledger.reverse_entry(entry_id=row.entry_id, occurred_on=day, actor=actor, at=at)
