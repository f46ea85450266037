"""Questions about entries: one document's, a month's journal."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_lazy as _

from panshi.kit.money import ZERO
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question
from panshi.ledger.models import Account, Entry, Posting

KIND_WORDS: Final = {
    "BILL_ISSUED": _("Bill issued"),
    "BILL_CREDITED": _("Credit note issued"),
    "CREDIT_LEFT_ON_ACCOUNT": _("Credit left on account"),
    "DEPOSIT_DEMANDED": _("Deposit demanded"),
    "DEPOSIT_TAKEN_OVER": _("Deposit taken over at the move-in"),
    "DEPOSIT_TAKEN_OVER_REVERSED": _("Take-over of a deposit undone"),
    "DEPOSIT_RESERVED": _("Deposit reserved"),
    "DEPOSIT_RELEASED": _("Deposit released"),
    "DEPOSIT_RETURNED": _("Deposit returned"),
    "DEPOSIT_APPLIED": _("Deposit applied to a bill"),
    "PAYMENT_RECEIVED": _("Payment received"),
    "PAYMENT_ALLOCATED": _("Payment allocated"),
    "PAYMENT_UNALLOCATED": _("Allocation taken back"),
    "PAYMENT_REASSIGNED": _("Payment given to another customer"),
    "REFUND_ASKED": _("Refund asked for"),
    "REFUND_SENT_AGAIN": _("Refund sent again"),
    "REFUND_PAID": _("Refund paid back"),
    "REFUND_FAILED": _("Refund failed"),
    "REFUND_DECLINED": _("Refund declined"),
    "LOSS_PROVIDED": _("Loss of a hopeless debt provided for"),
    "DEBT_WRITTEN_OFF": _("Hopeless debt written off"),
    "DEBT_REINSTATED": _("Debt taken back into the receivables"),
    "LOSS_UNDONE": _("Provision undone, the debt came in"),
    "CHANNEL_PAID_OUT": _("Paid out by the channel"),
    "BANK_COST": _("Cost paid by the bank"),
    "BANK_INTEREST": _("Interest of the bank"),
    "MONEY_TO_CLEAR_UP": _("Bank money to be cleared up"),
    "REVENUE_RECOGNISED": _("Revenue recognised"),
    "REVENUE_CAUGHT_UP": _("Revenue of a closed month recognised later"),
    "SHARE_ACCRUED": _("Share accrued"),
    "RECEIVABLE_FINANCED": _("Receivable financed"),
    "FINANCING_REPAID": _("Financing repaid"),
    "FINE_PAID": _("Fine paid to the authority"),
    "ASSET_TAKEN_UP": _("Vehicle taken into the books"),
    "DEPRECIATION": _("Depreciation"),
    "ASSET_RETIRED": _("Sold vehicle taken out of the books"),
    "ASSET_SOLD": _("Vehicle sold"),
    "UPKEEP_COST": _("Upkeep of a vehicle"),
    "ADVANCE_TAKEN_OVER": _("Advance taken over at the move-in"),
    "CLAIM_LOSS": _("Loss of an accident"),
    "CLAIM_LOST_RENT": _("Rent lost by an accident"),
    "INSURER_PAID": _("Paid by the insurer"),
    "PREPAID_RELEASED": _("Prepaid cost released"),
    "PREPAID_TAKEN_BACK": _("Release of a prepaid cost taken back"),
    "STOCK_MOVED": _("Parts moved"),
    "STOCK_TAKEN_IN": _("Parts taken into the books"),
    "SUPPLIER_CREDIT": _("Credit note of a supplier"),
    "SUPPLIER_INVOICE": _("Invoice of a supplier"),
    "SUPPLIER_INVOICE_PAID": _("Invoice of a supplier paid"),
    "SUPPLIER_REFUND": _("Money back from a supplier"),
    "SUPPLIER_INVOICE_REST": _("Difference of a supplier's invoice"),
    "VEHICLE_COST": _("Cost of a vehicle"),
}


@dataclass(frozen=True, slots=True)
class LegRow:
    account: str
    account_name: str
    debit: Decimal | None
    credit: Decimal | None
    vehicle_id: UUID | None
    customer_id: UUID | None
    city: str


@dataclass(frozen=True, slots=True)
class EntryCard:
    id: UUID
    org_id: int
    kind: str
    source_kind: str
    source_id: UUID
    occurred_on: date
    reverses_id: UUID | None
    legs: tuple[LegRow, ...]
    debit: Decimal
    credit: Decimal

    @property
    def title(self) -> str:
        """What kind of entry this is, in words; a kind without words shows its code."""
        return str(KIND_WORDS.get(self.kind, self.kind))


def _leg(posting: Posting) -> LegRow:
    amount = posting.amount
    return LegRow(
        account=posting.account_id,
        account_name=str(posting.account),
        debit=amount if amount > 0 else None,
        credit=-amount if amount < 0 else None,
        vehicle_id=posting.vehicle_id,
        customer_id=posting.customer_id,
        city=posting.city,
    )


def _cards(entries: list[Entry]) -> list[EntryCard]:
    legs: dict[UUID, list[LegRow]] = {entry.id: [] for entry in entries}
    postings = Posting.objects.filter(entry_id__in=legs).select_related("account")
    for posting in postings.order_by("entry_id", "leg"):
        legs[posting.entry_id].append(_leg(posting))
    return [
        EntryCard(
            id=entry.id,
            org_id=entry.org_id,
            kind=entry.kind,
            source_kind=entry.source_kind,
            source_id=entry.source_id,
            occurred_on=entry.occurred_on,
            reverses_id=entry.reverses_id,
            legs=tuple(legs[entry.id]),
            debit=sum((leg.debit or ZERO for leg in legs[entry.id]), ZERO),
            credit=sum((leg.credit or ZERO for leg in legs[entry.id]), ZERO),
        )
        for entry in entries
    ]


@question
def accounts(*, actor: Actor) -> list[tuple[str, str]]:
    """The chart: codes and names, by code."""
    return [(account.code, str(account)) for account in Account.objects.order_by("code")]


@question
def entry_card(*, entry_id: UUID, actor: Actor) -> EntryCard:
    """One entry with its legs, as the journal shows it."""
    return _cards([Entry.objects.visible_to(actor).get(id=entry_id)])[0]


@question
def reversal_of(*, entry_id: UUID, actor: Actor) -> UUID | None:
    """The entry that cancelled this one, if any did."""
    mirrors = Entry.objects.visible_to(actor).filter(reverses_id=entry_id)
    return mirrors.values_list("id", flat=True).first()


@question
def entries_of(*, source_kind: str, source_id: UUID, actor: Actor) -> list[EntryCard]:
    """The entries that a document made, oldest first."""
    rows = Entry.objects.visible_to(actor).filter(source_kind=source_kind, source_id=source_id)
    return _cards(list(rows.order_by("occurred_on", "id")))


@question
def entries_of_sources(*, source_ids: tuple[UUID, ...], actor: Actor) -> list[EntryCard]:
    """The entries that several documents made, oldest first."""
    rows = Entry.objects.visible_to(actor).filter(source_id__in=source_ids)
    return _cards(list(rows.order_by("occurred_on", "id")))


@dataclass(frozen=True, slots=True)
class MovedRow:
    """An entry that moved an amount on an account, in CNY; what left is below zero."""

    id: UUID
    occurred_on: date
    kind_words: str
    amount: Decimal
    source_kind: str
    source_id: UUID


@question
def entries_moving(
    *,
    org_id: int,
    account: str,
    amount: Decimal,
    since: date,
    until: date,
    actor: Actor,
    limit: int = 50,
) -> list[MovedRow]:
    """Entries of a book in [since, until) whose leg on the account is this amount.

    One that was reversed, and what reversed it, are left out.
    """
    legs = (
        Posting.objects.filter(org_id=org_id, account_id=account, amount=amount)
        .filter(occurred_on__gte=since, occurred_on__lt=until, entry__reverses__isnull=True)
        .exclude(Exists(Entry.objects.filter(reverses=OuterRef("entry_id"))))
        .select_related("entry")
    )
    return [
        MovedRow(
            id=leg.entry_id,
            occurred_on=leg.occurred_on,
            kind_words=str(KIND_WORDS.get(leg.entry.kind, leg.entry.kind)),
            amount=leg.amount,
            source_kind=leg.entry.source_kind,
            source_id=leg.entry.source_id,
        )
        for leg in legs.order_by("occurred_on", "entry_id")[:limit]
    ]


@question
def moved_by(*, entry_id: UUID, account: str, actor: Actor) -> tuple[int, Decimal]:
    """The book of an entry, and what it moved on an account in CNY."""
    entry = Entry.objects.visible_to(actor).get(id=entry_id)
    legs = entry.postings.filter(account_id=account)
    return entry.org_id, sum((leg.amount for leg in legs), ZERO)


@question
def journal(
    *,
    since: date,
    until: date,
    actor: Actor,
    kind: str = "",
    account: str = "",
    org_id: int | None = None,
    after: UUID | None = None,
    limit: int = 50,
) -> list[EntryCard]:
    """Entries of [since, until), newest first; `after` is the last entry of the page before."""
    rows = Entry.objects.visible_to(actor).filter(occurred_on__gte=since, occurred_on__lt=until)
    if org_id is not None:
        rows = rows.filter(org_id=org_id)
    if kind:
        rows = rows.filter(kind=kind)
    if account:
        rows = rows.filter(
            id__in=Posting.objects.filter(
                account_id=account, occurred_on__gte=since, occurred_on__lt=until
            ).values("entry_id")
        )
    if after is not None:
        last = Entry.objects.visible_to(actor).get(id=after)
        rows = rows.extra(  # A row comparison, which one index range answers.
            where=["(ledger_entry.occurred_on, ledger_entry.id) < (%s, %s)"],
            params=[last.occurred_on, last.id],
        )
    return _cards(list(rows.order_by("-occurred_on", "-id")[:limit]))


@question
def sources_posted(*, org_id: int, kind: str, source_ids: tuple[UUID, ...], actor: Actor) -> int:
    """How many of these sources have an entry of a kind in a book."""
    found = Entry.objects.filter(org_id=org_id, kind=kind, source_id__in=source_ids)
    return found.values("source_id").distinct().count()
