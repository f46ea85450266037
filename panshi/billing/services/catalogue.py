"""What is sold and for how much. The platform publishes; operators read."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from panshi.billing import rules
from panshi.billing.events import PriceBookDrafted, PriceBookPublished, ProductAdded
from panshi.billing.models import PriceBook, PriceRow, Product, VatRate
from panshi.kit.refusals import NotPermitted, Refusal
from panshi.kit.tenancy import HQ, Actor
from panshi.kit.verbs import verb


class UnknownProduct(Refusal):
    pass


class ProductRetired(Refusal):
    pass


class ProductKnown(Refusal):
    """There is a product with this code already."""


class UnknownVatCode(Refusal):
    pass


class SamePerson(Refusal):
    pass


class PricesInvalid(Refusal):
    pass


class PricesTie(Refusal):
    pass


class VersionsOverlap(Refusal):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPrice:
    """A price per period; empty, 0 and None stand for all.

    It holds from `term_months` on, from `volume_from` vehicles on, and in the months `season_from`
    to `season_to` of the year.
    """

    product_code: str
    price: Decimal
    floor: Decimal
    model_code: str = ""
    city: str = ""
    term_months: int = 0
    region_id: int | None = None
    volume_from: int = 0
    season_from: int = 0
    season_to: int = 0


def product_on(code: str, day: date) -> Product:
    """The product of a code, if it is still sold. Raises UnknownProduct or ProductRetired."""
    product = Product.objects.filter(code=code).first()
    if product is None:
        raise UnknownProduct(_("There is no product %s.") % code)
    if product.retired_on is not None and product.retired_on <= day:
        raise ProductRetired(_("The product %s is no longer sold.") % product)
    return product


def vat_rate_on(code: str, day: date) -> Decimal:
    """The rate of a VAT code on a day. Raises UnknownVatCode."""
    rows = VatRate.objects.filter(code=code, starts_on__lte=day).order_by("-starts_on")
    rate = rows.first()
    if rate is None or (rate.ends_on is not None and rate.ends_on <= day):
        raise UnknownVatCode(_("There is no VAT rate %s on that day.") % code)
    return rate.rate


@verb
def add_product(
    *,
    code: str,
    line: str,
    name: str,
    name_zh: str,
    vat_code: str,
    account: str,
    alignment: str,
    basis: str,
    in_advance: bool,
    deferred: bool,
    actor: Actor,
    at: datetime,
    lead_days: int = 0,
    needs_vehicle: bool = True,
) -> ProductAdded:
    """Sell something new that charges again and again: data, no code. For the platform.

    Raises ProductKnown. A plan whose VAT code has no rate is set aside by the run.
    """
    actor.must("billing.add_product", actor.org_id)
    if Product.objects.filter(code=code).exists():
        raise ProductKnown(_("There is a product %s already.") % code)
    Product.objects.create(
        code=code,
        line=line,
        name=name,
        name_zh=name_zh,
        vat_code=vat_code,
        account=account,
        alignment=alignment,
        basis=basis,
        in_advance=in_advance,
        deferred=deferred,
        lead_days=lead_days,
        needs_vehicle=needs_vehicle,
        recurring=True,
    )
    return ProductAdded(org_id=actor.org_id, actor_id=actor.id, at=at, code=code)


@verb
def draft_price_book(
    *,
    version: str,
    starts_on: date,
    ends_on: date | None,
    prices: Sequence[NewPrice],
    actor: Actor,
    at: datetime,
) -> PriceBookDrafted:
    """Write a version of the prices, which a second person publishes. For the platform.

    Raises PricesInvalid, PricesTie, UnknownProduct or ProductRetired.
    """
    actor.must("billing.draft_price_book", actor.org_id)
    _for_the_platform(actor)
    if not prices or (ends_on is not None and ends_on <= starts_on):
        raise PricesInvalid(_("A price book holds prices, and ends after it begins."))
    if PriceBook.objects.filter(version=version).exists() or not version.strip():
        raise PricesInvalid(_("Give the price book a name that no other one has."))
    for price in prices:
        _check(price)
    _refuse_ties(prices)
    for code in sorted({price.product_code for price in prices}):
        product_on(code, starts_on)
    book = PriceBook.objects.create(
        version=version, starts_on=starts_on, ends_on=ends_on, drafted_by_id=actor.id
    )
    PriceRow.objects.bulk_create(
        PriceRow(
            book=book,
            product_id=price.product_code,
            model_code=price.model_code,
            city=price.city,
            region_id=price.region_id,
            term_months=price.term_months,
            volume_from=price.volume_from,
            season_from=price.season_from,
            season_to=price.season_to,
            price=price.price,
            floor=price.floor,
        )
        for price in prices
    )
    return PriceBookDrafted(
        org_id=actor.org_id, actor_id=actor.id, at=at, book_id=book.id, version=version
    )


@verb
def publish_price_book(*, book_id: UUID, actor: Actor, at: datetime) -> PriceBookPublished:
    """Put a drafted version in force, ending the one before it.

    Raises SamePerson, PricesTie, VersionsOverlap when another version begins in its time, or
    PricesInvalid when it is published already.
    """
    actor.must("billing.publish_price_book", actor.org_id)
    _for_the_platform(actor)
    book = PriceBook.objects.select_for_update().get(id=book_id)
    if book.drafted_by_id == actor.id:
        raise SamePerson(_("A second person publishes the price book."))
    if book.published_at is not None:
        raise PricesInvalid(_("This price book is published already."))
    _refuse_ties(list(PriceRow.objects.filter(book=book)))
    PriceBook.objects.filter(
        published_at__isnull=False, ends_on=None, starts_on__lt=book.starts_on
    ).update(ends_on=book.starts_on)
    book.published_by_id, book.published_at = actor.id, at
    try:
        with transaction.atomic():
            book.save(update_fields=["published_by_id", "published_at"])
    except IntegrityError as error:
        raise VersionsOverlap(
            _("Another published price book holds in that time already.")
        ) from error
    return PriceBookPublished(
        org_id=actor.org_id, actor_id=actor.id, at=at, book_id=book.id, version=book.version
    )


def _for_the_platform(actor: Actor) -> None:
    """What every operator reads only the platform writes; the database holds the same line."""
    if actor.db_role != HQ:
        raise NotPermitted(_("Prices are published by the platform."))


def _check(price: NewPrice) -> None:
    whole = price.season_from == price.season_to == 0
    seasonal = 1 <= price.season_from <= 12 and 1 <= price.season_to <= 12
    if not (whole or seasonal) or price.term_months < 0 or price.volume_from < 0:
        raise PricesInvalid(_("A season runs from one month of the year to another."))
    if not 0 <= price.floor <= price.price:
        raise PricesInvalid(_("A price is not below its floor, and the floor not below zero."))


def _refuse_ties(rows: Iterable[rules.Place]) -> None:
    for one, _other in rules.ties(rows):
        raise PricesTie(
            _("Two prices of %(product)s hold for the same case; nothing decides between them.")
            % {"product": one.product_code}
        )
