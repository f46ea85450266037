"""What customers owed before their operator moved in: bills against the opening balances."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db.models import Max, QuerySet
from django.utils.translation import gettext as _

from panshi.billing.models import Bill, BillBalance, BillKind, BillLine
from panshi.billing.opening_events import OpeningsClaimed, OpeningsTakenBack
from panshi.billing.queries.owed import OPENING_SEQUENCE
from panshi.billing.services.bills import CreditLine, credit_bill
from panshi.billing.services.catalogue import product_on, vat_rate_on
from panshi.billing.services.issuing import issue_these
from panshi.kit.clock import local_day
from panshi.kit.ids import uuid7
from panshi.kit.money import ZERO
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb

ARREARS: Final = "OPENING_ARREARS"
_BATCH: Final = 1000


class AmountNegative(Refusal):
    pass


class AccountsInUse(Refusal):
    """Something was billed, paid or moved since the accounts were taken over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningLine:
    """A part of a debt, in CNY, for the days of [since, until) or for no days in particular."""

    gross: Decimal
    since: date | None = None
    until: date | None = None
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningClaim:
    """What a customer owed of one source before its operator moved in: one bill, one entry."""

    org_id: int
    source_kind: str
    source_id: UUID
    payer_id: UUID
    vehicle_id: UUID | None
    city: str
    due_on: date
    lines: tuple[OpeningLine, ...]

    @property
    def total(self) -> Decimal:
        return sum((line.gross for line in self.lines), ZERO)


@verb
def claim_openings(
    *, claims: Sequence[OpeningClaim], actor: Actor, at: datetime
) -> OpeningsClaimed:
    """Bill what sources owed before the move-in, against the opening balances (4103).

    `bill_ids` are in the order of `claims`, which name each source once. Raises AmountNegative or
    ledger.PeriodClosed; then none is billed.
    """
    for org_id in sorted({claim.org_id for claim in claims}):
        actor.must("billing.claim_openings", org_id)
    if any(line.gross <= 0 for claim in claims for line in claim.lines):
        raise AmountNegative(_("An opening debt must be above zero."))
    last = dict(
        Bill.objects.visible_to(actor)
        .filter(
            source_id__in=[claim.source_id for claim in claims],
            kind=BillKind.CHARGE,
            plan__isnull=True,
            sequence__gte=OPENING_SEQUENCE,
        )
        .values_list("source_id")
        .annotate(Max("sequence"))
        .order_by()
    )
    bill_ids = bill_claims(
        claims,
        sequences=[last.get(claim.source_id, OPENING_SEQUENCE) + 1 for claim in claims],
        at=at,
    )
    return OpeningsClaimed(
        org_id=actor.org_id,
        actor_id=actor.id,
        at=at,
        bill_ids=tuple(bill_ids),
        total=sum((claim.total for claim in claims), ZERO),
    )


@verb
def take_back_openings(
    *, org_id: int, bill_ids: Sequence[UUID], actor: Actor, at: datetime
) -> OpeningsTakenBack:
    """Undo opening bills by credit notes, whole.

    Raises AccountsInUse once anything of them was paid, credited or written off; then all stay.
    """
    actor.must("billing.take_back_openings", org_id)
    found = Bill.objects.visible_to(actor).filter(
        org_id=org_id, id__in=list(bill_ids), kind=BillKind.CHARGE, sequence__gt=OPENING_SEQUENCE
    )
    balances = BillBalance.objects.filter(bill__in=found).order_by("bill_id").select_for_update()
    if any(balance.open_amount != balance.total for balance in balances):
        raise AccountsInUse(_("Something of these debts was paid or given back since."))
    taken = take_back(found, actor=actor, at=at)
    return OpeningsTakenBack(org_id=org_id, actor_id=actor.id, at=at, bills=taken)


def bill_claims(
    claims: Sequence[OpeningClaim], *, sequences: Sequence[int], at: datetime
) -> list[UUID]:
    """Write and issue the bills of opening debts; called inside a verb. Answers their ids."""
    if not claims:
        return []
    day = local_day(at)
    product = product_on(ARREARS, day)
    rate = vat_rate_on(product.vat_code, day)
    bills = [
        Bill(
            id=uuid7(),
            org_id=claim.org_id,
            kind=BillKind.CHARGE,
            customer_id=claim.payer_id,
            vehicle_id=claim.vehicle_id,
            source_kind=claim.source_kind,
            source_id=claim.source_id,
            sequence=sequence,
            due_on=claim.due_on,
            total=claim.total,
            city=claim.city,
            drafted_at=at,
        )
        for claim, sequence in zip(claims, sequences, strict=True)
    ]
    Bill.objects.bulk_create(bills, batch_size=_BATCH)
    BillLine.objects.bulk_create(
        (
            BillLine(
                org_id=bill.org_id,
                bill=bill,
                position=position,
                customer_id=bill.customer_id,
                product=product,
                words=line.words,
                vehicle_id=bill.vehicle_id,
                service_from=line.since,
                service_to=line.until,
                quantity=Decimal(1),
                unit_price=line.gross,
                gross=line.gross,
                vat_code=product.vat_code,
                vat_rate=rate,
                vat=ZERO,
                net=line.gross,
            )
            for bill, claim in zip(bills, claims, strict=True)
            for position, line in enumerate(claim.lines, start=1)
        ),
        batch_size=_BATCH,
    )
    issue_these([bill.id for bill in bills], on=day)
    return [bill.id for bill in bills]


def take_back(bills: QuerySet[Bill], *, actor: Actor, at: datetime) -> int:
    """Credit opening bills in whole, those that are not yet; called inside a verb."""
    open_ones = bills.filter(balance__open_amount__gt=0)
    count = 0
    for bill in open_ones.order_by("id"):
        lines = bill.lines.order_by("position")
        credit_bill(
            bill_id=bill.id,
            lines=[CreditLine(line_id=line.id, gross=line.gross) for line in lines],
            reason=_("The move-in was undone."),
            actor=actor,
            at=at,
        )
        count += 1
    return count
