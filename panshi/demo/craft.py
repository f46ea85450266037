"""A job as engineer, station and customer do it, act by act; history and life both use these."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Final
from uuid import UUID

from panshi.billing import services as billing
from panshi.billing import simulator
from panshi.demo import pictures, world
from panshi.demo.staff import Staff
from panshi.kit.tenancy import Actor, system_actor
from panshi.service import queries as service_queries
from panshi.service import services as service
from panshi.service.events import WorkReleased, WorkReviewed
from panshi.service.queries import WorkOrderCard
from panshi.service.queries.order_rows import ReadingLimit, VisitRow
from panshi.service.services import Reading
from panshi.supply import queries as supply

SET_OFF: Final = timedelta(minutes=25)
PRAISE: Final = (
    "师傅准时，讲解清楚。", "处理得很快，车当天就能用。", "价格和预约时一致。",
    "态度好，收拾得干净。",
    "",
)  # fmt: skip
BLAME: Final = (
    "比约定晚到了四十分钟，也没有提前说。", "修完第二天又出现同样的提示。",
    "加项没有事先说明价格。",
)  # fmt: skip
FOUND: Final = (
    "现场复现，与结论一致。", "检查后确认，无其他异常。", "按目录项目实施，读数正常。",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Job:
    """A work order with the visit at hand and the people of its operator."""

    card: WorkOrderCard
    visit: VisitRow
    staff: Staff
    random: Random

    @property
    def lead(self) -> Actor:
        """The engineer who leads. Raises LookupError while nobody is assigned."""
        if self.visit.engineer_id is None:
            raise LookupError(f"{self.card.number} has no engineer")
        return self.staff.person(self.visit.engineer_id)


Act = Callable[[Job, datetime], object]


def job_of(work_order_id: UUID, staff: Staff, random: Random) -> Job:
    """The job behind a work order, with its newest visit."""
    card = service_queries.work_order_card(
        work_order_id=work_order_id, actor=system_actor(staff.org_id)
    )
    return Job(card, card.visits[-1], staff, random)


def accept(job: Job, at: datetime) -> None:
    service.accept_visit(visit_id=job.visit.id, actor=job.lead, at=at)


def travel(job: Job, at: datetime) -> None:
    lon, lat = job.card.lon, job.card.lat
    if lon is not None and lat is not None:
        lon, lat = lon + job.random.uniform(-0.05, 0.05), lat + job.random.uniform(-0.04, 0.04)
    service.start_travel(visit_id=job.visit.id, lon=lon, lat=lat, actor=job.lead, at=at)


def arrive(job: Job, at: datetime) -> None:
    service.arrive(visit_id=job.visit.id, lon=job.card.lon, lat=job.card.lat, actor=job.lead, at=at)


def diagnose(job: Job, at: datetime, *, outcome: str = "CONFIRMED") -> None:
    service.record_diagnosis(
        work_order_id=job.card.id,
        outcome=outcome,
        cause="雨天洗车后接插件进水" if outcome == "OTHER_CAUSE" else "",
        note=job.random.choice(FOUND),
        actor=job.lead,
        at=at,
    )


def fit_parts(job: Job, at: datetime) -> None:
    """Build in what the price names and the van has aboard."""
    van = supply.van_of(user_id=job.lead.id, at=at, actor=system_actor(job.staff.org_id))
    if van is None:
        return
    aboard: dict[str, int] = {}
    for row in supply.stock_at(location_id=van.id, actor=system_actor(job.staff.org_id)):
        aboard[row.item_code] = aboard.get(row.item_code, 0) + row.on_hand
    for line in job.card.lines:
        pieces = int(line.quantity)
        if line.kind == "PART" and aboard.get(line.code, 0) >= pieces:
            service.use_part(
                visit_id=job.visit.id, item_code=line.code, quantity=pieces, actor=job.lead, at=at
            )


def sign(job: Job, at: datetime) -> None:
    service.sign_visit(
        work_order_id=job.card.id,
        content=pictures.signature(job.random),
        signed_by=world.person(job.random),
        actor=job.lead,
        at=at,
    )


def complete(job: Job, at: datetime) -> None:
    service.complete_visit(visit_id=job.visit.id, actor=job.lead, at=at)


def check(job: Job, at: datetime) -> None:
    """Measure what the services ask for; everything is as it should be."""
    service.self_check(
        work_order_id=job.card.id,
        readings=[
            Reading(code=limit.code, value=good_value(limit, job.random))
            for limit in job.card.readings
        ],
        actor=job.lead,
        at=at,
    )


def good_value(limit: ReadingLimit, random: Random) -> float:
    """A measurement well inside its limits."""
    low = limit.low if limit.low is not None else 0.0
    high = limit.high if limit.high is not None else max(low * 2.5, 1.0)
    return round(random.uniform(low + (high - low) * 0.2, low + (high - low) * 0.6), 2)


def release(job: Job, at: datetime) -> WorkReleased:
    """The station hands the vehicle back: always a second person."""
    return service.release_work_order(
        work_order_id=job.card.id, actor=job.staff.one("OPERATIONS"), at=at
    )


def review(job: Job, at: datetime, *, stars: int) -> WorkReviewed:
    """The customer says how it was."""
    if job.card.customer_id is None:
        raise LookupError(f"{job.card.number} has no customer")
    good = stars >= 3
    return service.review_work_order(
        work_order_id=job.card.id,
        stars=stars,
        tags=("准时", "专业") if good else ("迟到",),
        text=job.random.choice(PRAISE if good else BLAME),
        actor=job.staff.customer(job.card.customer_id),
        at=at,
    )


def stars(random: Random) -> int:
    """Mostly content, now and then not."""
    return random.choices((5, 4, 3, 2, 1), (68, 23, 4, 3, 2))[0]


def pay(bill_ids: list[UUID], customer: Actor, at: datetime) -> None:
    """Pay bills of a customer through the simulated channel, as its page does."""
    started = billing.start_payment(bill_ids=bill_ids, channel="SIM", actor=customer, at=at)
    notice = simulator.paid(merchant_no=started.merchant_no, amount=started.amount, at=at)
    billing.record_callback(
        channel=notice.channel, headers=notice.headers, body=notice.body, actor=customer, at=at
    )


def next_act(job: Job, at: datetime) -> Act | None:
    """What is to be done next on a job at a moment; None when it is too early, or all is done."""
    visit, order = job.visit, job.card.state
    if visit.engineer_id is None or visit.starts_at is None:
        return None
    match visit.state:
        case "PROMISED":
            return accept
        case "COMMITTED":
            return travel if at >= visit.starts_at - SET_OFF else None
        case "TRAVELLING":
            return arrive
        case "ON_SITE" if order == "IN_DIAGNOSIS":
            return diagnose
        case "ON_SITE":
            return _finish(job, at)
        case "DONE" if order == "IN_WORK":
            return check
        case "DONE" if order == "SELF_CHECKED":
            return release
    return None


def _finish(job: Job, at: datetime) -> Act | None:
    """At the vehicle: parts, signature, and the end once the time the work takes is over."""
    if any(line.kind == "PART" for line in job.card.lines) and not job.card.parts:
        return fit_parts
    if job.card.steps_done < job.card.steps_required:
        return None
    if job.card.customer_id is not None and not any(p.signed_by for p in job.card.photos):
        return sign
    arrived = job.visit.arrived_at or at
    return complete if at >= arrived + timedelta(minutes=job.card.minutes / 3) else None
