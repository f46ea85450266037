"""The catalogue and its prices."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _

from panshi.kit.clock import local_day
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor, acting, hq_actor, lineage, system_actor
from panshi.kit.verbs import question
from panshi.kit.wording import reads_chinese
from panshi.service import rules
from panshi.service.models import ItemState, PriceKind, PriceRule, ServiceCategory, ServiceItem
from panshi.supply import queries as supply


class UnknownService(Refusal):
    pass


class PriceMissing(Refusal):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceLine:
    """One line of a price, tax inclusive, with its rule and the day the rule took effect."""

    kind: PriceKind
    code: str
    words: str
    quantity: Decimal
    unit_price: Decimal
    amount: Decimal
    since: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    total: Decimal
    minutes: int
    lines: tuple[PriceLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceRow:
    """A service in the catalogue; `total` is None where a price is missing."""

    code: str
    category: ServiceCategory
    name: str
    name_zh: str
    name_en: str
    minutes: int
    skills: tuple[str, ...]
    certificates: tuple[str, ...]
    parts: dict[str, int]
    crew: int
    high_voltage: bool
    warranty_months: int
    state: ItemState
    total: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceRuleRow:
    id: UUID
    org_id: int
    kind: PriceKind
    item_code: str
    model_code: str
    city: str
    amount: Decimal
    from_day: date
    until_day: date | None


def in_language(zh: str, en: str) -> str:
    return zh if reads_chinese() else en


def nearest_items(
    org_id: int, codes: Iterable[str] | None = None, *, released: bool = True
) -> dict[str, ServiceItem]:
    """Catalogue items by code as a node sees them: its own first, then those of the nodes above."""
    nodes = lineage(org_id)
    found = ServiceItem.objects.filter(org_id__in=nodes)
    if codes is not None:
        found = found.filter(code__in=set(codes))
    with acting(hq_actor()):
        rows = sorted(found, key=lambda item: nodes.index(item.org_id), reverse=True)
    by_code = {item.code: item for item in rows}
    if released:
        by_code = {c: item for c, item in by_code.items() if item.state == ItemState.RELEASED}
    return by_code


def items_of_nodes(org_ids: Iterable[int]) -> dict[int, dict[str, ServiceItem]]:
    """For each node the items by code, retired ones too, as it sees them; asked at once."""
    above = {org_id: lineage(org_id) for org_id in org_ids}
    wanted = {node for nodes in above.values() for node in nodes}
    with acting(hq_actor()):
        items = list(ServiceItem.objects.filter(org_id__in=wanted))
    return {
        org_id: {
            item.code: item
            for item in sorted(
                (item for item in items if item.org_id in nodes),
                key=lambda item: nodes.index(item.org_id),
                reverse=True,
            )
        }
        for org_id, nodes in above.items()
    }


def ordered_items(org_id: int, codes: Sequence[str]) -> list[ServiceItem]:
    """The named items in order. Raises UnknownService for none, too many or an unknown code."""
    if not 1 <= len(set(codes)) <= 10:
        raise UnknownService(_("Choose between one and ten services."))
    by_code = nearest_items(org_id, codes)
    missing = [code for code in codes if code not in by_code]
    if missing:
        raise UnknownService(
            _("There is no service %(codes)s in the catalogue.") % {"codes": ", ".join(missing)}
        )
    return [by_code[code] for code in dict.fromkeys(codes)]


def rules_in_force(org_id: int, day: date) -> list[rules.Rule]:
    """The price rules of a node and those above it on a day."""
    nodes = lineage(org_id)
    with acting(hq_actor()):
        rows = list(PriceRule.objects.filter(org_id__in=nodes, period__contains=day))
    return [
        rules.Rule(
            id=str(row.id),
            kind=row.kind,
            item_code=row.item_code,
            model_code=row.model_code,
            city=row.city,
            amount=row.amount,
            since=row.period.lower or day,
            depth=nodes.index(row.org_id),
        )
        for row in rows
    ]


def part_names(org_id: int) -> dict[str, tuple[str, str]]:
    return {
        item.code: (item.name_zh, item.name_en) for item in supply.items(actor=system_actor(org_id))
    }


def priced(
    *,
    org_id: int,
    items: Sequence[ServiceItem],
    model_code: str,
    city: str,
    day: date,
    urgent: bool = False,
    night: bool = False,
) -> tuple[rules.Line, ...]:
    """The lines of a visit at the prices of a day. Raises PriceMissing."""
    try:
        return rules.price(
            items=[_priced_item(item, model_code) for item in items],
            rules=rules_in_force(org_id, day),
            part_names=part_names(org_id),
            model_code=model_code,
            city=city,
            urgent=urgent,
            night=night,
        )
    except rules.NoPrice as error:
        raise PriceMissing(_("%(code)s has no price here yet.") % {"code": error.code}) from error


def _priced_item(item: ServiceItem, model_code: str) -> rules.PricedItem:
    return rules.PricedItem(
        code=item.code,
        name_zh=item.name_zh,
        name_en=item.name_en,
        minutes=rules.minutes_of(item.minutes, item.minutes_by_model, model_code),
        parts=item.parts,
    )


def price_rows(lines: Sequence[rules.Line]) -> tuple[PriceLine, ...]:
    return tuple(
        PriceLine(
            kind=PriceKind(line.kind),
            code=line.code,
            words=in_language(line.words_zh, line.words_en),
            quantity=line.quantity,
            unit_price=line.unit_price,
            amount=line.amount,
            since=line.since,
        )
        for line in lines
    )


@question
def price_of(
    *,
    org_id: int,
    item_codes: tuple[str, ...],
    model_code: str,
    city: str,
    actor: Actor,
    at: datetime,
    urgent: bool = False,
    night: bool = False,
) -> Price:
    """What a visit with these services costs in a city, line by line, and how long it takes.

    Raises UnknownService, PriceMissing.
    """
    items = ordered_items(org_id, item_codes)
    lines = priced(
        org_id=org_id,
        items=items,
        model_code=model_code,
        city=city,
        day=local_day(at),
        urgent=urgent,
        night=night,
    )
    return Price(
        total=rules.total(lines),
        minutes=sum(rules.minutes_of(i.minutes, i.minutes_by_model, model_code) for i in items),
        lines=price_rows(lines),
    )


@question
def public_catalogue(
    *, org_id: int, city: str, actor: Actor, at: datetime, model_code: str = ""
) -> list[ServiceRow]:
    """Every released service with its whole price for one visit; holds no tenant's data.

    `org_id` says whose catalogue; the door for strangers passes the operator of the city.
    """
    return _rows(org_id, nearest_items(org_id), model_code, city, local_day(at))


@question
def catalogue(
    *, actor: Actor, at: datetime, city: str = "", model_code: str = ""
) -> list[ServiceRow]:
    """The catalogue as this actor's node sees it, drafts included."""
    items = nearest_items(actor.org_id, released=False)
    return _rows(actor.org_id, items, model_code, city, local_day(at))


