"""Pages of products and prices: what is sold, the versions of the book, drafting, publishing."""

import re
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from panshi.billing import queries, services
from panshi.billing.models import Alignment, Basis, ProductLine
from panshi.billing.services import NewPrice
from panshi.fleet import queries as fleet
from panshi.kit.clock import local_day
from panshi.kit.forms import Field, Form
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import HQ
from panshi.kit.web import Request, day_in, needs
from panshi.org import queries as org

BLANK: Final = 5
_ACCOUNTS: Final = [
    (code, f"{code} {name}")
    for code, name in (
        ("6001.rental", lazy("Rental revenue")),
        ("6001.service", lazy("Service revenue")),
        ("6001.smart", lazy("Smart control revenue")),
        ("6051", lazy("Other revenue")),
    )
]
COLUMNS: Final = (
    "product_code", "model_code", "city", "region_id", "term_months", "volume_from",
    "season_from", "season_to", "price", "floor",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """A row of the draft as it stands in the page."""

    product_code: str = ""
    model_code: str = ""
    city: str = ""
    region_id: str = ""
    term_months: str = ""
    volume_from: str = ""
    season_from: str = ""
    season_to: str = ""
    price: str = ""
    floor: str = ""
    wrong: str = ""


def _writes(request: Request) -> bool:
    return request.actor.db_role == HQ and request.actor.may("billing.draft_price_book")


@require_GET
@needs("billing.view")
def catalogue(request: Request) -> HttpResponse:
    """The products and the versions of the price book."""
    today = local_day(timezone.now())
    context = {
        "products": queries.products(on=today, actor=request.actor),
        "books": queries.price_books(actor=request.actor),
        "in_force": queries.price_book_in_force(on=today, actor=request.actor),
        "writes": _writes(request),
    }
    return render(request, "billing/prices.html", context)


def _product_form(request: Request) -> Form:
    today = local_day(timezone.now())
    return Form(
        fields=[
            Field(name="code", label=_("Code"), kind="mono", longest=24),
            Field(name="name_zh", label=_("Name in Chinese"), longest=60),
            Field(name="name", label=_("Name in English"), longest=60),
            Field(name="line", label=_("Product line"), kind="choice", choices=ProductLine),
            Field(
                name="vat_code",
                label=_("VAT code"),
                kind="choice",
                choices=[(code, code) for code in queries.vat_codes(on=today, actor=request.actor)],
            ),
            Field(name="account", label=_("Income account"), kind="choice", choices=_ACCOUNTS),
            Field(name="alignment", label=_("Periods"), kind="choice", choices=Alignment),
            Field(name="basis", label=_("Days of a part"), kind="choice", choices=Basis),
            Field(name="in_advance", label=_("Charged in advance"), kind="flag", required=False),
            Field(name="deferred", label=_("Earned day by day"), kind="flag", required=False),
            Field(name="needs_vehicle", label=_("For a vehicle"), kind="flag", required=False),
            Field(
                name="lead_days",
                label=_("Billed so many days ahead"),
                kind="whole",
                required=False,
                least=0,
            ),
        ]
    )


@require_http_methods(["GET", "POST"])
@needs("billing.add_product")
def product(request: Request) -> HttpResponse:
    """Add a product that charges again and again."""
    if not _writes(request):
        raise PermissionDenied
    context = {"submit": _("Add the product"), "cancel_url": reverse("billing-prices")}
    if request.method == "GET":
        blank = _product_form(request).blank(in_advance=True, deferred=True, needs_vehicle=True)
        return blank.respond(request, "billing/product.html", context)
    form = _product_form(request).read(request.POST)
    if form.ok and not re.fullmatch(r"[A-Z][A-Z0-9_]*", form.values["code"]):
        form.refuse("code", _("A code is of capital letters, digits and underscores."))
    if form.ok:
        form.values["lead_days"] = int(form.values["lead_days"] or 0)
        try:
            form.call(request, services.add_product, at=timezone.now())
            messages.success(request, _("The product can be priced and sold."))
            return redirect("billing-prices")
        except services.ProductKnown as refusal:
            form.refuse("code", refusal.words)
    return form.respond(request, "billing/product.html", context)


@require_GET
@needs("billing.view")
def book(request: Request, book_id: UUID) -> HttpResponse:
    """One version with its prices; a draft of somebody else can be published."""
    card = queries.price_book_card(book_id=book_id, actor=request.actor)
    people = tuple({i for i in (card.row.drafted_by_id, card.row.published_by_id) if i})
    names = org.names_of(user_ids=people, actor=request.actor)
    context = {
        "card": card,
        "row": card.row,
        "drafted_by": names.get(card.row.drafted_by_id, ""),
        "published_by": names.get(card.row.published_by_id, "") if card.row.published_by_id else "",
        "may_publish": _writes(request)
        and card.row.published_at is None
        and card.row.drafted_by_id != request.actor.id,
        "own": card.row.drafted_by_id == request.actor.id,
    }
    return render(request, "billing/price_book.html", context)


@require_POST
def publish(request: Request, book_id: UUID) -> HttpResponse:
    services.publish_price_book(book_id=book_id, actor=request.actor, at=timezone.now())
    messages.success(request, _("Published. Quotes are priced by it from its first day on."))
    return redirect("billing-price-book", book_id)


def _typed_of(line: queries.PriceLine) -> Typed:
    return Typed(
        product_code=line.product_code,
        model_code=line.model_code,
        city=line.city,
        region_id=str(line.region_id or ""),
        term_months=str(line.term_months or ""),
        volume_from=str(line.volume_from or ""),
        season_from=str(line.season_from or ""),
        season_to=str(line.season_to or ""),
        price=f"{line.price:.2f}",
        floor=f"{line.floor:.2f}",
    )


def _read(post: QueryDict) -> tuple[list[Typed], list[NewPrice]]:
    """The rows that were filled in, and those of them that read as prices."""
    columns = [post.getlist(name) for name in COLUMNS]
    typed: list[Typed] = []
    prices: list[NewPrice] = []
    for cells in zip(*columns, strict=False):
        words = {name: cell.strip() for name, cell in zip(COLUMNS, cells, strict=True)}
        if not words["price"]:
            continue
        try:
            prices.append(
                NewPrice(
                    product_code=words["product_code"],
                    model_code=words["model_code"],
                    city=words["city"],
                    region_id=int(words["region_id"]) if words["region_id"] else None,
                    term_months=int(words["term_months"] or 0),
                    volume_from=int(words["volume_from"] or 0),
                    season_from=int(words["season_from"] or 0),
                    season_to=int(words["season_to"] or 0),
                    price=_amount(words["price"]),
                    floor=_amount(words["floor"] or words["price"]),
                )
            )
            typed.append(Typed(**words))
        except (ValueError, InvalidOperation):
            typed.append(Typed(**words, wrong=_("This row does not read as a price.")))
    return typed, prices


def _amount(text: str) -> Decimal:
    amount = Decimal(text.replace(",", ""))
    if not amount.is_finite() or amount != amount.quantize(Decimal("0.01")):
        raise ValueError(text)
    return amount


@require_http_methods(["GET", "POST"])
@needs("billing.draft_price_book")
def draft(request: Request) -> HttpResponse:
    """Write the next version, beginning with the prices that hold now."""
    today = local_day(timezone.now())
    context: dict[str, Any] = {
        "products": queries.products(on=today, actor=request.actor),
        "models": fleet.vehicle_models(actor=request.actor),
        "regions": [n for n in org.nodes(actor=request.actor) if n.kind == "REGION"],
        "months": range(1, 13),
    }
    if request.method == "GET":
        held = queries.price_book_in_force(on=today, actor=request.actor)
        rows = queries.price_book_card(book_id=held, actor=request.actor).prices if held else ()
        start = today + timedelta(days=1)
        context |= {"version": f"{start:%Y-%m-%d}", "starts_on": start.isoformat(), "ends_on": ""}
        context["rows"] = [*map(_typed_of, rows), *[Typed()] * BLANK]
        return render(request, "billing/price_draft.html", context)
    typed, prices = _read(request.POST)
    version, starts, ends = (
        request.POST.get(name, "").strip() for name in ("version", "starts_on", "ends_on")
    )
    context |= {"version": version, "starts_on": starts, "ends_on": ends}
    context["rows"] = [*typed, *[Typed()] * BLANK]
    starts_on, ends_on = day_in(starts), day_in(ends)
    if starts_on is None or (ends and ends_on is None):
        context["refused"] = _("Give the first day, and the day after the last one if it ends.")
    elif len(prices) == len(typed):
        try:
            fact = services.draft_price_book(
                version=version,
                starts_on=starts_on,
                ends_on=ends_on,
                prices=prices,
                actor=request.actor,
                at=timezone.now(),
            )
            return redirect("billing-price-book", fact.book_id)
        except Refusal as refusal:
            context["refused"] = refusal.words
    return render(request, "billing/price_draft.html", context, status=422)


URLS = [
    path("finance/prices/", catalogue, name="billing-prices"),
    path("finance/prices/product/", product, name="billing-product-new"),
    path("finance/prices/new/", draft, name="billing-price-draft"),
    path("finance/prices/<uuid:book_id>/", book, name="billing-price-book"),
    path("finance/prices/<uuid:book_id>/publish/", publish, name="billing-price-publish"),
]
