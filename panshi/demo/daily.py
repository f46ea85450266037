"""What runs along in the demo company: power and insurance of vehicles, and customers who write."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Final

from panshi.billing import services as billing
from panshi.billing.services import NewCost
from panshi.demo.founding import Operator
from panshi.kit.clock import add_months, local_day, month_start
from panshi.kit.money import to_fen
from panshi.service import services as service

MONTHS: Final = 12
# What is asked, what is answered, and whether that settled it; None waits for a person.
TALKS: Final = (
    ("充电枪拔不下来，车锁了又开也不行，怎么办？", None),
    ("发票抬头要换成新公司，从这个月起可以吗？", "可以，新抬头已登记，这个月的账单就按它开。"),
    ("想把周五的保养改到周六上午，师傅方便吗？", None),
    ("还车时车厢里的隔板要拆掉吗？", "不用拆，验车时按交车照片核对，多出来的由您决定留还是拆。"),
)


def spend(operator: Operator, random: Random, at: datetime) -> None:
    """Charging in the yard each month, and the year's insurance, paid at some time within it."""
    today = local_day(at)
    costs = []
    for vehicle_id, model in operator.vehicles:
        for back in range(1, MONTHS + 1):
            month = add_months(month_start(today), -back)
            costs.append(
                NewCost(
                    vehicle_id=vehicle_id,
                    kind="ENERGY",
                    amount=Decimal(random.randrange(30_00, 180_00)) / 100,
                    occurred_on=month + timedelta(days=random.randrange(20, 28)),
                    words="场站充电",
                )
            )
        month = add_months(month_start(today), -random.randint(1, MONTHS))
        paid_on = month + timedelta(days=random.randrange(1, 28))
        premium = Decimal(4200 + model.cost // 60)
        costs.append(
            NewCost(
                vehicle_id=vehicle_id,
                kind="INSURANCE",
                amount=premium,
                vat=to_fen(premium * 6 / 106),
                occurred_on=paid_on,
                covers_from=paid_on,
                covers_until=add_months(paid_on, 12) - timedelta(days=1),
                words="交强险与商业险，一年",
            )
        )
    billing.record_vehicle_costs(costs=costs, actor=operator.actor, at=at)


def write(operator: Operator, random: Random, at: datetime) -> None:
    """Customers write: some have their answer, and some wait for a person."""
    actor = operator.actor
    for hours, (asked, answer) in zip((1, 30, 3, 52), TALKS, strict=True):
        said_at = at - timedelta(hours=hours, minutes=random.randrange(50))
        customer_id = random.choice(operator.customers)
        thread = service.post_message(
            customer_id=customer_id,
            text=asked,
            actor=replace(actor, customer_id=customer_id),
            at=said_at,
        ).conversation_id
        if answer is None:
            service.hand_over(conversation_id=thread, reason="需要人工", actor=actor, at=said_at)
            continue
        soon = said_at + timedelta(minutes=random.randrange(4, 40))
        service.take_conversation(conversation_id=thread, actor=actor, at=soon)
        service.post_message(
            customer_id=customer_id, conversation_id=thread, text=answer, actor=actor, at=soon
        )
        service.resolve_conversation(conversation_id=thread, actor=actor, at=soon)
