"""Whether the books say what the bank says, and what of the difference is explained."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import Max, Q, Sum

from panshi.billing.models import AsideKind, BankLine, BankStatement
from panshi.billing.queries.outgoing import BANK
from panshi.kit.money import ZERO
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question
from panshi.ledger import queries as ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class BankAgreement:
    """A book's bank accounts by their files and by account 1002, in CNY.

    `bank` is the files' last balance, `unbooked` what stands in them and nobody explained yet,
    `moving` what is under way between accounts of our own, of which only one side came in a file,
    `rest` what stands in the books and in none of the files, as from before the first one.
    """

    org_id: int
    on: date
    bank: Decimal
    unbooked: Decimal
    moving: Decimal
    books: Decimal

    @property
    def rest(self) -> Decimal:
        return self.books - (self.bank - self.unbooked - self.moving)


@question
def bank_agreements(*, actor: Actor) -> tuple[BankAgreement, ...]:
    """Of each book with bank files: whether account 1002 says what the bank says."""
    statements = BankStatement.objects.visible_to(actor)
    last = list(
        statements.order_by("org_id", "account", "-last_on", "-id")
        .distinct("org_id", "account")
        .values_list("org_id", "closing")
    )
    days = dict(statements.order_by().values_list("org_id").annotate(Max("last_on")))
    # One account of the books stands for all of a book's bank accounts: both sides of a transfer
    # between them cancel out, so one whose other side is in no file yet is all that is under way.
    booked = Q(payment__isnull=False) | Q(entry_id__isnull=False) | Q(aside=AsideKind.PAYOUT)
    lines = BankLine.objects.visible_to(actor).filter(org_id__in=days).exclude(booked).order_by()
    own = Q(aside=AsideKind.OWN)
    moving = dict(lines.filter(own).values_list("org_id").annotate(Sum("amount")))
    unbooked = dict(lines.exclude(own).values_list("org_id").annotate(Sum("amount")))
    rows = []
    for org_id, on in sorted(days.items()):
        sums = ledger.balances(
            accounts=(BANK,), until=on + timedelta(days=1), org_id=org_id, actor=actor
        )
        rows.append(
            BankAgreement(
                org_id=org_id,
                on=on,
                bank=sum((closing for org, closing in last if org == org_id), ZERO),
                unbooked=unbooked.get(org_id, ZERO),
                moving=moving.get(org_id, ZERO),
                books=sum((row.amount for row in sums), ZERO),
            )
        )
    return tuple(rows)