def _rows(
    org_id: int, items: dict[str, ServiceItem], model_code: str, city: str, day: date
) -> list[ServiceRow]:
    in_force, names = rules_in_force(org_id, day), part_names(org_id)
    order = list(ServiceCategory)
    rows = []
    for item in sorted(
        items.values(), key=lambda i: (order.index(ServiceCategory(i.category)), i.code)
    ):
        try:
            lines: Sequence[rules.Line] | None = rules.price(
                items=[_priced_item(item, model_code)],
                rules=in_force,
                part_names=names,
                model_code=model_code,
                city=city,
            )
        except rules.NoPrice:
            lines = None
        rows.append(
            ServiceRow(
                code=item.code,
                category=ServiceCategory(item.category),
                name=in_language(item.name_zh, item.name_en),
                name_zh=item.name_zh,
                name_en=item.name_en,
                minutes=rules.minutes_of(item.minutes, item.minutes_by_model, model_code),
                skills=tuple(item.skills),
                certificates=tuple(item.certificates),
                parts=dict(item.parts),
                crew=item.crew,
                high_voltage=item.high_voltage,
                warranty_months=item.warranty_months,
                state=ItemState(item.state),
                total=None if lines is None else rules.total(lines),
            )
        )
    return rows


@question
def price_rules(
    *, actor: Actor, at: datetime, item_code: str = "", limit: int = 500
) -> list[PriceRuleRow]:
    """Price rules in force or to come, as this actor's nodes see them."""
    found = PriceRule.objects.filter(
        Q(period__upper_inf=True) | Q(period__endswith__gt=local_day(at))
    )
    if item_code:
        found = found.filter(item_code=item_code)
    ordered = found.order_by("kind", "item_code", "model_code", "city", "period")[:limit]
    return [
        PriceRuleRow(
            id=row.id,
            org_id=row.org_id,
            kind=PriceKind(row.kind),
            item_code=row.item_code,
            model_code=row.model_code,
            city=row.city,
            amount=row.amount,
            from_day=row.period.lower or local_day(at),
            until_day=row.period.upper,
        )
        for row in ordered
    ]
