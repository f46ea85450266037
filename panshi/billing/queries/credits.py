"""What of an issued bill can still be given back."""

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.db.models import Sum

from panshi.billing.models import Bill, BillKind, BillLine, BillState
from panshi.kit.money import ZERO
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditableLine:
    """A line with what no credit note has given back of it, in CNY, tax included."""

    id: UUID
    position: int
    words: str
    gross: Decimal
    left: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Creditable:
    """An issued bill as one gives back of it; `open_amount` is what is not paid."""

    id: UUID
    number: str
    open_amount: Decimal
    lines: tuple[CreditableLine, ...]


@question
def creditable(*, bill_id: UUID, actor: Actor) -> Creditable:
    """An issued charge with what is left of its lines. Raises Bill.DoesNotExist for any other."""
    bill = (
        Bill.objects.visible_to(actor)
        .select_related("balance")
        .get(id=bill_id, kind=BillKind.CHARGE, state=BillState.ISSUED)
    )
    lines = list(bill.lines.select_related("product").order_by("position"))
    given = dict(
        BillLine.objects.filter(credits__in=lines)
        .values_list("credits")
        .annotate(Sum("gross"))
        .order_by()
    )
    return Creditable(
        id=bill.id,
        number=bill.number or "",
        open_amount=bill.balance.open_amount,
        lines=tuple(
            CreditableLine(
                id=line.id,
                position=line.position,
                words=" ".join(filter(None, (str(line.product), line.told))),
                gross=line.gross,
                left=max(line.gross + given.get(line.id, ZERO), ZERO),
            )
            for line in lines
        ),
    )
