"""Bank lines become payments: by rule where the evidence is plain, else by a clerk."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.utils.translation import gettext as _

from panshi.billing import matching, queries
from panshi.billing.events import (
    LineSetAside,
    LinesMatched,
    LineTakenUp,
    MatchConfirmed,
    PaymentReceived,
    PaymentUnmatched,
    VirtualAccountGiven,
)
from panshi.billing.matching import Judgement
from panshi.billing.models import (
    LINE_LIFE,
    AccountKind,
    AsideKind,
    BankLine,
    BillBalance,
    Channel,
    CustomerAccount,
    LineState,
)
from panshi.billing.queries.outgoing import account_index
from panshi.billing.services.allocations import PaymentInUse
from panshi.billing.services.bills import city_of
from panshi.billing.services.deposits import MONEY_ACCOUNT
from panshi.billing.services.lines import SETTLED, alone, locked_line, noon
from panshi.billing.services.outgoing import pay_refund, settle, take_back_cost
from panshi.billing.services.payments import Arrived, NothingToPay, take_arrived
from panshi.crm import queries as crm
from panshi.kit import outbox
from panshi.kit.money import ZERO, to_fen
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb
from panshi.ledger import services as ledger
from panshi.ledger.services import NewEntry, NewPosting

FEES = "6603"


class LineIsMoneyOut(Refusal):
    pass


class AccountGiven(Refusal):
    """The virtual account belongs to another customer."""


@verb
def match_lines(*, org_id: int, actor: Actor, at: datetime) -> LinesMatched:
    """Judge the lines that wait, and book those whose payer and bills are plain.

    Money out that plainly is a refund under way, by its number or account, pays it.
    Asked again it moves nothing that has not become plain meanwhile.
    """
    actor.must("billing.match_lines", org_id)
    alone(org_id)
    waiting = list(
        BankLine.objects.filter(org_id=org_id, state__in=[LineState.NEW, LineState.QUEUED])
        .defer("account", "virtual_account")
        .order_by("value_on", "statement_id", "line")
        .select_for_update(no_key=True)
    )
    lines = {row.id: row for row in waiting}
    money_in = [queries.line_to_judge(row) for row in waiting if row.amount > 0]
    books = queries.books_of(org_id=org_id, names=[m.payer for m in money_in], actor=actor)
    judged = {j.line_id: j for j in matching.settle_plain(books, money_in)}
    plain = [lines[j.line_id] for j in judged.values() if j.automatic]
    received = _take(plain, judged, actor, at)
    unmatched = []
    for row in waiting:
        judgement = judged.get(row.id)
        if judgement is not None and judgement.automatic:
            row.state = LINE_LIFE.step(row.state, LineState.MATCHED)
            row.settled_at = at
        elif row.state == LineState.NEW:
            row.state = LINE_LIFE.step(row.state, LineState.QUEUED)
            if row.amount > 0:
                unmatched.append(_unmatched(row, actor, at))
        _note(row, judgement)
    BankLine.objects.bulk_update(
        waiting, ["state", "score", "reasons", "payment", "settled_at"], batch_size=500
    )
    paid = _pay_plain_refunds(waiting, actor, at)
    outbox.publish_all([*received, *unmatched], verb="billing.match_lines")
    return LinesMatched(
        org_id=org_id,
        actor_id=actor.id,
        at=at,
        matched=len(plain) + paid,
        queued=len(waiting) - len(plain) - paid,
        amount=sum((row.amount for row in plain), ZERO),
    )


def _pay_plain_refunds(rows: Sequence[BankLine], actor: Actor, at: datetime) -> int:
    """End the refunds that lines of money out plainly are; answers how many."""
    paid = 0
    for row in rows:
        if row.amount > 0 or row.proposed_by_id is not None:
            continue
        refund_id = queries.plain_refund(row)
        if refund_id is not None and actor.may("billing.conclude_refund"):
            settle(row, LineState.MATCHED, pay_refund(row, refund_id, actor, at), actor, at)
            paid += 1
    return paid


def _take(
    rows: Sequence[BankLine], judged: Mapping[UUID, Judgement], actor: Actor, at: datetime
) -> list[PaymentReceived]:
    """Book the lines' money and hang the payments on them."""
    best = [judged[row.id].candidates[0] for row in rows]
    taken = take_arrived(
        [
            Arrived(
                org_id=row.org_id,
                customer_id=candidate.customer_id,
                bill_ids=candidate.bill_ids,
                amount=row.amount,
                received_at=noon(row.value_on),
            )
            for row, candidate in zip(rows, best, strict=True)
        ],
        actor=actor,
        at=at,
    )
    for row, fact in zip(rows, taken, strict=True):
        row.payment_id = fact.payment_id
    return taken


def _note(row: BankLine, judgement: Judgement | None) -> None:
    best = judgement.candidates[0] if judgement is not None and judgement.candidates else None
    row.score = None if best is None else best.score
    row.reasons = [] if best is None else [[r.code, r.points] for r in best.reasons]


def _unmatched(row: BankLine, actor: Actor, at: datetime) -> PaymentUnmatched:
    return PaymentUnmatched(
        org_id=row.org_id,
        actor_id=actor.id,
        at=at,
        line_id=row.id,
        statement_id=row.statement_id,
        amount=row.amount,
        value_on=row.value_on,
    )


