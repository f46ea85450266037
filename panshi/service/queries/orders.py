"""Questions about work orders: lists, one record, an engineer's day, a customer's jobs."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from django.db.models import Q

from panshi.crm import queries as crm
from panshi.fleet import queries as fleet
from panshi.kit.tenancy import Actor, acting, system_actor
from panshi.kit.verbs import guard, question
from panshi.org import queries as org
from panshi.service.models import (
    ENDED,
    OVER,
    OrderItem,
    OrderKind,
    OrderLine,
    OrderState,
    PartUsed,
    Photo,
    PlanEvent,
    PriceKind,
    Review,
    Visit,
    VisitCrew,
    VisitState,
    WorkOrder,
)
from panshi.service.queries.catalogue import (
    PriceLine,
    in_language,
    items_of_nodes,
    nearest_items,
)
from panshi.service.queries.order_rows import (
    DayVisit,
    Happening,
    OrderPage,
    OrderRow,
    PartRow,
    PhotoRow,
    ReadingLimit,
    ReviewRow,
    Step,
    VisitRow,
    WorkOrderCard,
)
from panshi.supply import queries as supply

_SORTS = {
    "number": "number",
    "state": "state",
    "city": "city",
    "total": "total",
    "opened_at": "opened_at",
}


def _services(orders: list[WorkOrder]) -> dict[UUID, tuple[str, ...]]:
    """The services of orders by name, in the reader's language; the codes where none is known."""
    items = defaultdict(list)
    for row in OrderItem.objects.filter(order__in=orders).order_by("id"):
        items[row.order_id].append(row.item_code)
    answer: dict[UUID, tuple[str, ...]] = {}
    known = items_of_nodes({order.org_id for order in orders})
    for order in orders:
        names = []
        for code in items[order.id]:
            item = known[order.org_id].get(code)
            names.append(in_language(item.name_zh, item.name_en) if item else code)
        answer[order.id] = tuple(names)
    return answer


@question
def work_orders(
    *,
    actor: Actor,
    state: str = "",
    kind: str = "",
    city: str = "",
    text: str = "",
    vehicle_id: UUID | None = None,
    open_only: bool = False,
    sort: str = "-opened_at",
    page: int = 1,
    size: int = 20,
) -> OrderPage:
    """Work orders, filtered; `text` is part of a number or a whole plate. `sort` takes a minus."""
    found = WorkOrder.objects.visible_to(actor)
    for field, value in (("state", state), ("kind", kind), ("city", city)):
        if value:
            found = found.filter(**{field: value})
    if open_only:
        found = found.exclude(state__in=OVER)
    if vehicle_id is not None:
        found = found.filter(vehicle_id=vehicle_id)
    if text:
        found = found.filter(number__contains=text.strip().upper())
    down = "-" if sort.startswith("-") else ""
    key = _SORTS.get(sort.removeprefix("-"), "opened_at")
    found = found.order_by(f"{down}{key}", f"{down}id")
    total = found.count()
    size = min(max(size, 1), 200)
    rows = list(found[(max(page, 1) - 1) * size : max(page, 1) * size])
    return OrderPage(rows=_rows(rows, actor), total=total)


def _rows(orders: list[WorkOrder], actor: Actor) -> tuple[OrderRow, ...]:
    vehicles = fleet.vehicle_refs(
        vehicle_ids=tuple({order.vehicle_id for order in orders}), actor=actor
    )
    customers = crm.customer_refs(
        ids=tuple({o.customer_id for o in orders if o.customer_id}), actor=actor
    )
    latest: dict[UUID, Visit] = {}
    for visit in Visit.objects.filter(order__in=orders).order_by("id"):
        if visit.order_id and (visit.order_id not in latest or visit.state not in ENDED):
            latest[visit.order_id] = visit
    engineers = org.names_of(
        user_ids=tuple({v.engineer_id for v in latest.values() if v.engineer_id}), actor=actor
    )
    services = _services(orders)
    rows = []
    for order in orders:
        visit_now = latest.get(order.id)
        vehicle = vehicles.get(order.vehicle_id)
        customer = customers.get(order.customer_id) if order.customer_id else None
        engineer = visit_now.engineer_id if visit_now else None
        rows.append(
            OrderRow(
                id=order.id,
                number=order.number,
                kind=OrderKind(order.kind),
                state=OrderState(order.state),
                plate=(vehicle.plate or vehicle.vin) if vehicle else "",
                customer_name=customer.name if customer else "",
                city=order.city,
                services=services[order.id],
                engineer_name=engineers.get(engineer, "") if engineer else "",
                starts_at=visit_now.starts_at if visit_now else None,
                total=order.total,
                opened_at=order.opened_at,
            )
        )
    return tuple(rows)


