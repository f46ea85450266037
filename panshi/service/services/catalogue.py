"""Verbs of the catalogue: services are loaded, released and priced."""

from datetime import date, datetime
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from psycopg.types.range import DateRange

from panshi.kit.clock import local_day
from panshi.kit.money import to_fen
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb
from panshi.service import default_catalogue as default
from panshi.service import rules
from panshi.service.events import CatalogueLoaded, ItemReleased, PriceChanged
from panshi.service.models import ItemState, PriceKind, PriceRule, ServiceItem
from panshi.service.queries.catalogue import part_names, rules_in_force
from panshi.supply import services as supply


class ItemIncomplete(Refusal):
    pass


class PriceOverlap(Refusal):
    pass


@verb
def load_catalogue(*, org_id: int, actor: Actor, at: datetime) -> CatalogueLoaded:
    """Give a node the default services, parts and prices; what it has already stays as it is."""
    actor.must("service.load_catalogue", org_id)
    supply.load_items(
        org_id=org_id,
        items=[
            supply.NewItem(
                code=part.code,
                name_zh=part.zh,
                name_en=part.en,
                unit=part.unit,
                high_voltage=part.high_voltage,
                safety=part.safety,
            )
            for part in default.PARTS
        ],
        actor=actor,
        at=at,
    )
    known = set(ServiceItem.objects.filter(org_id=org_id).values_list("code", flat=True))
    items = ServiceItem.objects.bulk_create(
        ServiceItem(
            org_id=org_id,
            code=item.code,
            category=item.category,
            name_zh=item.zh,
            name_en=item.en,
            minutes=item.minutes,
            skills=list(item.skills),
            certificates=list(item.certificates),
            parts=dict(item.parts),
            readings=list(item.readings),
            crew=item.crew,
            high_voltage=item.high_voltage,
            state=ItemState.RELEASED,
        )
        for item in default.ITEMS
        if item.code not in known
    )
    wanted = [
        (PriceKind.LABOUR_RATE, "", default.LABOUR_PER_HOUR),
        (PriceKind.CALL_OUT, "", default.CALL_OUT),
        (PriceKind.URGENT, "", default.URGENT),
        (PriceKind.NIGHT, "", default.NIGHT),
        *((PriceKind.FIXED, i.code, i.fixed) for i in default.ITEMS if i.fixed is not None),
        *((PriceKind.PART, part.code, part.price) for part in default.PARTS),
    ]
    priced = set(
        PriceRule.objects.filter(org_id=org_id).values_list("kind", "item_code").distinct()
    )
    prices = PriceRule.objects.bulk_create(
        PriceRule(
            org_id=org_id,
            kind=kind,
            item_code=code,
            amount=amount,
            period=DateRange(local_day(at), None),
        )
        for kind, code, amount in wanted
        if (kind, code) not in priced
    )
    return CatalogueLoaded(
        org_id=org_id,
        actor_id=actor.id,
        at=at,
        items=len(items),
        prices=len(prices),
        parts=len(default.PARTS),
    )


@verb
def release_item(*, org_id: int, item_code: str, actor: Actor, at: datetime) -> ItemReleased:
    """Offer a service. Raises ItemIncomplete unless it has minutes, skills and a price."""
    actor.must("service.release_item", org_id)
    item = ServiceItem.objects.select_for_update().get(org_id=org_id, code=item_code)
    try:
        rules.price(
            items=[
                rules.PricedItem(
                    code=item.code,
                    name_zh=item.name_zh,
                    name_en=item.name_en,
                    minutes=item.minutes,
                    parts=item.parts,
                )
            ],
            rules=rules_in_force(org_id, local_day(at)),
            part_names=part_names(org_id),
            model_code="",
            city="",
        )
    except rules.NoPrice as error:
        raise ItemIncomplete(_("%(code)s has no price here yet.") % {"code": error.code}) from error
    if not item.minutes or not item.skills:
        raise ItemIncomplete(_("Give the service its minutes and skills first."))
    item.state = ItemState.RELEASED
    item.save(update_fields=["state"])
    return ItemReleased(org_id=org_id, actor_id=actor.id, at=at, item_code=item_code)


@verb
def set_price(
    *,
    org_id: int,
    kind: str,
    amount: Decimal,
    from_day: date,
    actor: Actor,
    at: datetime,
    item_code: str = "",
    model_code: str = "",
    city: str = "",
) -> PriceChanged:
    """Set the price of a scope from a day on; the rule in force until then ends the day before.

    Raises PriceOverlap when a later price is set already, or the day lies before today.
    """
    actor.must("service.set_price", org_id)
    if from_day < local_day(at):
        raise PriceOverlap(_("A price cannot change in the past."))
    if amount < 0:
        raise PriceOverlap(_("A price cannot be negative."))
    scope = PriceRule.objects.select_for_update().filter(
        org_id=org_id, kind=PriceKind(kind), item_code=item_code, model_code=model_code, city=city
    )
    for running in scope.filter(period__contains=from_day):
        if running.period.lower == from_day:
            raise PriceOverlap(_("A price from that day on is set already."))
        if running.period.upper is not None:
            raise PriceOverlap(_("A later price is set already."))
        running.period = DateRange(running.period.lower, from_day)
        running.save(update_fields=["period"])
    try:
        with transaction.atomic():
            rule = PriceRule.objects.create(
                org_id=org_id,
                kind=kind,
                item_code=item_code,
                model_code=model_code,
                city=city,
                amount=to_fen(amount),
                period=DateRange(from_day, None),
            )
    except IntegrityError as error:
        raise PriceOverlap(_("A later price is set already.")) from error
    return PriceChanged(
        org_id=org_id,
        actor_id=actor.id,
        at=at,
        rule_id=rule.id,
        kind=kind,
        item_code=item_code,
        model_code=model_code,
        city=city,
        amount=rule.amount,
        from_day=from_day,
    )
