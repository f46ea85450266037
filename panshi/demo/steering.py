"""What a management keeps beside the daily work: marks, budgets, risks, accidents, a new city."""

from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Final
from uuid import UUID

from panshi.cockpit import services as cockpit
from panshi.demo.founding import Company, Operator
from panshi.kit.clock import add_months, local_day, month_start
from panshi.leasing import services as leasing
from panshi.org import queries as org
from panshi.quality import services as quality

BUDGET_MONTHS: Final = 3
NEXT_CITY: Final = "湖州"
OPENS_IN: Final = timedelta(days=58)
# Per vehicle and month, in CNY: the revenue that is good, the one that is too little, the costs.
GOOD: Final = 2500
POOR: Final = 1900
COSTS: Final = (("OPERATIONS", 1450), ("MATERIAL", 60), ("LABOUR", 520))
# Class, title, what may happen, weight before and after, and what holds it back.
RISKS: Final = (
    ("TECHNICAL", "热失控车辆停在室内", "电芯温升车辆若停在场站室内，火势会波及相邻车辆。",
     (3, 5), (2, 4), ("node:thermal-warning", "indicator:FINDINGS")),
    ("MARKET", "单一快递客户占比过高", "前三名客户贡献近四成租金，一家退租即影响当月收款。",
     (3, 4), (2, 4), ("indicator:COLLECTION", "indicator:UTILISATION")),
    ("LEGAL", "证照过期车辆上路", "交强险或年检过期仍被交付，处罚与赔付由我方承担。",
     (4, 4), (1, 4), ("guard:leasing.complete_handover", "task:fleet.compute_due")),
)  # fmt: skip
# What happened, where, days ago, and how far its claim has come.
ACCIDENTS: Final = (
    ("倒车时右后角刮到装卸平台，后保险杠开裂。", "城东物流园", 41, "CLOSED"),
    ("路口被追尾，尾门变形，无人受伤。", "环城西路口", 12, "ASSESSED"),
    ("地库限高杆刮到货厢顶，等待查勘。", "商场地下卸货区", 2, "REPORTED"),
)


def _boss(operator: Operator) -> UUID:
    people = org.staff(actor=operator.actor)
    return next(person.id for person in people if "DECISION_MAKER" in person.roles)


def steer(operator: Operator, random: Random, at: datetime) -> None:
    """Marks for money and use, budgets of three months, and the risks that somebody answers for."""
    actor, org_id = operator.actor, operator.org_id
    month, today = month_start(local_day(at)), local_day(at)
    number = operator.plan.vehicles
    marks = (
        ("REVENUE", Decimal(number * GOOD), Decimal(number * POOR)),
        ("UTILISATION", Decimal("0.88"), Decimal("0.75")),
        ("COLLECTION", Decimal("0.96"), Decimal("0.85")),
    )
    for indicator, green, red in marks:
        cockpit.set_target(
            org_id=org_id, indicator=indicator, month=add_months(month, 1 - BUDGET_MONTHS),
            green=green, red=red, actor=actor, at=at,
        )  # fmt: skip
    for back in range(BUDGET_MONTHS):
        for cost_class, each in COSTS:
            cockpit.set_budget(
                org_id=org_id, month=add_months(month, -back), cost_class=cost_class,
                amount=Decimal(number * each), actor=actor, at=at,
            )  # fmt: skip
    owner = _boss(operator)
    for place, (risk_class, title, text, before, after, controls) in enumerate(RISKS):
        cockpit.record_risk(
            org_id=org_id, risk_class=risk_class, title=title, text=text,
            likelihood=before[0], impact=before[1],
            residual_likelihood=after[0], residual_impact=after[1],
            controls=controls, owner_id=owner,
            review_on=today + timedelta(days=20 + 30 * place + random.randrange(9)),
            actor=actor, at=at,
        )  # fmt: skip


def crash(operator: Operator, random: Random, at: datetime) -> None:
    """Three accidents: one settled and closed, one assessed, one just reported."""
    actor = operator.actor
    vehicles = random.sample(operator.vehicles, len(ACCIDENTS))
    for (words, place, days, state), (vehicle_id, _model) in zip(ACCIDENTS, vehicles, strict=True):
        then = at - timedelta(days=days, hours=random.randrange(9))
        claim_id = leasing.open_claim(
            vehicle_id=vehicle_id, occurred_at=then, words=words,
            place=f"{operator.plan.city.name}{place}", insurer="诚安财险",
            report_number=f"R{then:%Y%m%d}{random.randrange(10_000):04d}",
            actor=actor, at=then + timedelta(minutes=25),
        ).claim_id  # fmt: skip
        if state == "REPORTED":
            continue
        leasing.survey_accident(
            claim_id=claim_id, words="现场照片齐全，双方无争议。", injured=False,
            actor=actor, at=then + timedelta(hours=2),
        )  # fmt: skip
        loss = Decimal(random.randrange(18, 60) * 100)
        leasing.assess_claim(
            claim_id=claim_id, loss=loss, insurer_pay=loss - 500, excess=Decimal(500),
            customer_share=Decimal(0), own_loss=Decimal(0),
            lost_rent=Decimal(random.randrange(2, 5) * 120),
            actor=actor, at=then + timedelta(days=3),
        )  # fmt: skip
        if state == "CLOSED":
            leasing.complete_claim_papers(claim_id=claim_id, actor=actor, at=at)
            leasing.close_claim(claim_id=claim_id, actor=actor, at=at)
            quality.open_nonconformity(
                org_id=operator.org_id, source_kind="leasing.Claim", source_id=claim_id,
                grade="MINOR", words="事故修复后交车前未做四轮定位，客户反映跑偏。",
                city=operator.plan.city.name, actor=actor, at=at,
            )  # fmt: skip


def plan_next_city(company: Company, at: datetime) -> None:
    """The largest operator prepares its next city, which opens in two months."""
    operator = max(company.operators, key=lambda o: o.plan.vehicles)
    cockpit.plan_roll_out(
        org_id=operator.org_id, city=NEXT_CITY, owner_id=_boss(operator),
        opens_on=local_day(at) + OPENS_IN, budget=Decimal("680000"),
        actor=operator.actor, at=at,
    )  # fmt: skip
