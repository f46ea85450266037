"""Bills that are raised at once, and credit notes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from panshi.billing import rules
from panshi.billing.events import BillCredited, BillRaised
from panshi.billing.models import Bill, BillKind, BillLine, BillState, ChargePlan
from panshi.billing.services.catalogue import product_on, vat_rate_on
from panshi.billing.services.issuing import issue_these
from panshi.billing.services.settling import Money, settle
from panshi.kit.clock import local_day
from panshi.kit.money import ZERO, to_fen
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb
from panshi.org import queries as org


class NoLines(Refusal):
    pass


class AlreadyBilled(Refusal):
    pass


class BillImmutable(Refusal):
    pass


class CreditExceedsBill(Refusal):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLine:
    """A line to bill, tax inside; an empty VAT code takes the product's own.

    Who reads English is shown `words_en`, where it is given.
    """

    product_code: str
    words: str
    quantity: Decimal
    unit_price: Decimal
    vat_code: str = ""
    vehicle_id: UUID | None = None
    service_from: date | None = None
    service_to: date | None = None
    words_en: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditLine:
    """How much of an issued line is given back, tax inside, as a positive amount."""

    line_id: UUID
    gross: Decimal


def draft(
    *,
    org_id: int,
    kind: BillKind,
    customer_id: UUID,
    vehicle_id: UUID | None,
    source_kind: str,
    source_id: UUID,
    due_on: date,
    lines: Sequence[NewLine],
    sequence: int,
    actor: Actor,
    at: datetime,
    plan: ChargePlan | None = None,
    period: tuple[date | None, date | None] = (None, None),
    city: str = "",
) -> Bill:
    """Write a draft with its lines; called inside a verb. Raises NoLines or AlreadyBilled."""
    if not lines:
        raise NoLines(_("A bill needs at least one line."))
    day = local_day(at)
    rows = []
    for position, new in enumerate(lines, start=1):
        product = product_on(new.product_code, day)
        vat_code = new.vat_code or product.vat_code
        gross = to_fen(new.quantity * new.unit_price)
        rate = vat_rate_on(vat_code, day)
        vat, net = rules.vat_and_net(gross=gross, rate=rate)
        rows.append(
            BillLine(
                org_id=org_id,
                position=position,
                customer_id=customer_id,
                product=product,
                words=new.words,
                words_en=new.words_en,
                vehicle_id=new.vehicle_id or vehicle_id,
                service_from=new.service_from,
                service_to=new.service_to,
                quantity=new.quantity,
                unit_price=new.unit_price,
                gross=gross,
                vat_code=vat_code,
                vat_rate=rate,
                vat=vat,
                net=net,
            )
        )
    try:
        with transaction.atomic():
            bill = Bill.objects.create(
                org_id=org_id,
                kind=kind,
                customer_id=customer_id,
                vehicle_id=vehicle_id,
                source_kind=source_kind,
                source_id=source_id,
                plan=plan,
                period_from=period[0],
                period_to=period[1],
                sequence=sequence,
                due_on=due_on,
                total=sum((row.gross for row in rows), ZERO),
                city=plan.city if plan else city or city_of(org_id, actor),
                drafted_at=at,
            )
    except IntegrityError as error:
        if "one_bill_per_source" not in str(error):
            raise
        raise AlreadyBilled(_("This was billed before.")) from error
    for row in rows:
        row.bill = bill
    BillLine.objects.bulk_create(rows)
    return bill


def city_of(org_id: int, actor: Actor) -> str:
    """The city of a node."""
    return next((node.city for node in org.nodes(actor=actor) if node.id == org_id), "")


@verb
def raise_bill(
    *,
    org_id: int,
    customer_id: UUID,
    source_kind: str,
    source_id: UUID,
    vehicle_id: UUID | None,
    due_on: date,
    lines: Sequence[NewLine],
    actor: Actor,
    at: datetime,
    sequence: int = 0,
) -> BillRaised:
    """Bill a customer at once for something done: numbered, issued and posted.

    A source is billed once per `sequence`. Raises NoLines, AlreadyBilled, UnknownProduct,
    UnknownVatCode, or ledger.PeriodClosed.
    """
    actor.must("billing.raise_bill", org_id)
    bill = draft(
        org_id=org_id,
        kind=BillKind.CHARGE,
        customer_id=customer_id,
        vehicle_id=vehicle_id,
        source_kind=source_kind,
        source_id=source_id,
        due_on=due_on,
        lines=lines,
        sequence=sequence,
        actor=actor,
        at=at,
    )
    issue_these([bill.id], on=local_day(at))
    bill.refresh_from_db(fields=["number"])
    return BillRaised(
        org_id=org_id,
        actor_id=actor.id,
        at=at,
        bill_id=bill.id,
        number=bill.number or "",
        bill_kind=bill.kind,
        customer_id=customer_id,
        vehicle_id=vehicle_id,
        source_kind=source_kind,
        source_id=source_id,
        due_on=due_on,
        total=bill.total,
    )


@verb
def credit_bill(
    *,
    bill_id: UUID,
    lines: Sequence[CreditLine],
    reason: str,
    actor: Actor,
    at: datetime,
    also: Sequence[UUID] = (),
) -> BillCredited:
    """Give back part or all of an issued bill, line by line, by a note that cites its originals.

    What is open on the bill shrinks first, then what is open on the bills `also` of the customer;
    the rest stays with the customer as money on account.
    Raises CreditExceedsBill, BillImmutable (not an issued charge) or NoLines.
    """
    bill = Bill.objects.visible_to(actor).select_for_update().get(id=bill_id)
    actor.must("billing.credit_bill", bill.org_id)
    if bill.state != BillState.ISSUED or bill.kind != BillKind.CHARGE:
        raise BillImmutable(_("Only an issued charge can be credited."))
    if not lines:
        raise NoLines(_("A credit note needs at least one line."))
    originals = {line.id: line for line in bill.lines.all()}
    earlier = dict(
        BillLine.objects.filter(credits__in=list(originals))
        .values_list("credits")
        .annotate(given=Sum("gross"))
    )
    rows = []
    for position, line in enumerate(lines, start=1):
        original = originals[line.line_id]
        gross = to_fen(line.gross)
        left = original.gross + earlier.get(original.id, ZERO)
        if not ZERO < gross <= left:
            raise CreditExceedsBill(
                _("Of line %(position)d only %(left)s can be given back.")
                % {"position": original.position, "left": left}
            )
        vat, net = rules.vat_and_net(gross=gross, rate=original.vat_rate)
        earlier[original.id] = earlier.get(original.id, ZERO) - gross
        rows.append(
            BillLine(
                org_id=bill.org_id,
                position=position,
                customer_id=bill.customer_id,
                product_id=original.product_id,
                words=reason,
                vehicle_id=original.vehicle_id,
                service_from=original.service_from,
                service_to=original.service_to,
                quantity=Decimal(1),
                unit_price=-gross,
                gross=-gross,
                vat_code=original.vat_code,
                vat_rate=original.vat_rate,
                vat=-vat,
                net=-net,
                credits=original,
            )
        )
    day = local_day(at)
    note = Bill.objects.create(
        org_id=bill.org_id,
        kind=BillKind.CREDIT,
        customer_id=bill.customer_id,
        vehicle_id=bill.vehicle_id,
        source_kind=bill.source_kind,
        source_id=bill.source_id,
        sequence=Bill.objects.filter(source_id=bill.source_id, kind=BillKind.CREDIT).count(),
        due_on=day,
        total=sum((row.gross for row in rows), ZERO),
        city=bill.city,
        drafted_at=at,
        credits=bill,
        reason=reason,
    )
    for row in rows:
        row.bill = note
    BillLine.objects.bulk_create(rows)
    issue_these([note.id], on=day)
    note.refresh_from_db(fields=["number"])
    settle(
        money=Money(
            org_id=bill.org_id,
            bill_ids=[bill.id, *also],
            amount=-note.total,
            at=at,
            credit=note,
        ),
        actor=actor,
    )
    return BillCredited(
        org_id=bill.org_id,
        actor_id=actor.id,
        at=at,
        bill_id=bill.id,
        credit_id=note.id,
        number=note.number or "",
        customer_id=bill.customer_id,
        total=note.total,
    )
