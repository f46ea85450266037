"""What became true of vehicles that are rented to own, and of leases in default."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from panshi.kit.facts import Fact
from panshi.leasing.events import LeaseFact


@dataclass(frozen=True, slots=True, kw_only=True)
class PurchaseAgreed(LeaseFact):
    """The price of a vehicle that is rented to own, CNY; `monthly_rate` as a share."""

    price: Decimal
    monthly_rate: Decimal
    fee: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class PurchaseIntentConfirmed(LeaseFact):
    """The customer wants to own the vehicle, and saw what that costs on a day.

    `by_contract` as it is rented to own.
    """

    on: date
    amount: Decimal
    by_contract: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class BuyOutOffered(LeaseFact):
    """What the vehicle still costs was billed, to be paid by `on`."""

    buy_out_id: UUID
    on: date
    amount: Decimal
    bill_id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnershipPassed(LeaseFact):
    """The leased vehicle is its customer's now."""

    buy_out_id: UUID
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class BuyOutLapsed(LeaseFact):
    buy_out_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class BuyOutsLapsed(Fact):
    on: date
    lapsed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseDefaultConfirmed(LeaseFact):
    """The lease is given up for lost: the vehicle is to come back, with or without its customer."""

    open_amount: Decimal
    reason: str
