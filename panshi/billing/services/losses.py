"""Hopeless debts: with the lawyers, proposed, written off by another person, recovered."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.utils.translation import gettext as _

from panshi.billing.debt_events import (
    CaseWithLawyers,
    DebtRecovered,
    DebtWrittenOff,
    WriteOffDeclined,
    WriteOffProposed,
)
from panshi.billing.models import (
    CASE_LIFE,
    WRITE_OFF_LIFE,
    Allocation,
    BillBalance,
    BillKind,
    CaseState,
    DunningCase,
    LateFee,
    LateKind,
    WriteOff,
    WriteOffPart,
    WriteOffState,
)
from panshi.billing.services.allocations import AllocationExceeds, free_of
from panshi.billing.services.catalogue import SamePerson
from panshi.billing.services.payments import NothingToPay
from panshi.billing.services.refunds import ON_ACCOUNT, received_payment
from panshi.billing.services.reminding import take_back
from panshi.billing.services.settling import cleared
from panshi.kit import outbox
from panshi.kit.clock import local_day
from panshi.kit.money import ZERO, to_fen, yuan
from panshi.kit.refusals import IllegalMove, Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb
from panshi.ledger import services as ledger
from panshi.ledger.services import NewEntry, legs_of

LOSSES, ALLOWANCE, RECEIVABLE = "6702", "1231", "1122"
_PART: Final = "billing.Allocation"


class DebtChanged(Refusal):
    """What is owed is no longer what was proposed."""


class ProposedAlready(Refusal):
    """A write-off of this case waits for a decision."""


@verb
def hand_to_lawyers(*, case_id: UUID, reason: str, actor: Actor, at: datetime) -> CaseWithLawyers:
    """Take a case off the ladder and give it to the lawyers. Raises IllegalMove unless it runs."""
    case = DunningCase.objects.visible_to(actor).select_for_update().get(id=case_id)
    actor.must("billing.hand_to_lawyers", case.org_id)
    case.state = CASE_LIFE.step(case.state, CaseState.LEGAL)
    case.save(update_fields=["state"])
    take_back([(case.org_id, case.id)], reason="HELD", actor=actor, at=at)
    return CaseWithLawyers(
        org_id=case.org_id, actor_id=actor.id, at=at, case_id=case.id,
        customer_id=case.customer_id, source_kind=case.source_kind, source_id=case.source_id,
        reason=reason.strip()[:200],
    )  # fmt: skip


def _owing(case: DunningCase, at: datetime) -> list[BillBalance]:
    """The overdue charges of a case, locked, the oldest first."""
    found = BillBalance.objects.filter(
        source_id=case.source_id, kind=BillKind.CHARGE, open_amount__gt=0, due_on__lt=local_day(at)
    )
    locked = {row.bill_id: row for row in found.order_by("bill_id").select_for_update()}
    return sorted(locked.values(), key=lambda row: (row.due_on, row.bill_id))


@verb
def propose_write_off(
    *, case_id: UUID, reason: str, actor: Actor, at: datetime
) -> WriteOffProposed:
    """Propose that the overdue debt of a case with the lawyers is hopeless; another decides.

    Raises IllegalMove unless the lawyers have it, NothingToPay or ProposedAlready.
    """
    case = DunningCase.objects.visible_to(actor).select_for_update().get(id=case_id)
    actor.must("billing.propose_write_off", case.org_id)
    CASE_LIFE.step(case.state, CaseState.WRITTEN_OFF)
    amount = sum((row.open_amount for row in _owing(case, at)), ZERO)
    if amount == 0:
        raise NothingToPay(_("Nothing of this case is overdue."))
    if WriteOff.objects.filter(case=case, state=WriteOffState.PROPOSED).exists():
        raise ProposedAlready(_("A write-off of this case waits for a decision already."))
    row = WriteOff.objects.create(
        org_id=case.org_id, case=case, source_kind=case.source_kind, source_id=case.source_id,
        customer_id=case.customer_id, vehicle_id=case.vehicle_id, amount=amount,
        reason=reason.strip()[:200], proposed_by_id=actor.id, proposed_at=at,
    )  # fmt: skip
    return WriteOffProposed(
        org_id=row.org_id, actor_id=actor.id, at=at, write_off_id=row.id, case_id=case.id,
        customer_id=row.customer_id, amount=amount, reason=row.reason,
    )  # fmt: skip


def _decided(write_off_id: UUID, state: WriteOffState, actor: Actor, at: datetime) -> WriteOff:
    found = WriteOff.objects.visible_to(actor).select_for_update().get(id=write_off_id)
    actor.must("billing.decide_write_off", found.org_id)
    if found.proposed_by_id == actor.id:
        raise SamePerson(_("Another person has to decide this."))
    found.state = WRITE_OFF_LIFE.step(found.state, state)
    found.decided_by_id, found.decided_at = actor.id, at
    return found


@verb
def decline_write_off(
    *, write_off_id: UUID, words: str, actor: Actor, at: datetime
) -> WriteOffDeclined:
    """Keep the debt in the books. Raises SamePerson or IllegalMove."""
    row = _decided(write_off_id, WriteOffState.DECLINED, actor, at)
    row.words = words.strip()[:200]
    row.save()
    return WriteOffDeclined(
        org_id=row.org_id, actor_id=actor.id, at=at, write_off_id=row.id, case_id=row.case_id,
        words=row.words,
    )  # fmt: skip


@verb
def approve_write_off(*, write_off_id: UUID, actor: Actor, at: datetime) -> DebtWrittenOff:
    """Take a hopeless debt out of the receivables: the loss is provided for and used up at once.

    Its bills are open no more and cost no late fee; the customer owes all the same. Raises
    SamePerson, IllegalMove, DebtChanged when another sum is overdue now, or ledger.PeriodClosed.
    """
    seen = WriteOff.objects.visible_to(actor).select_related("case").get(id=write_off_id)
    case = DunningCase.objects.select_for_update().get(id=seen.case_id)
    row = _decided(write_off_id, WriteOffState.WRITTEN_OFF, actor, at)
    balances = _owing(case, at)
    owed = sum((balance.open_amount for balance in balances), ZERO)
    if owed != row.amount:
        raise DebtChanged(
            _("%(now)s is overdue now instead of %(then)s. Decline it and propose anew.")
            % {"now": yuan(owed), "then": yuan(row.amount)}
        )
    row.save()
    entries: list[NewEntry] = []
    day = local_day(at)
    for balance in balances:
        lost = balance.open_amount
        WriteOffPart.objects.create(
            org_id=row.org_id, write_off=row, bill_id=balance.bill_id, amount=lost
        )
        part = _allocate(row, balance, lost, at)
        entries.append(_entry("LOSS_PROVIDED", part, balance, LOSSES, ALLOWANCE, lost))
        entries.append(_entry("DEBT_WRITTEN_OFF", part, balance, ALLOWANCE, RECEIVABLE, lost))
        balance.open_amount, balance.written_off = ZERO, balance.written_off + lost
        balance.settled_on = day
        balance.save(update_fields=["open_amount", "written_off", "settled_on"])
    LateFee.objects.filter(
        bill_id__in=[b.bill_id for b in balances], fee_bill=None, kind=LateKind.COUNTED
    ).delete()
    ledger.post_entries(entries=entries, actor=actor, at=at)
    case.state = CASE_LIFE.step(case.state, CaseState.WRITTEN_OFF)
    case.closed_on = day
    case.save(update_fields=["state", "closed_on"])
    topics = [(row.org_id, case.id), *((row.org_id, b.bill_id) for b in balances)]
    take_back(topics, reason="HELD", actor=actor, at=at)
    outbox.publish(cleared(case, actor, at), verb="billing.approve_write_off")
    return DebtWrittenOff(
        org_id=row.org_id, actor_id=actor.id, at=at, write_off_id=row.id, case_id=case.id,
        customer_id=row.customer_id, vehicle_id=row.vehicle_id, source_kind=row.source_kind,
        source_id=row.source_id, amount=row.amount,
        bill_ids=tuple(b.bill_id for b in balances),
    )  # fmt: skip


def _allocate(row: WriteOff, balance: BillBalance, amount: Decimal, at: datetime) -> Allocation:
    return Allocation.objects.create(
        org_id=row.org_id, write_off=row, bill_id=balance.bill_id, customer_id=row.customer_id,
        amount=amount, on=local_day(at),
    )  # fmt: skip


def _entry(
    kind: str, part: Allocation, balance: BillBalance, debit: str, credit: str, amount: Decimal
) -> NewEntry:
    return NewEntry(
        org_id=part.org_id,
        kind=kind,
        source_kind=_PART,
        source_id=part.id,
        occurred_on=part.on,
        postings=legs_of(
            (debit, amount),
            (credit, -amount),
            customer_id=balance.customer_id,
            city=balance.city,
            vehicle_id=balance.vehicle_id,
        ),
    )


@verb
def recover_debt(
    *,
    write_off_id: UUID,
    payment_id: UUID,
    actor: Actor,
    at: datetime,
    amount: Decimal | None = None,
) -> DebtRecovered:
    """Let money that came in after all pay a debt that was written off, the oldest bill first.

    The debt is taken back into the receivables, paid, and the loss undone. Without `amount` as far
    as the money on account reaches. Raises PaymentNotReceived, AllocationExceeds, NothingToPay for
    another customer's payment, or IllegalMove unless something is written off.
    """
    found = WriteOff.objects.visible_to(actor).get(id=write_off_id)
    actor.must("billing.recover_debt", found.org_id)
    payment = received_payment(payment_id, "billing.recover_debt", actor)
    row = WriteOff.objects.select_for_update().get(id=write_off_id)
    if row.state != WriteOffState.WRITTEN_OFF:
        raise IllegalMove(_("Nothing of this debt is left to recover."))
    if (payment.org_id, payment.customer_id) != (row.org_id, row.customer_id):
        raise NothingToPay(_("Choose a payment of this customer."))
    free = min(free_of(payment, actor), row.amount - row.recovered)
    wanted = free if amount is None else to_fen(amount)
    if not 0 < wanted <= free:
        raise AllocationExceeds(
            _("Up to %(free)s of this payment can be used here.") % {"free": yuan(free)}
        )
    _recover(row, wanted, payment.id, actor, at)
    payment.allocated += wanted
    payment.save(update_fields=["allocated"])
    row.recovered += wanted
    if row.recovered == row.amount:
        row.state = WRITE_OFF_LIFE.step(row.state, WriteOffState.RECOVERED)
    row.save(update_fields=["recovered", "state"])
    return DebtRecovered(
        org_id=row.org_id, actor_id=actor.id, at=at, write_off_id=row.id, payment_id=payment.id,
        customer_id=row.customer_id, amount=wanted, left=row.amount - row.recovered,
    )  # fmt: skip


def _recover(row: WriteOff, amount: Decimal, payment_id: UUID, actor: Actor, at: datetime) -> None:
    parts: Sequence[WriteOffPart] = list(row.parts.order_by("bill__due_on", "bill_id"))
    locked = BillBalance.objects.filter(bill_id__in=[part.bill_id for part in parts])
    balances = {b.bill_id: b for b in locked.order_by("bill_id").select_for_update()}
    entries: list[NewEntry] = []
    for part in parts:
        back = min(amount, part.amount - part.recovered)
        if back == 0:
            continue
        amount -= back
        balance = balances[part.bill_id]
        undone = _allocate(row, balance, -back, at)
        paid = Allocation.objects.create(
            org_id=row.org_id, payment_id=payment_id, bill_id=part.bill_id,
            customer_id=row.customer_id, amount=back, on=local_day(at),
        )  # fmt: skip
        entries.append(_entry("DEBT_REINSTATED", undone, balance, RECEIVABLE, ALLOWANCE, back))
        entries.append(_entry("PAYMENT_ALLOCATED", paid, balance, ON_ACCOUNT, RECEIVABLE, back))
        entries.append(_entry("LOSS_UNDONE", undone, balance, ALLOWANCE, LOSSES, back))
        balance.written_off -= back
        balance.save(update_fields=["written_off"])
        part.recovered += back
        part.save(update_fields=["recovered"])
    ledger.post_entries(entries=entries, actor=actor, at=at)
