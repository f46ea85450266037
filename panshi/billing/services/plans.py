"""Charge plans: opened by leases and service contracts, changed, ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _

from panshi.billing import rules
from panshi.billing.events import (
    ChargePlanEnded,
    ChargePlanOpened,
    ChargePlansOpened,
)
from panshi.billing.models import (
    Bill,
    BillKind,
    BillState,
    ChargePlan,
    PlanPrice,
    PlanVehicle,
    Product,
)
from panshi.billing.services.catalogue import product_on
from panshi.kit.ids import uuid7
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb
from panshi.org import queries as org


class PlanReversed(Refusal):
    pass


class NegativePrice(Refusal):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPlan:
    """A plan to open; an empty alignment or basis takes the product's own."""

    org_id: int
    payer_id: UUID
    vehicle_id: UUID | None
    product_code: str
    anchor_on: date
    price: Decimal
    source_kind: str
    source_id: UUID
    starts_on: date
    ends_on: date | None
    alignment: str = ""
    basis: str = ""
    city: str = ""


def open_all(plans: Sequence[NewPlan], actor: Actor) -> list[UUID]:
    """Open plans, in order; called inside a verb, refusals as `open_plan`.

    One that is taken over may be paid up to its end and then has nothing to charge.
    """
    products = {plan.product_code: product_on(plan.product_code, plan.starts_on) for plan in plans}
    cities = {node.id: node.city for node in org.nodes(actor=actor)}
    rows = []
    for plan in plans:
        least = timedelta(days=1 if plan.starts_on == plan.anchor_on else 0)
        if plan.ends_on is not None and plan.ends_on < plan.starts_on + least:
            raise PlanReversed(_("The charge ends before it starts."))
        if plan.price < 0:
            raise NegativePrice(_("A price cannot be below zero."))
        product = products[plan.product_code]
        rows.append(
            ChargePlan(
                id=uuid7(),
                org_id=plan.org_id,
                product=product,
                payer_id=plan.payer_id,
                source_kind=plan.source_kind,
                source_id=plan.source_id,
                anchor_on=plan.anchor_on,
                alignment=plan.alignment or product.alignment,
                basis=plan.basis or product.basis,
                starts_on=plan.starts_on,
                ends_on=plan.ends_on,
                city=plan.city or cities.get(plan.org_id, ""),
                next_period=rules.period_containing(
                    day=plan.starts_on,
                    anchor=plan.anchor_on,
                    alignment=plan.alignment or product.alignment,
                ),
            )
        )
        rows[-1].next_bill_on = _next_bill_on(rows[-1], product)
    ChargePlan.objects.bulk_create(rows, batch_size=5000)
    PlanPrice.objects.bulk_create(
        (
            PlanPrice(org_id=new.org_id, plan=row, starts_on=row.starts_on, price=new.price)
            for new, row in zip(plans, rows, strict=True)
        ),
        batch_size=5000,
    )
    PlanVehicle.objects.bulk_create(
        (
            PlanVehicle(
                org_id=new.org_id, plan=row, starts_on=row.starts_on, vehicle_id=new.vehicle_id
            )
            for new, row in zip(plans, rows, strict=True)
            if new.vehicle_id is not None
        ),
        batch_size=5000,
    )
    return [row.id for row in rows]


def _next_bill_on(plan: ChargePlan, product: Product) -> date | None:
    return rules.next_bill_on(
        n=plan.next_period,
        anchor=plan.anchor_on,
        alignment=plan.alignment,
        starts_on=plan.starts_on,
        ends_on=plan.ends_on,
        in_advance=product.in_advance,
        lead_days=product.lead_days,
    )


@verb
def open_plan(
    *,
    payer_id: UUID,
    vehicle_id: UUID | None,
    product_code: str,
    anchor_on: date,
    price: Decimal,
    source_kind: str,
    source_id: UUID,
    starts_on: date,
    ends_on: date | None,
    actor: Actor,
    at: datetime,
    alignment: str = "",
    basis: str = "",
    org_id: int | None = None,
    city: str = "",
) -> ChargePlanOpened:
    """Start charging for something again and again; the plan stands in `org_id`, or the actor's.

    Raises UnknownProduct, ProductRetired, PlanReversed or NegativePrice.
    """
    org_id = actor.org_id if org_id is None else org_id
    actor.must("billing.open_plan", org_id)
    (plan_id,) = open_all(
        [
            NewPlan(
                org_id=org_id,
                payer_id=payer_id,
                vehicle_id=vehicle_id,
                product_code=product_code,
                anchor_on=anchor_on,
                price=price,
                source_kind=source_kind,
                source_id=source_id,
                starts_on=starts_on,
                ends_on=ends_on,
                alignment=alignment,
                basis=basis,
                city=city,
            )
        ],
        actor,
    )
    return ChargePlanOpened(
        org_id=org_id,
        actor_id=actor.id,
        at=at,
        plan_id=plan_id,
        source_kind=source_kind,
        source_id=source_id,
    )


@verb
def open_plans(*, plans: Sequence[NewPlan], actor: Actor, at: datetime) -> ChargePlansOpened:
    """Open many plans at once. Raises what `open_plan` raises; then none is opened."""
    for org_id in sorted({plan.org_id for plan in plans}):
        actor.must("billing.open_plan", org_id)
    return ChargePlansOpened(
        org_id=actor.org_id, actor_id=actor.id, at=at, plans=len(open_all(plans, actor))
    )


def locked_plan(plan_id: UUID, actor: Actor, permission: str) -> ChargePlan:
    rows = ChargePlan.objects.visible_to(actor).select_for_update(of=("self",))
    plan = rows.select_related("product").get(id=plan_id)
    actor.must(permission, plan.org_id)
    return plan


def _bills_after(plan: ChargePlan, day: date) -> Q:
    return Q(plan=plan, kind=BillKind.CHARGE, period_to__gt=day)


def discard_drafts_after(plan: ChargePlan, day: date) -> None:
    """Drop drafts that a change from `day` on makes wrong; the next run draws them anew."""
    drafts = Bill.objects.filter(_bills_after(plan, day), state=BillState.DRAFT)
    if drafts.update(state=BillState.DISCARDED):
        billed = (
            Bill.objects.filter(plan=plan, kind=BillKind.CHARGE)
            .exclude(state=BillState.DISCARDED)
            .order_by("-period_to")
            .first()
        )
        resume = plan.starts_on if billed is None else billed.period_to
        assert resume is not None
        plan.next_period = rules.period_containing(
            day=resume, anchor=plan.anchor_on, alignment=plan.alignment
        )
    plan.next_bill_on = _next_bill_on(plan, plan.product)
    plan.save(update_fields=["next_period", "next_bill_on", "ends_on"])


@verb
def end_plan(*, plan_id: UUID, ends_on: date, actor: Actor, at: datetime) -> ChargePlanEnded:
    """Stop charging from `ends_on` on: not for the day of return, but always for that of delivery.

    A plan that was taken over charges nothing when it ends before its first unpaid day. Bills
    issued for later days stay; the settlement credits them.
    """
    plan = locked_plan(plan_id, actor, "billing.end_plan")
    delivered = plan.starts_on == plan.anchor_on
    plan.ends_on = max(ends_on, plan.starts_on + timedelta(days=1 if delivered else 0))
    discard_drafts_after(plan, plan.ends_on)
    return ChargePlanEnded(
        org_id=plan.org_id, actor_id=actor.id, at=at, plan_id=plan.id, ends_on=plan.ends_on
    )
