"""Financing of receivables: a funder advances money on bills, each of them once at a time."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from panshi.billing.events import FinancingRepaid, ReceivableOffered
from panshi.billing.models import BillBalance, BillKind, Financing, Recourse
from panshi.kit.clock import local_day
from panshi.kit.ids import uuid7
from panshi.kit.money import ZERO, split, to_fen
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb
from panshi.ledger import services as ledger
from panshi.ledger.services import NewEntry, legs_of


class AlreadyFinanced(Refusal):
    pass


class NothingToFinance(Refusal):
    pass


BORROWED = "2001.fin"
"""What is owed to funders: the customer's debt stays ours, whoever bears its risk."""


@verb
def finance_receivables(
    *,
    bill_ids: Sequence[UUID],
    funder: str,
    percent: Decimal,
    fee: Decimal,
    starts_on: date,
    ends_on: date,
    actor: Actor,
    at: datetime,
    recourse: str = Recourse.WITH,
) -> ReceivableOffered:
    """Take an advance of `percent` (80 for 80 %) of what is open on bills, less a fee in CNY.

    Raises AlreadyFinanced when one of them is financed on any of these days, NothingToFinance when
    they are of several books, nothing is open, or the figures do not make sense.
    """
    rows = BillBalance.objects.visible_to(actor).filter(
        bill_id__in=bill_ids, kind=BillKind.CHARGE, open_amount__gt=0
    )
    balances = list(rows.order_by("bill_id").select_for_update())
    if not balances or len(balances) != len(set(bill_ids)):
        raise NothingToFinance(_("Choose issued bills on which something is open."))
    if len({row.org_id for row in balances}) != 1:
        raise NothingToFinance(_("Choose bills of one book."))
    org_id = balances[0].org_id
    actor.must("billing.finance_receivables", org_id)
    advances = [to_fen(row.open_amount * percent / 100) for row in balances]
    total = sum(advances, ZERO)
    if not 0 < percent <= 100 or not 0 <= fee < total or ends_on <= starts_on or min(advances) <= 0:
        raise NothingToFinance(_("Give a percentage up to 100, a fee below it, and days in order."))
    batch_id = uuid7()
    made = [
        Financing(
            org_id=org_id,
            bill_id=row.bill_id,
            batch_id=batch_id,
            customer_id=row.customer_id,
            vehicle_id=row.vehicle_id,
            city=row.city,
            funder=funder,
            open_amount=row.open_amount,
            advance=advance,
            fee=part,
            recourse=Recourse(recourse),
            starts_on=starts_on,
            ends_on=ends_on,
        )
        for row, advance, part in zip(balances, advances, split(fee, advances), strict=True)
    ]
    try:
        with transaction.atomic():
            Financing.objects.bulk_create(made)
    except IntegrityError as error:
        raise AlreadyFinanced(_("One of these bills is financed in that time already.")) from error
    ledger.post_entries(entries=[_advanced(one, at) for one in made], actor=actor, at=at)
    return ReceivableOffered(
        org_id=org_id,
        actor_id=actor.id,
        at=at,
        batch_id=batch_id,
        funder=funder,
        bills=len(made),
        advance=total,
        fee=fee,
    )


def _advanced(one: Financing, at: datetime) -> NewEntry:
    fee = [("6603", one.fee)] if one.fee else []
    return _entry(
        one, "RECEIVABLE_FINANCED", at, ("1002", one.advance - one.fee), *fee,
        (BORROWED, -one.advance),
    )  # fmt: skip


def _entry(one: Financing, kind: str, at: datetime, *parts: tuple[str, Decimal]) -> NewEntry:
    return NewEntry(
        org_id=one.org_id,
        kind=kind,
        source_kind="billing.Financing",
        source_id=one.id,
        occurred_on=local_day(at),
        postings=legs_of(
            *parts, customer_id=one.customer_id, city=one.city, vehicle_id=one.vehicle_id
        ),
    )


@verb
def repay_financing(*, batch_id: UUID, actor: Actor, at: datetime) -> FinancingRepaid:
    """Pay a funder's advance on a batch of bills back; they may be financed again.

    Raises NothingToFinance when it was repaid before.
    """
    rows = Financing.objects.visible_to(actor).filter(batch_id=batch_id, repaid_on=None)
    open_ones = list(rows.order_by("id").select_for_update())
    if not open_ones:
        raise NothingToFinance(_("Nothing of this batch is left to repay."))
    actor.must("billing.repay_financing", open_ones[0].org_id)
    entries = [
        _entry(one, "FINANCING_REPAID", at, (BORROWED, one.advance), ("1002", -one.advance))
        for one in open_ones
    ]
    ledger.post_entries(entries=entries, actor=actor, at=at)
    rows.update(repaid_on=local_day(at))
    return FinancingRepaid(
        org_id=open_ones[0].org_id,
        actor_id=actor.id,
        at=at,
        batch_id=batch_id,
        amount=sum((one.advance for one in open_ones), ZERO),
    )