@question
def order_counts(*, actor: Actor) -> dict[str, int]:
    """How many orders that are not over stand in each state."""
    counts: dict[str, int] = defaultdict(int)
    states = WorkOrder.objects.visible_to(actor).exclude(state__in=OVER)
    for state in states.values_list("state", flat=True):
        counts[state] += 1
    return dict(counts)


def _parts(order: WorkOrder, visits: Sequence[Visit]) -> tuple[PartRow, ...]:
    used = list(PartUsed.objects.filter(visit__in=visits).order_by("at", "id"))
    # A customer may read what was built in by name, but not the operator's list of parts.
    known = supply.items(actor=system_actor(order.org_id)) if used else []
    names = {item.code: in_language(item.name_zh, item.name_en) for item in known}
    return tuple(
        PartRow(
            item_code=p.item_code,
            name=names.get(p.item_code, p.item_code),
            quantity=p.quantity,
            lot=p.lot,
            serial=p.serial,
            at=p.at,
        )
        for p in used
    )


@question
def work_order_card(*, work_order_id: UUID, actor: Actor) -> WorkOrderCard:
    """One work order; a customer sees only its own."""
    order = WorkOrder.objects.visible_to(actor).get(id=work_order_id)
    # What the customer's own rows name (engineers, services) lies outside the portal's walls.
    house = actor if actor.customer_id is None else system_actor(order.org_id)
    with acting(house):
        return _card(order, house)


def _card(order: WorkOrder, actor: Actor) -> WorkOrderCard:
    vehicle = fleet.vehicle_refs(vehicle_ids=(order.vehicle_id,), actor=actor).get(order.vehicle_id)
    customer = (
        crm.customer_refs(ids=(order.customer_id,), actor=actor).get(order.customer_id)
        if order.customer_id
        else None
    )
    items = list(order.items.order_by("id"))
    visits = list(order.visits.order_by("id"))
    crews: dict[UUID, list[tuple[UUID, bool]]] = defaultdict(list)
    for row in VisitCrew.objects.filter(visit__in=visits).order_by("id"):
        crews[row.visit_id].append((row.engineer_id, row.leads))
    happenings = list(PlanEvent.objects.filter(visit__in=visits))
    people = {v.engineer_id for v in visits} | {m for c in crews.values() for m, _l in c}
    people |= {event.by_id for event in happenings}
    people |= {order.self_checked_by_id, order.released_by_id}
    names = org.names_of(user_ids=tuple(p for p in people if p), actor=actor)
    review = Review.objects.filter(order=order).first()
    return WorkOrderCard(
        id=order.id,
        org_id=order.org_id,
        number=order.number,
        kind=OrderKind(order.kind),
        state=OrderState(order.state),
        booking_id=order.booking_id,
        finding_id=order.finding_id,
        customer_id=order.customer_id,
        customer_name=customer.name if customer else "",
        vehicle_id=order.vehicle_id,
        plate=vehicle.plate if vehicle else "",
        vin=vehicle.vin if vehicle else "",
        model_name=vehicle.model_name if vehicle else "",
        city=order.city,
        address=order.address,
        lon=order.lon,
        lat=order.lat,
        high_voltage=order.high_voltage,
        services=_services([order])[order.id],
        item_codes=tuple(item.item_code for item in items),
        minutes=sum(item.minutes for item in items),
        total=order.total,
        lines=tuple(_line(line) for line in order.lines.order_by("position")),
        outcome=order.outcome,
        fault_cause=order.fault_cause,
        diagnosis_note=order.diagnosis_note,
        steps_done=order.steps_done,
        steps_required=order.steps_required,
        open_steps=tuple(order.open_steps),
        readings=_readings(order, [item.item_code for item in items]),
        visits=tuple(_visit(visit, crews[visit.id], names) for visit in visits),
        parts=_parts(order, visits),
        photos=tuple(
            PhotoRow(
                id=p.id,
                file_id=p.file_id,
                purpose=p.purpose,
                purpose_words=p.get_purpose_display(),
                step=p.step,
                signed_by=p.signed_by,
                at=p.taken_at,
            )
            for p in Photo.objects.filter(order=order).order_by("taken_at", "id")
        ),
        review=ReviewRow(
            stars=review.stars, tags=tuple(review.tags), text=review.text, at=review.at
        )
        if review
        else None,
        bill_id=order.bill_id,
        bill_number=order.bill_number,
        stages=_stages(order),
        timeline=_timeline(order, visits, happenings, review, names),
    )


