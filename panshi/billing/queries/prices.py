"""Questions about products and prices: what is sold, what it costs, and why."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import Count, Q

from panshi.billing import rules
from panshi.billing.models import PriceBook, PriceRow, Product, ProductLine, VatRate
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question
from panshi.org import queries as org


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductCard:
    """Something that a plan charges again and again."""

    code: str
    name: str
    line: ProductLine
    vat_code: str
    alignment: str
    basis: str
    in_advance: bool
    needs_vehicle: bool
    retired_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceBookRow:
    """A version of the prices; `published_at` is None for a draft."""

    id: UUID
    version: str
    starts_on: date
    ends_on: date | None
    prices: int
    drafted_by_id: UUID
    published_by_id: UUID | None
    published_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceLine:
    """A row of a price book, in CNY per period; empty, 0 and None stand for all."""

    id: UUID
    product_code: str
    product: str
    model_code: str
    city: str
    region_id: int | None
    region: str
    term_months: int
    volume_from: int
    season_from: int
    season_to: int
    price: Decimal
    floor: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceBookCard:
    row: PriceBookRow
    prices: tuple[PriceLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceFound:
    """The price of a case and where it comes from; the same book always gives the same answer."""

    book_id: UUID
    version: str
    row_id: UUID
    price: Decimal
    floor: Decimal


@question
def vat_codes(*, on: date, actor: Actor) -> tuple[str, ...]:
    """The VAT codes that have a rate on a day."""
    rates = VatRate.objects.filter(starts_on__lte=on).filter(Q(ends_on=None) | Q(ends_on__gt=on))
    return tuple(rates.order_by("code").values_list("code", flat=True).distinct())


@question
def products(*, on: date, actor: Actor) -> tuple[ProductCard, ...]:
    """The products that charge again and again and are sold on a day, by line and code."""
    rows = Product.objects.filter(recurring=True).filter(Q(retired_on=None) | Q(retired_on__gt=on))
    return tuple(
        ProductCard(
            code=row.code,
            name=str(row),
            line=ProductLine(row.line),
            vat_code=row.vat_code,
            alignment=row.alignment,
            basis=row.basis,
            in_advance=row.in_advance,
            needs_vehicle=row.needs_vehicle,
            retired_on=row.retired_on,
        )
        for row in rows.order_by("line", "code")
    )


def _row(book: PriceBook, prices: int) -> PriceBookRow:
    return PriceBookRow(
        id=book.id,
        version=book.version,
        starts_on=book.starts_on,
        ends_on=book.ends_on,
        prices=prices,
        drafted_by_id=book.drafted_by_id,
        published_by_id=book.published_by_id,
        published_at=book.published_at,
    )


@question
def price_books(*, actor: Actor) -> tuple[PriceBookRow, ...]:
    """All versions of the prices, the latest first."""
    books = PriceBook.objects.annotate(prices=Count("rows")).order_by("-starts_on", "-created_at")
    return tuple(_row(book, book.prices) for book in books)


@question
def price_book_card(*, book_id: UUID, actor: Actor) -> PriceBookCard:
    """One version with its prices; regions by the names that the actor can see."""
    book = PriceBook.objects.get(id=book_id)
    regions = {node.id: node.name for node in org.nodes(actor=actor)}
    rows = PriceRow.objects.filter(book=book).select_related("product")
    lines = tuple(
        PriceLine(
            id=row.id,
            product_code=row.product_id,
            product=str(row.product),
            model_code=row.model_code,
            city=row.city,
            region_id=row.region_id,
            region=regions.get(row.region_id, str(row.region_id)) if row.region_id else "",
            term_months=row.term_months,
            volume_from=row.volume_from,
            season_from=row.season_from,
            season_to=row.season_to,
            price=row.price,
            floor=row.floor,
        )
        for row in rows.order_by("product", "model_code", "city", "term_months", "id")
    )
    return PriceBookCard(row=_row(book, len(lines)), prices=lines)


@question
def price_book_in_force(*, on: date, actor: Actor) -> UUID | None:
    """The published version that holds on a day."""
    return (
        PriceBook.objects.filter(published_at__isnull=False, starts_on__lte=on)
        .filter(Q(ends_on=None) | Q(ends_on__gt=on))
        .values_list("id", flat=True)
        .first()
    )


@question
def price_in_book(
    *,
    book_id: UUID,
    product_code: str,
    model_code: str,
    city: str,
    region_id: int | None,
    months: int,
    volume: int,
    starts_on: date,
    actor: Actor,
) -> PriceFound | None:
    """The most specific price of a version for a case, or None when no row holds for it."""
    asked = rules.Asked(
        product_code=product_code,
        model_code=model_code,
        city=city,
        region_id=region_id,
        months=months,
        volume=volume,
        month=starts_on.month,
    )
    rows = PriceRow.objects.filter(book_id=book_id, product_id=product_code).select_related("book")
    found = rules.most_specific(list(rows.order_by("id")), asked)
    if found is None:
        return None
    return PriceFound(
        book_id=found.book_id,
        version=found.book.version,
        row_id=found.id,
        price=found.price,
        floor=found.floor,
    )