@verb
def confirm_match(
    *,
    line_id: UUID,
    customer_id: UUID,
    actor: Actor,
    at: datetime,
    bill_ids: Sequence[UUID] = (),
) -> MatchConfirmed:
    """Say whose money a line is, and which bills it settles; the rest stays on account.

    The payer's account is remembered as evidence for the next time. Raises LineIsMoneyOut,
    NothingToPay, or IllegalMove unless the line waits for a person.
    """
    row = locked_line(line_id, "billing.confirm_match", actor)
    if row.amount < 0:
        raise LineIsMoneyOut(_("This is money that went out; say what it was instead."))
    row.state = LINE_LIFE.step(row.state, LineState.CONFIRMED)
    owner = crm.customer_refs(ids=(customer_id,), actor=actor).get(customer_id)
    if owner is None or owner.org_id != row.org_id:
        raise NothingToPay(_("Choose a customer of this operator."))
    wanted = list(dict.fromkeys(bill_ids))
    own = BillBalance.objects.filter(bill_id__in=wanted, customer_id=customer_id, org_id=row.org_id)
    if own.count() != len(wanted):
        raise NothingToPay(_("Choose open bills of this customer."))
    (fact,) = take_arrived(
        [
            Arrived(
                org_id=row.org_id,
                customer_id=customer_id,
                bill_ids=wanted,
                amount=row.amount,
                received_at=noon(row.value_on),
            )
        ],
        actor=actor,
        at=at,
    )
    outbox.publish(fact, verb="billing.confirm_match")
    row.payment_id = fact.payment_id
    row.settled_by_id, row.settled_at = actor.id, at
    row.save(update_fields=["state", "payment", "settled_by_id", "settled_at"])
    if row.account and row.account_index:
        CustomerAccount.objects.get_or_create(
            org_id=row.org_id,
            kind=AccountKind.PAYER,
            account_index=row.account_index,
            customer_id=customer_id,
            defaults={"account": row.account, "confirmed_at": at, "by_id": actor.id},
        )
    return MatchConfirmed(
        org_id=row.org_id,
        actor_id=actor.id,
        at=at,
        line_id=row.id,
        payment_id=fact.payment_id,
        customer_id=customer_id,
        amount=row.amount,
    )


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
    """Say what a line is that is no customer's payment.

    PAYOUT books what a payment channel paid out: the line's amount and the `fee` it kept leave the
    channel's account. Raises NothingToPay when its channel is not named, or IllegalMove.
    """
    row = locked_line(line_id, "billing.set_line_aside", actor)
    row.state = LINE_LIFE.step(row.state, LineState.SET_ASIDE)
    row.aside, row.aside_words = AsideKind(kind), words[:200]
    row.settled_by_id, row.settled_at = actor.id, at
    fact = LineSetAside(
        org_id=row.org_id,
        actor_id=actor.id,
        at=at,
        line_id=row.id,
        kind=row.aside,
        amount=row.amount,
    )
    if row.aside == AsideKind.PAYOUT:
        if row.amount < 0 or channel not in set(Channel.values) - {Channel.BANK}:
            raise NothingToPay(_("Name the payment channel that paid this out."))
        row.channel = Channel(channel)
        kept = to_fen(fee or 0)
        if kept < 0:
            raise NothingToPay(_("A fee is not below zero."))
        entry = _payout(row, fact.id, kept, city_of(row.org_id, actor))
        ledger.post_entries(entries=[entry], actor=actor, at=at)
    row.save(
        update_fields=["state", "aside", "aside_words", "channel", "settled_by_id", "settled_at"]
    )
    return fact


def _payout(row: BankLine, fact_id: UUID, fee: Decimal, city: str) -> NewEntry:
    legs = [
        (MONEY_ACCOUNT[Channel.BANK], row.amount),
        (FEES, fee),
        (MONEY_ACCOUNT[Channel(row.channel)], -row.amount - fee),
    ]
    return NewEntry(
        org_id=row.org_id,
        kind="CHANNEL_PAID_OUT",
        source_kind="billing.LineSetAside",
        source_id=fact_id,
        occurred_on=row.value_on,
        postings=tuple(
            NewPosting(account=account, amount=amount, city=city)
            for account, amount in legs
            if amount
        ),
    )


@verb
def take_line_up(*, line_id: UUID, actor: Actor, at: datetime) -> LineTakenUp:
    """Put a line that was set aside before a person again; a cost that it was booked as goes back.

    Raises PaymentInUse for a payout, or ledger.AlreadyReversed.
    """
    row = locked_line(line_id, "billing.set_line_aside", actor)
    if row.aside == AsideKind.PAYOUT:
        raise PaymentInUse(_("This pay-out is booked; reverse its entry in the ledger."))
    row.state = LINE_LIFE.step(row.state, LineState.QUEUED)
    if row.entry_id is not None:
        take_back_cost(row, actor, at)
    row.entry_id, row.cost, row.proposed_by_id = None, "", None
    row.aside, row.aside_words, row.settled_by_id, row.settled_at = "", "", None, None
    row.save(update_fields=SETTLED)
    return LineTakenUp(org_id=row.org_id, actor_id=actor.id, at=at, line_id=row.id)


@verb
def give_virtual_account(
    *, customer_id: UUID, account: str, org_id: int, actor: Actor, at: datetime
) -> VirtualAccountGiven:
    """Note the account of ours that only this customer pays to. Raises AccountGiven."""
    actor.must("billing.give_virtual_account", org_id)
    owner = crm.customer_refs(ids=(customer_id,), actor=actor).get(customer_id)
    if owner is None or owner.org_id != org_id:
        raise NothingToPay(_("Choose a customer of this operator."))
    plain = "".join(account.split())
    row, _new = CustomerAccount.objects.get_or_create(
        org_id=org_id,
        kind=AccountKind.VIRTUAL,
        account_index=account_index(plain),
        defaults={
            "customer_id": customer_id, "account": plain, "confirmed_at": at, "by_id": actor.id,
        },
    )  # fmt: skip
    if row.customer_id != customer_id:
        raise AccountGiven(_("This account was given to another customer."))
    return VirtualAccountGiven(org_id=org_id, actor_id=actor.id, at=at, customer_id=customer_id)