def _line(line: OrderLine) -> PriceLine:
    return PriceLine(
        kind=PriceKind(line.kind),
        code=line.code,
        words=in_language(line.words_zh, line.words_en),
        quantity=line.quantity,
        unit_price=line.unit_price,
        amount=line.quantity * line.unit_price,
        since=line.since or line.created_at.date(),
    )


def _readings(order: WorkOrder, codes: list[str]) -> tuple[ReadingLimit, ...]:
    wanted = {
        reading["code"]: reading
        for item in nearest_items(order.org_id, codes, released=False).values()
        for reading in item.readings
    }
    return tuple(
        ReadingLimit(
            code=code,
            name=in_language(row["zh"], row["en"]),
            unit=row["unit"],
            low=row["low"],
            high=row["high"],
            value=order.readings.get(code),
        )
        for code, row in sorted(wanted.items())
    )


def _visit(visit: Visit, crew: list[tuple[UUID, bool]], names: dict[UUID, str]) -> VisitRow:
    helpers = {member for member, leads in crew if not leads and member != visit.engineer_id}
    return VisitRow(
        id=visit.id,
        state=VisitState(visit.state),
        engineer_id=visit.engineer_id,
        engineer_name=names.get(visit.engineer_id, "") if visit.engineer_id else "",
        helpers=tuple(sorted(names.get(member, "") for member in helpers)),
        window_start=visit.window_start,
        window_end=visit.window_end,
        starts_at=visit.starts_at,
        ends_at=visit.ends_at,
        arrived_at=visit.arrived_at,
        ended_at=visit.ended_at,
    )


def _stages(order: WorkOrder) -> tuple[Step, ...]:
    reached = (
        (OrderState.OPEN, order.opened_at),
        (OrderState.SCHEDULED, order.scheduled_at),
        (OrderState.IN_DIAGNOSIS, order.arrived_at),
        (OrderState.IN_WORK, order.done_at),
        (OrderState.SELF_CHECKED, order.self_checked_at),
        (OrderState.RELEASED, order.released_at),
        (OrderState.CLOSED, order.closed_at),
    )
    shown = {
        OrderState.QUOTED: OrderState.IN_DIAGNOSIS,
        OrderState.WAITING: OrderState.IN_WORK,
        OrderState.BILLED: OrderState.RELEASED,
    }.get(OrderState(order.state), OrderState(order.state))
    return tuple(Step(state=state, at=at, current=state == shown) for state, at in reached)


