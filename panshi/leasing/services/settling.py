"""The settlement of a return: offered, confirmed by the customer, carried out to the last fen."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import pgettext_lazy

from panshi.billing import queries as billing_queries
from panshi.billing import services as billing
from panshi.billing.queries import ReturnCharge, ReturnQuote
from panshi.kit.clock import local_day
from panshi.kit.money import ZERO, to_fen
from panshi.kit.refusals import IllegalMove, Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb
from panshi.kit.wording import listed
from panshi.leasing.events import (
    DamageDisputed,
    DisputeDecided,
    SettlementAgreed,
    SettlementConfirmed,
    SettlementStarted,
)
from panshi.leasing.models import (
    LEASE_LIFE,
    DisputeOutcome,
    Lease,
    LeaseState,
    Retention,
    Segment,
    Settlement,
    SettlementSheet,
)
from panshi.leasing.queries.changes import charge_of, plain_lines, return_of, standing_sheets
from panshi.leasing.queries.violations import with_violations
from panshi.leasing.services.common import (
    SOURCE,
    TermsInvalid,
    common,
    current_segment,
    locked_lease,
)
from panshi.leasing.services.retaining import keep_back, take_over, to_retain

SETTLEMENT: Final = "leasing.settlement"
CHARGED: Final = frozenset({"DAMAGE", "KM_OVERAGE", "FINE", "AGENCY_FEE", "CLEANING", "LATE_FEE"})
_INPUTS: Final[Mapping[str, str | Promise]] = {
    "RETURNED_ON": lazy("Day of return"),
    "AGREED_END": lazy("Agreed end"),
    "BILLED_TO": lazy("Billed to"),
    "DEPOSIT": lazy("Deposit"),
    "ARREARS": lazy("Open bills"),
    "EARLY_TERMS": lazy("Terms of an early end"),
    "RENT": lazy("Rent and its changes"),
    "CHARGE": pgettext_lazy("return", "Charge"),
    "DISPUTED": lazy("Disputed charge"),
}


class SettlementMissing(Refusal):
    pass


def _must_be_settling(lease: Lease) -> None:
    if lease.state != LeaseState.SETTLING:
        raise IllegalMove(
            _("Lease %(number)s is not being settled; its state is “%(state)s”.")
            % {"number": lease.number, "state": LeaseState(lease.state).label}
        )


def _reckon(lease: Lease, charges: Sequence[ReturnCharge], actor: Actor) -> ReturnQuote:
    for charge in charges:
        if charge.amount <= 0 or charge.product_code not in CHARGED:
            raise TermsInvalid(_("A charge needs a known kind and an amount above zero."))
    returned_on = local_day(lease.returned_at) if lease.returned_at else lease.ends_on
    return return_of(lease, returned_on, charges, actor)


def _refuse_if_changed(lease: Lease, digest: str, quote: ReturnQuote) -> None:
    """Raise InputsChanged with what is different when a sheet no longer follows from its inputs."""
    if digest == quote.digest:
        return
    sheet = SettlementSheet.objects.filter(lease=lease, digest=digest).first()
    before = [tuple(pair) for pair in sheet.inputs] if sheet else []
    gone = [pair for pair in before if pair not in quote.inputs]
    came = [pair for pair in quote.inputs if pair not in before]
    words = []
    for name in dict.fromkeys(name for name, _value in (*gone, *came)):
        was = listed(value for key, value in gone if key == name)
        now = listed(value for key, value in came if key == name)
        words.append(
            f"{_INPUTS[name]}: {was or '—'} → {now or '—'}"
            if name != "RENT"
            else str(_INPUTS[name])
        )
    raise billing.InputsChanged(
        _("The settlement changed since it was shown: %s. Look at it and confirm again.")
        % ("; ".join(words) if sheet else _("other amounts"))
    )


def _offer(
    lease: Lease,
    charges: Sequence[ReturnCharge],
    quote: ReturnQuote,
    *,
    actor: Actor,
    at: datetime,
) -> SettlementSheet:
    return SettlementSheet.objects.create(
        org_id=lease.org_id,
        lease=lease,
        customer_id=lease.customer_id,
        version=SettlementSheet.objects.filter(lease=lease).count() + 1,
        lines=plain_lines(quote),
        charges=[_charge(charge) for charge in charges],
        inputs=[list(pair) for pair in quote.inputs],
        digest=quote.digest,
        total=quote.total,
        disputed=quote.disputed,
        offered_at=at,
        by_id=actor.id,
    )


def _charge(charge: ReturnCharge) -> dict[str, Any]:
    return {
        "product_code": charge.product_code,
        "words": charge.words,
        "unit_price": str(charge.unit_price),
        "quantity": str(charge.quantity),
        "clause": charge.clause,
        "disputed": charge.disputed,
    }


@verb
def start_settlement(
    *, lease_id: UUID, charges: Sequence[ReturnCharge], actor: Actor, at: datetime
) -> SettlementStarted:
    """Reckon what stands between the two sides and offer it to the customer to confirm.

    The lease's open violations are lines of it. Another offer replaces the one before. Raises
    TermsInvalid or IllegalMove.
    """
    lease = locked_lease(lease_id, actor=actor, permission="leasing.start_settlement")
    _must_be_settling(lease)
    charges = with_violations(lease.id, charges)
    quote = _reckon(lease, charges, actor)
    sheet = _offer(lease, charges, quote, actor=actor, at=at)
    deposit = billing_queries.deposit_of(source_kind=SOURCE, source_id=lease.id, actor=actor)
    if deposit is not None and deposit.held > deposit.reserved:
        # Voiding the offer before gave it back.
        billing.reserve_deposit(deposit_id=deposit.id, actor=actor, at=at)
    segment = current_segment(lease)
    return SettlementStarted(
        **common(lease, segment, actor=actor, at=at),
        version=sheet.version,
        total=sheet.total,
        disputed=sheet.disputed,
    )


def last_sheet(lease: Lease) -> SettlementSheet:
    """The settlement offered last that counts, locked. Raises SettlementMissing."""
    sheet = standing_sheets(lease).select_for_update(of=("self",)).order_by("-version").first()
    if sheet is None:
        raise SettlementMissing(_("No settlement has been offered for this lease yet."))
    return sheet


@verb
def confirm_settlement(
    *, lease_id: UUID, digest: str, actor: Actor, at: datetime
) -> SettlementAgreed:
    """The customer agrees to the settlement it saw, known by its digest.

    Raises billing.InputsChanged when it is another now, SettlementMissing or IllegalMove.
    """
    lease = locked_lease(lease_id, actor=actor, permission="leasing.confirm_settlement")
    _must_be_settling(lease)
    sheet = last_sheet(lease)
    charges = [charge_of(charge) for charge in sheet.charges]
    _refuse_if_changed(lease, digest, _reckon(lease, charges, actor))
    segment = current_segment(lease)
    if sheet.confirmed_at is None:
        sheet.confirmed_at, sheet.confirmed_by_id = at, actor.id
        sheet.save(update_fields=["confirmed_at", "confirmed_by_id"])
    return SettlementAgreed(
        **common(lease, segment, actor=actor, at=at), version=sheet.version, total=sheet.total
    )


@verb
def dispute_charge(
    *, lease_id: UUID, position: int, words: str, actor: Actor, at: datetime
) -> DamageDisputed:
    """Contest one charge of the settlement: the rest is settled, its amount stays reserved.

    `position` counts the charges from 0. Raises SettlementMissing, TermsInvalid or IllegalMove.
    """
    lease = locked_lease(lease_id, actor=actor, permission="leasing.dispute_charge")
    _must_be_settling(lease)
    sheet = last_sheet(lease)
    if not 0 <= position < len(sheet.charges) or sheet.charges[position]["disputed"]:
        raise TermsInvalid(_("There is no such charge to dispute."))
    kept = [
        charge_of({**charge, "disputed": charge["disputed"] or place == position})
        for place, charge in enumerate(sheet.charges)
    ]
    _offer(lease, kept, _reckon(lease, kept, actor), actor=actor, at=at)
    segment = current_segment(lease)
    return DamageDisputed(
        **common(lease, segment, actor=actor, at=at),
        position=position,
        what=kept[position].words,
        amount=kept[position].amount,
        reason=words.strip(),
    )


@verb
def settle_lease(
    *,
    lease_id: UUID,
    charges: Sequence[ReturnCharge],
    actor: Actor,
    at: datetime,
    agreed: str = "",
    retained: Decimal | None = None,
) -> SettlementConfirmed:
    """Carry a settlement out: bill what is due, give back unused rent and the rest of the deposit.

    `agreed` is the digest of the quote or sheet that was seen; raises billing.InputsChanged with
    what is different when it no longer holds. Disputed charges are not billed, and no more of the
    deposit stays reserved than their amount. `retained` of what is left of the deposit is kept back
    for notices of violations that may come; None keeps what the terms say. Raises TermsInvalid,
    ledger.PeriodClosed, or IllegalMove unless the vehicle is back.
    """
    lease = locked_lease(lease_id, actor=actor, permission="leasing.settle_lease")
    _must_be_settling(lease)
    segment = current_segment(lease)
    charges = with_violations(lease.id, charges)
    quote = _reckon(lease, charges, actor)
    if agreed:
        _refuse_if_changed(lease, agreed, quote)
    sheet = (
        standing_sheets(lease).filter(digest=quote.digest).order_by("-version").first()
    ) or _offer(lease, charges, quote, actor=actor, at=at)
    lease.state = LEASE_LIFE.step(lease.state, LeaseState.ENDED)
    take_over(lease, charges, at=at)
    due = _open_bills(lease, actor)
    due += _bill(lease, segment, _new_lines(quote), sequence=0, actor=actor, at=at)
    if lease.plan_id is not None:
        rent = billing.settle_rent(
            plan_id=lease.plan_id, agreed_end=lease.ends_on, also=due, actor=actor, at=at
        )
        if (rent.credited, rent.billed) != (quote.rent_back, quote.rent_due):
            raise billing.InputsChanged(
                _("The rent cannot be settled as quoted: %(back)s back and %(due)s due instead.")
                % {"back": rent.credited, "due": rent.billed}
            )
        due += rent.bill_ids
    later = to_retain(lease, retained, at)
    kept, refund = _use_deposit(lease, due, quote.disputed, later, actor=actor, at=at)
    keep_back(lease, kept - min(kept, quote.disputed), at=at)
    still_open = sum((row.open_amount for row in _bills(lease, actor)), ZERO)
    settlement = Settlement.objects.create(
        org_id=lease.org_id,
        lease=lease,
        sheet=sheet,
        lines=sheet.lines,
        charges=sum((charge.amount for charge in charges if not charge.disputed), ZERO),
        refund=refund,
        on_account=to_fen(quote.total - kept - refund + still_open),
        still_open=still_open,
        disputed=min(kept, quote.disputed),
        settled_at=at,
    )
    lease.save(update_fields=["state"])
    return SettlementConfirmed(
        **common(lease, segment, actor=actor, at=at),
        charges=settlement.charges,
        refund=refund,
        total=quote.total,
        on_account=settlement.on_account,
        still_open=still_open,
        disputed=settlement.disputed,
    )


def _new_lines(quote: ReturnQuote) -> list[billing.NewLine]:
    lines = [
        billing.NewLine(
            product_code=line.charge.product_code,
            words=line.charge.words,
            quantity=line.charge.quantity,
            unit_price=line.charge.unit_price,
        )
        for line in quote.lines
        if line.charge is not None
    ]
    if quote.early_fee:
        lines.append(
            billing.NewLine(
                product_code="EARLY_FEE",
                words=_("Early return"),
                quantity=Decimal(1),
                unit_price=quote.early_fee,
            )
        )
    return lines


def _bill(
    lease: Lease,
    segment: Segment,
    lines: Sequence[billing.NewLine],
    *,
    sequence: int,
    actor: Actor,
    at: datetime,
) -> list[UUID]:
    if not lines:
        return []
    raised = billing.raise_bill(
        org_id=lease.org_id,
        customer_id=lease.customer_id,
        source_kind=SETTLEMENT,
        source_id=lease.id,
        vehicle_id=segment.vehicle_id,
        due_on=local_day(at),
        lines=lines,
        sequence=sequence,
        actor=actor,
        at=at,
    )
    return [raised.bill_id]


def _bills(lease: Lease, actor: Actor) -> list[billing_queries.OwedRow]:
    return [
        row
        for kind in (SOURCE, SETTLEMENT)
        for row in billing_queries.bills_of_source(
            source_kind=kind, source_id=lease.id, actor=actor
        )
    ]


def _open_bills(lease: Lease, actor: Actor) -> list[UUID]:
    return [row.id for row in _bills(lease, actor) if row.open_amount]


def _use_deposit(
    lease: Lease,
    due: Sequence[UUID],
    disputed: Decimal,
    retained: Decimal,
    *,
    actor: Actor,
    at: datetime,
) -> tuple[Decimal, Decimal]:
    """Pay what is due from the deposit, oldest first, and give back all but what is disputed and,
    of the rest, what is kept back.

    Answers what stays reserved and what is on its way back.
    """
    deposit = billing_queries.deposit_of(source_kind=SOURCE, source_id=lease.id, actor=actor)
    there = ZERO if deposit is None else deposit.held - deposit.returning
    if deposit is None or not there:
        return ZERO, ZERO
    kept = min(disputed, there)
    left: Decimal = there - kept
    still_open = set(_open_bills(lease, actor))  # What was on account may have paid one of them.
    for bill_id in due:
        if left and bill_id in still_open:
            left -= billing.apply_deposit(
                deposit_id=deposit.id, bill_id=bill_id, amount=left, actor=actor, at=at
            ).amount
    later = min(retained, left)
    back = left - later
    if back:
        billing.return_deposit(deposit_id=deposit.id, amount=back, actor=actor, at=at)
    return kept + later, back


@verb
def decide_dispute(
    *,
    lease_id: UUID,
    position: int,
    upheld: Decimal,
    words: str,
    actor: Actor,
    at: datetime,
) -> DisputeDecided:
    """End the dispute about a charge of a settled lease: `upheld` is charged, the rest goes back.

    Raises TermsInvalid for a charge that is not disputed, was decided, or is less than `upheld`.
    """
    lease = locked_lease(lease_id, actor=actor, permission="leasing.decide_dispute")
    settlement = Settlement.objects.select_related("sheet").filter(lease=lease).first()
    charges = settlement.sheet.charges if settlement and settlement.sheet else []
    if settlement is None or not 0 <= position < len(charges):
        raise TermsInvalid(_("There is no such charge to decide on."))
    charge = charge_of(charges[position])
    decided = DisputeOutcome.objects.filter(settlement=settlement, position=position).exists()
    if not charge.disputed or decided or not 0 <= upheld <= charge.amount:
        raise TermsInvalid(_("Only a disputed charge is decided, once, and up to its amount."))
    segment = current_segment(lease)
    upheld = to_fen(upheld)
    if upheld:
        line = billing.NewLine(
            product_code=charge.product_code,
            words=charge.words,
            quantity=Decimal(1),
            unit_price=upheld,
        )
        due = _bill(lease, segment, [line], sequence=position + 1, actor=actor, at=at)
    else:
        due = []
    settled = set(
        DisputeOutcome.objects.filter(settlement=settlement).values_list("position", flat=True)
    )
    still_disputed = sum(
        (
            charge_of(other).amount
            for place, other in enumerate(charges)
            if other["disputed"] and place not in {position, *settled}
        ),
        ZERO,
    )
    waiting = Retention.objects.filter(lease=lease, returned_at=None).first()
    later = waiting.left if waiting else ZERO
    _kept, refund = _use_deposit(lease, due, still_disputed, later, actor=actor, at=at)
    DisputeOutcome.objects.create(
        org_id=lease.org_id,
        settlement=settlement,
        customer_id=lease.customer_id,
        position=position,
        upheld=upheld,
        words=words.strip(),
        by_id=actor.id,
        decided_at=at,
    )
    return DisputeDecided(
        **common(lease, segment, actor=actor, at=at),
        position=position,
        amount=charge.amount,
        upheld=upheld,
        refund=refund,
    )
