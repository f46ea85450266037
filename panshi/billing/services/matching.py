"""Bank lines become payments: by rule where the evidence is plain, else by a clerk."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from panshi.billing import matching, queries
from panshi.billing.events import (
    LinesMatched,
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
    CustomerAccount,
    LineState,
)
from panshi.billing.queries.outgoing import account_index
from panshi.billing.services.lines import alone, locked_line, noon
from panshi.billing.services.outgoing import pay_refund, settle
from panshi.billing.services.own_lines import pair
from panshi.billing.services.payments import Arrived, NothingToPay, take_arrived
from panshi.billing.services.setting_aside import LineIsMoneyOut
from panshi.crm import queries as crm
from panshi.kit import outbox
from panshi.kit.money import ZERO
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb


class AccountGiven(Refusal):
    """The virtual account belongs to another customer."""


@verb
def match_lines(*, org_id: int, actor: Actor, at: datetime) -> LinesMatched:
    """Judge the lines that wait, and book those whose payer and bills are plain.

    Money out that plainly is a refund under way, by its number or account, pays it; a transfer
    between accounts of our own is paired with its other side.
    Asked again it moves nothing that has not become plain meanwhile.
    """
    actor.must("billing.match_lines", org_id)
    alone(org_id)
    waiting = list(
        BankLine.objects.filter(org_id=org_id, state__in=[LineState.NEW, LineState.QUEUED])
        .select_related("statement")
        .defer("account", "virtual_account")
        .order_by("value_on", "statement_id", "line")
        .select_for_update(no_key=True, of=("self",))
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
    paid = _pay_plain_refunds(waiting, actor, at) + _pair_plain_transfers(org_id, waiting, at)
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


def _pair_plain_transfers(org_id: int, rows: Sequence[BankLine], at: datetime) -> int:
    """Pair the transfers between own accounts that name each other; answers how many lines."""
    waiting = {row.id: row for row in rows if row.proposed_by_id is None}
    said = BankLine.objects.filter(org_id=org_id, aside=AsideKind.OWN, other_side=None)
    # Most lines have no other side: without one of the opposite amount there is nothing to ask.
    amounts = {row.amount for row in waiting.values()}.union(said.values_list("amount", flat=True))
    paired = 0
    for row in waiting.values():
        if row.state != LineState.QUEUED or -row.amount not in amounts:
            continue
        other_id = queries.plain_other_side(row)
        if other_id is None:
            continue
        other = waiting.get(other_id)
        paired += 1 if other is None else 2
        pair(row, other or BankLine.objects.select_for_update().get(id=other_id), None, at)
    return paired


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
