"""Prices, quotes and contracts of the demo company: a book, and what stands on a desk today."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from panshi.billing import services as billing
from panshi.billing.services import NewPrice
from panshi.demo import world
from panshi.demo.founding import Company, Operator
from panshi.kit.clock import local_day
from panshi.kit.tenancy import hq_actor
from panshi.leasing import queries
from panshi.leasing import services as leasing
from panshi.org import queries as org

FLOOR = Decimal("0.92")
LONG = Decimal("0.95")
TERM = 24
HOLD_HOURS = 48
OFFERS = 4


def _rounded(amount: Decimal) -> Decimal:
    return Decimal(round(amount / 10) * 10)


def _prices() -> Iterator[NewPrice]:
    """A rent for each model, less for a long term, a little more in the parcel season."""
    for model in world.MODELS:
        rent = Decimal(model.rent)
        for term, season, price in (
            (0, (0, 0), rent),
            (0, (9, 12), _rounded(rent * Decimal("1.04"))),
            (TERM, (0, 0), _rounded(rent * LONG)),
        ):
            yield NewPrice(
                product_code="RENT_MONTHLY",
                model_code=model.code,
                term_months=term,
                season_from=season[0],
                season_to=season[1],
                price=price,
                floor=_rounded(price * FLOOR),
            )


def publish_prices(company: Company, at: datetime) -> None:
    """The platform's price book: the system drafts it, the administrator publishes it."""
    platform = hq_actor(company.platform_id)
    people = org.staff(actor=platform)
    second = next(person.id for person in people if "ADMINISTRATOR" in person.roles)
    drafted = billing.draft_price_book(
        version=f"{local_day(at).year}",
        starts_on=local_day(at),
        ends_on=None,
        prices=list(_prices()),
        actor=platform,
        at=at,
    )
    billing.publish_price_book(book_id=drafted.book_id, actor=replace(platform, id=second), at=at)


def offer(operator: Operator, at: datetime) -> None:
    """Four quotes: one accepted with its contract out to sign, one held, one sent, one too low."""
    free = queries.free_vehicles(actor=operator.actor)[:OFFERS]
    for number, vehicle in enumerate(free):
        _offer(operator, vehicle.id, operator.customers[number], number, at)


def _offer(
    operator: Operator, vehicle_id: UUID, customer_id: UUID, number: int, at: datetime
) -> None:
    actor = operator.actor
    drafted = leasing.draft_quote(
        customer_id=customer_id,
        vehicle_id=vehicle_id,
        product_code="RENT_MONTHLY",
        starts_on=local_day(at),
        months=12,
        actor=actor,
        at=at,
        monthly_rent=Decimal(1980) if number == OFFERS - 1 else None,
    )
    if drafted.monthly_rent < drafted.floor:
        leasing.ask_discount(
            quote_id=drafted.quote_id, reason="老客户续签，一次十台", actor=actor, at=at
        )
        return
    leasing.send_quote(
        quote_id=drafted.quote_id, hold_hours=HOLD_HOURS if number < 2 else 0, actor=actor, at=at
    )
    if number == 0:
        accepted = leasing.accept_quote(quote_id=drafted.quote_id, actor=actor, at=at)
        leasing.make_contract(lease_id=accepted.lease_id, actor=actor, at=at)