def _timeline(
    order: WorkOrder,
    visits: list[Visit],
    events: list[PlanEvent],
    review: Review | None,
    names: dict[UUID, str],
) -> tuple[Happening, ...]:
    def line(at: datetime | None, kind: str, words: str = "", who: UUID | None = None) -> None:
        if at is not None:
            rows.append(
                Happening(at=at, kind=kind, words=words, who=names.get(who, "") if who else "")
            )

    rows: list[Happening] = []
    line(order.opened_at, "OPENED", order.number)
    for event in events:
        line(event.at, event.kind, str(event.answer.get("reason", "")), event.by_id)
    for visit in visits:
        line(visit.accepted_at, "ACCEPTED", who=visit.engineer_id)
        line(visit.travel_started_at, "TRAVEL_STARTED", who=visit.engineer_id)
        metres = "" if visit.arrived_metres is None else f"{visit.arrived_metres} m"
        line(visit.arrived_at, "ARRIVED", metres, visit.engineer_id)
        if visit.state == VisitState.DONE:
            line(visit.ended_at, "DONE", who=visit.engineer_id)
    line(order.self_checked_at, "SELF_CHECKED", who=order.self_checked_by_id)
    line(order.released_at, "RELEASED", order.bill_number, order.released_by_id)
    line(order.closed_at, "CLOSED")
    if review is not None:
        line(review.at, "REVIEWED", "★" * review.stars)
    return tuple(sorted(rows, key=lambda row: row.at))


@question
def engineer_day(*, user_id: UUID, day: date, actor: Actor) -> list[DayVisit]:
    """The visits of an engineer's local day, by time."""
    crews = (
        VisitCrew.objects.visible_to(actor)
        .select_related("visit__order")
        .filter(engineer_id=user_id, visit__day=day, visit__order__isnull=False)
        .filter(Q(binds=True) | Q(visit__state=VisitState.DONE))
        .order_by("period")
    )
    rows = [(row, row.visit, row.visit.order) for row in crews]
    orders = [order for _row, _visit, order in rows if order is not None]
    vehicles = fleet.vehicle_refs(vehicle_ids=tuple({o.vehicle_id for o in orders}), actor=actor)
    customers = crm.customer_refs(
        ids=tuple({o.customer_id for o in orders if o.customer_id}), actor=actor
    )
    services = _services(orders)
    answer = []
    for row, visit, order in rows:
        if order is None or visit.starts_at is None:
            continue
        vehicle = vehicles.get(order.vehicle_id)
        customer = customers.get(order.customer_id) if order.customer_id else None
        answer.append(
            DayVisit(
                visit_id=visit.id,
                work_order_id=order.id,
                number=order.number,
                state=VisitState(visit.state),
                leads=row.leads,
                plate=(vehicle.plate or vehicle.vin) if vehicle else "",
                model_name=vehicle.model_name if vehicle else "",
                customer_name=customer.name if customer else "",
                address=order.address,
                lon=visit.lon,
                lat=visit.lat,
                window_start=visit.window_start,
                window_end=visit.window_end,
                starts_at=visit.starts_at,
                minutes=visit.minutes,
                services=services[order.id],
                high_voltage=order.high_voltage,
                steps_done=order.steps_done,
                steps_required=order.steps_required,
            )
        )
    return answer


@question
def customer_orders(*, customer_id: UUID, actor: Actor, limit: int = 50) -> list[OrderRow]:
    """A customer's jobs, newest first; a customer asks only for its own."""
    actor.must_be(customer_id)
    found = WorkOrder.objects.visible_to(actor).filter(customer_id=customer_id)
    orders = list(found.order_by("-id")[:limit])
    if not orders:
        return []
    house = actor if actor.customer_id is None else system_actor(orders[0].org_id)
    with acting(house):
        return list(_rows(orders, house))


def order_of_bill(*, bill_id: UUID, actor: Actor) -> UUID | None:
    """The billed order that waits for this bill, if any."""
    return (
        WorkOrder.objects.visible_to(actor)
        .filter(bill_id=bill_id, state=OrderState.BILLED)
        .values_list("id", flat=True)
        .first()
    )


@guard
def visits_promised(*, user_id: UUID, starts_at: datetime, ends_at: datetime) -> tuple[str, ...]:
    """Numbers of the orders an engineer is promised to in a time; asked before leave is given."""
    rows = VisitCrew.objects.filter(
        engineer_id=user_id, binds=True, period__overlap=(starts_at, ends_at)
    )
    return tuple(number or "" for number in rows.values_list("visit__order__number", flat=True))
