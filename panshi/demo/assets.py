"""What an operator's vehicles are in the books, and what they bring besides rent: violations."""

from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Final

from panshi.billing import services as billing
from panshi.demo.founding import Company, Operator
from panshi.fleet import queries as fleet
from panshi.fleet import services as fleet_services
from panshi.kit import workbooks
from panshi.kit.clock import SHANGHAI, add_months, local_day, month_start, months_apart
from panshi.kit.money import to_fen
from panshi.kit.sheets import as_rows
from panshi.kit.tenancy import Actor, hq_actor
from panshi.leasing import queries as leasing_queries
from panshi.leasing import services as leasing
from panshi.leasing.violation_sheet import SHEET, ViolationSheetRow

NOTICES: Final = 9
DAYS: Final = 60
BOOKED_MONTHS: Final = 12
# Code, what the driver did at which kind of place, fine in CNY, points.
ACTS: Final = (
    ("1344", "限行路段", 200, 0),
    ("1039", "商业街路侧违停", 150, 0),
    ("1345", "环城高架压实线", 100, 1),
    ("1625", "主干道路口闯红灯", 200, 6),
)


def fine(operator: Operator, random: Random, at: datetime) -> None:
    """Two months of violations come in by the sheet; some are dealt with, one is disputed."""
    vehicles = random.sample(operator.vehicles, min(NOTICES, len(operator.vehicles)))
    refs = fleet.vehicle_refs(
        vehicle_ids=tuple(vehicle_id for vehicle_id, _model in vehicles), actor=operator.actor
    )
    rows = []
    for number, ref in enumerate((ref for ref in refs.values() if ref.plate), start=1):
        code, place, amount, points = random.choice(ACTS)
        moment = at - timedelta(days=random.uniform(4, DAYS))
        rows.append(
            ViolationSheetRow(
                plate=ref.plate,
                occurred_at=moment.astimezone(SHANGHAI).replace(microsecond=0),
                place=f"{operator.plan.city.name}{place}",
                code=code,
                fine=Decimal(amount),
                points=Decimal(points),
                number=f"{operator.org_id:04d}{at:%Y%m}{number:06d}",
            )
        )
    actor: Actor = operator.actor
    staged = leasing.stage_violation_import(
        org_id=operator.org_id,
        file_name="违章清单.xlsx",
        content=workbooks.write(sheet=SHEET, rows=as_rows(rows)),
        actor=actor,
        at=at,
    )
    leasing.commit_violation_import(batch_id=staged.batch_id, actor=actor, at=at)
    told = leasing_queries.violations(state="NOTIFIED", actor=actor).rows
    for row in told[:2]:
        leasing.settle_violation(violation_id=row.id, by="AGENCY", actor=actor, at=at)
    for row in told[:1]:
        leasing.charge_violation(violation_id=row.id, actor=actor, at=at)
    for row in told[2:3]:
        leasing.settle_violation(violation_id=row.id, by="CUSTOMER", actor=actor, at=at)
    for row in told[3:4]:
        leasing.dispute_violation(
            violation_id=row.id,
            words="当时车辆停在仓库装货，有出入库单。",
            evidence=(),
            actor=actor,
            at=at,
        )


def enter(operator: Operator, at: datetime) -> None:
    """The vehicles are in the books; what they lost before the last months came from older ones."""
    first = add_months(month_start(local_day(at)), -BOOKED_MONTHS)
    terms = fleet.asset_defaults(on=local_day(at), actor=operator.actor)
    for vehicle_id, model in operator.vehicles:
        cost = Decimal(model.cost)
        residual = to_fen(cost * terms.residual_share)
        card = fleet.vehicle_card(vehicle_id=vehicle_id, actor=operator.actor, at=at)
        since = card.purchased_on or first
        before = months_apart(since, first) - 1
        lived = min(max(before, 0), terms.life_months - BOOKED_MONTHS)
        fleet_services.enter_asset(
            vehicle_id=vehicle_id,
            cost=cost,
            residual=residual,
            method="STRAIGHT",
            life_months=terms.life_months - lived,
            in_use_on=since,
            opening=to_fen((cost - residual) * lived / terms.life_months),
            first_month=max(first, add_months(month_start(since), 1)),
            actor=operator.actor,
            at=at,
        )


def depreciate(company: Company, at: datetime) -> None:
    """The last months lose value and take what was prepaid, so that one of them can be closed."""
    hq = hq_actor(company.platform_id)
    for back in range(BOOKED_MONTHS, 0, -1):
        month = add_months(month_start(local_day(at)), -back)
        billing.post_depreciation(month=month, actor=hq, at=at)
        billing.release_prepaid(month=month, actor=hq, at=at)
