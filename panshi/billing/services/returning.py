"""Deposits go back as refunds do: by the channel that brought them, approved, sent, paid."""

from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db.models import Sum
from django.utils.translation import gettext as _

from panshi.billing.events import DepositReturnAsked, RefundPayeeNamed
from panshi.billing.models import (
    Allocation,
    BankLine,
    Channel,
    Deposit,
    Payment,
    Refund,
    RefundState,
)
from panshi.billing.services.deposits import DepositTooSmall, locked_deposit, reserve
from panshi.billing.services.refunds import (
    PayeeMissing,
    locked_refund,
    move_refund,
    numbered_refund,
)
from panshi.crm import queries as crm
from panshi.kit.money import ZERO, to_fen
from panshi.kit.refusals import IllegalMove
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb

_GONE: Final = (RefundState.DECLINED,)


@verb
def return_deposit(
    *, deposit_id: UUID, actor: Actor, at: datetime, amount: Decimal | None = None
) -> DepositReturnAsked:
    """Ask that the deposit, or a part of it, goes back by the channel that brought it.

    One refund for each payment that brought it, by the bank where it came by none. Another person
    approves; the money stays reserved until it is paid. Raises DepositTooSmall.
    """
    deposit = locked_deposit(deposit_id, actor, "billing.return_deposit")
    free = deposit.held - deposit.returning
    amount = free if amount is None else to_fen(amount)
    if not 0 < amount <= free:
        raise DepositTooSmall(_("Of this deposit only %(free)s is free.") % {"free": free})
    missing = amount - (deposit.reserved - deposit.returning)
    if missing > 0:
        reserve(deposit, missing, actor, at)
    deposit.returning += amount
    deposit.save(update_fields=["state", "reserved", "returning"])
    refunds = [_refund(deposit, *part, actor, at) for part in _ways(deposit, amount)]
    return DepositReturnAsked(
        org_id=deposit.org_id,
        actor_id=actor.id,
        at=at,
        deposit_id=deposit.id,
        source_kind=deposit.source_kind,
        source_id=deposit.source_id,
        customer_id=deposit.customer_id,
        amount=amount,
        refund_ids=tuple(refund.id for refund in refunds),
    )


def _ways(deposit: Deposit, amount: Decimal) -> list[tuple[Payment | None, Decimal]]:
    """Which payments an amount goes back by, the first first, and what none of them brought."""
    brought = dict(
        Allocation.objects.filter(bill_id=deposit.bill_id, payment__isnull=False)
        .values_list("payment_id")
        .annotate(sum=Sum("amount"))
        if deposit.bill_id is not None
        else []
    )
    gone = dict(
        Refund.objects.filter(deposit=deposit, payment__isnull=False)
        .exclude(state__in=_GONE)
        .values_list("payment_id")
        .annotate(sum=Sum("amount"))
    )
    ways: list[tuple[Payment | None, Decimal]] = []
    for payment in Payment.objects.filter(id__in=brought).order_by("received_at", "id"):
        part = min(amount, brought[payment.id] - gone.get(payment.id, ZERO))
        if part > 0:
            ways.append((payment, part))
            amount -= part
    return [*ways, (None, amount)] if amount else ways


def _refund(
    deposit: Deposit, payment: Payment | None, amount: Decimal, actor: Actor, at: datetime
) -> Refund:
    channel = Channel.BANK if payment is None else Channel(payment.channel)
    payee, account = _payee(deposit, payment, actor) if channel == Channel.BANK else ("", "")
    refund = numbered_refund(
        org_id=deposit.org_id,
        payment=payment,
        deposit=deposit,
        customer_id=deposit.customer_id,
        channel=channel,
        amount=amount,
        reason=_("Deposit goes back"),
        payee=payee,
        account=account,
        asked_by_id=actor.id,
        asked_at=at,
    )
    move_refund(refund, RefundState.ASKED, actor, at)
    return refund


def _payee(deposit: Deposit, payment: Payment | None, actor: Actor) -> tuple[str, str]:
    """Who sent the deposit by the bank and from where, as its line says; else the customer."""
    line = BankLine.objects.filter(payment=payment).first() if payment is not None else None
    if line is not None and line.payer and line.account:
        return line.payer[:80], str(line.account)
    owner = crm.customer_refs(ids=(deposit.customer_id,), actor=actor).get(deposit.customer_id)
    return (owner.name[:80] if owner is not None else "—"), ""


@verb
def name_payee(
    *, refund_id: UUID, payee: str, account: str, actor: Actor, at: datetime
) -> RefundPayeeNamed:
    """Say to whom a refund goes by the bank, before it is approved; who says so may not approve.

    A refund by a payment channel goes by the bank from then on. Raises PayeeMissing, or
    IllegalMove once it was decided.
    """
    refund, _payment = locked_refund(refund_id, "billing.refund_payment", actor)
    if refund.state != RefundState.ASKED:
        raise IllegalMove(_("The payee is named before a refund is approved."))
    if not (payee.strip() and account.strip()):
        raise PayeeMissing(_("Name the payee and the account of a bank transfer."))
    refund.channel = Channel.BANK
    refund.payee, refund.account = payee.strip()[:80], account.strip()
    refund.asked_by_id = actor.id
    refund.save(update_fields=["channel", "payee", "account", "asked_by_id"])
    return RefundPayeeNamed(
        org_id=refund.org_id, actor_id=actor.id, at=at, refund_id=refund.id,
        customer_id=refund.customer_id, amount=refund.amount,
    )  # fmt: skip
