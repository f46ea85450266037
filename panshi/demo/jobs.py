"""Two months of service before today: findings, visits, bills, reviews, complaints, procedures."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from datetime import time as clock_time
from pathlib import Path
from random import Random
from typing import Final
from uuid import UUID

from panshi.billing import services as billing
from panshi.cockpit import services as cockpit
from panshi.crm import services as crm
from panshi.demo import craft, procedures, world
from panshi.demo.craft import Act, Job
from panshi.demo.founding import SUPPLIER, Company, Operator, Say, price_of
from panshi.demo.staff import Staff, staff_of
from panshi.diagnosis import services as diagnosis
from panshi.fleet import queries as fleet
from panshi.fleet.queries import VehicleRow
from panshi.handbook import services as handbook
from panshi.handbook.content_files import SHIPPED
from panshi.kit.clock import SHANGHAI, local_day
from panshi.kit.facts import Fact
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import hq_actor
from panshi.people import services as people
from panshi.people.services import NewShift
from panshi.service import services as service
from panshi.service.events import WorkReleased
from panshi.supply import queries as supply_queries
from panshi.supply import services as supply
from panshi.supply.events import StockLine
from panshi.telematics.events import AlarmRow

DAYS: Final = 60
DAYS_AHEAD: Final = 2
PROCEDURE_DAYS: Final = 7  # Procedures of bookings are played for these last days.
VEHICLES_A_VISIT: Final = 80  # One visit a day for so many vehicles.
TODAY: Final = 6
TOMORROW: Final = 3
# What customers order, how often, and the parts that each uses up.
ORDERS: Final = (
    (("ROUTINE_SERVICE",), 26), (("WASH",), 8), (("CARGO_CLEAN",), 5), (("WIPER_BLADES",), 5),
    (("BRAKE_PADS_FRONT",), 8), (("TYRE_REPLACE",), 8), (("BATTERY_12V",), 7), (("GEAR_OIL",), 6),
    (("DOOR_LOCK",), 4), (("TERMINAL_CHECK",), 4), (("RESCUE_START",), 4),
    (("BATTERY_CHECK",), 5), (("AIRCON_REPAIR",), 5), (("ROUTINE_SERVICE", "WIPER_BLADES"), 5),
)  # fmt: skip
RESTOCKED: Final = (
    "CABIN_FILTER", "WIPER_SET", "BRAKE_PADS_F", "TYRE_195R14C", "BATTERY_12V_60AH", "GEAR_OIL_1L",
    "DOOR_LOCK_SET", "REFRIGERANT",
)  # fmt: skip
# General alarm flags of GB/T 32960 that vehicles sent now and then.
FAULTS: Final = ((11, 3), (4, 3), (9, 1), (13, 2))
ROADS: Final = (
    "园区北门",
    "物流园 3 号库",
    "城东配送站",
    "建材市场南门",
    "冷链中心月台",
    "工业路 88 号",
)
COMPLAINTS: Final = (
    ("SERVICE", "约好上午到场，下午三点才来，影响出车。"), ("BILL", "账单里多了一次上门费。"),
    ("VEHICLE", "续航比交车时说的少了四十多公里。"), ("STAFF", "电话里没有说清楚取消规矩。"),
)  # fmt: skip


@dataclass(slots=True)
class Town:
    """An operator in its service history."""

    operator: Operator
    staff: Staff
    leased: list[VehicleRow]
    tally: dict[str, int] = field(default_factory=dict)

    def count(self, what: str) -> None:
        self.tally[what] = self.tally.get(what, 0) + 1


def serve_through(operator: Operator, random: Random, at: datetime, say: Say) -> None:
    """Play an operator's service of the last weeks up to `at`, and plan today and tomorrow."""
    today = local_day(at)
    town = _town(operator, today, at)
    for day in (today + timedelta(days=n) for n in range(-DAYS, DAYS_AHEAD)):
        if day.weekday() == 0 or day == today - timedelta(days=DAYS):
            _restock(town, moment(day, 7), random)
        for _ in range(wanted(operator, day, today, random)):
            _serve(town, day, random, at)
        if day < today and random.random() < 0.07:
            _fault(town, moment(day, 9), random, at)
        if day < today and random.random() < 0.03:
            _complain(town, moment(day, 16), random)
    said = ", ".join(f"{n} {what}" for what, n in sorted(town.tally.items()))
    say(f"{operator.plan.name}: {said}")


def import_handbook(company: Company, at: datetime, *, content: Path = SHIPPED) -> None:
    """The procedures that the service history follows."""
    handbook.import_content(directory=str(content), actor=hq_actor(company.platform_id), at=at)


def count(company: Company, at: datetime) -> None:
    """Let cockpit and handbook count what was played; nobody heard it happen."""
    hq, today = hq_actor(company.platform_id), local_day(at)
    cockpit.take_recount(
        since=today - timedelta(days=DAYS),
        until=today + timedelta(days=DAYS_AHEAD),
        reason="演示公司开业：接收历史记录",
        actor=hq,
        at=at,
    )
    # Leases begin and end by the month in this history, so these days stand as today does.
    for offset in range(DAYS, 0, -1):
        cockpit.keep_vehicle_days(actor=hq, at=moment(today - timedelta(days=offset), 23))
    cockpit.keep_vehicle_days(actor=hq, at=at)
    handbook.roll_up_adherence(actor=hq, at=at)


def moment(day: date, hour: float) -> datetime:
    """A local hour of a day."""
    return datetime.combine(day, clock_time(), SHANGHAI) + timedelta(hours=hour)


def wanted(operator: Operator, day: date, today: date, random: Random) -> int:
    """How many customers want a visit on a day: by the size of the fleet, less on Sundays."""
    if day >= today:
        return TODAY if day == today else TOMORROW
    often = operator.plan.vehicles / VEHICLES_A_VISIT * (0.5 if day.weekday() == 6 else 1.0)
    return int(often) + (random.random() < often % 1)


def past_shifts(engineers: list[UUID], today: date) -> Iterator[NewShift]:
    """Day shifts of every engineer from the beginning of the history up to yesterday."""
    for user_id in engineers:
        for offset in range(1, DAYS + 1):
            day = today - timedelta(days=offset)
            yield NewShift(user_id=user_id, starts_at=moment(day, 7), ends_at=moment(day, 19))


def _town(operator: Operator, today: date, at: datetime) -> Town:
    first = moment(today - timedelta(days=DAYS), 0)
    people.set_shifts(
        org_id=operator.org_id,
        shifts=list(past_shifts(operator.engineers, today)),
        actor=operator.actor,
        at=first,
    )
    found = fleet.vehicle_list(actor=operator.actor, state="LEASED", use="LEASE", limit=500).rows
    known = [v for v in found if v.customer_id is not None]
    # Those that their customer had already when the history begins, where there are enough.
    before = [v for v in known if v.state_since < first]
    return Town(operator, staff_of(operator.org_id), before if len(before) > 8 else known)


def _restock(town: Town, at: datetime, random: Random) -> None:
    """Each Monday the vans get what they used up."""
    actor = town.operator.actor
    for user_id in town.operator.engineers:
        van = supply_queries.van_of(user_id=user_id, at=at, actor=actor)
        if van is None:
            continue
        have: dict[str, int] = {}
        for row in supply_queries.stock_at(location_id=van.id, actor=actor):
            have[row.item_code] = have.get(row.item_code, 0) + row.on_hand
        lines = [
            StockLine(item_code=code, quantity=random.randrange(4, 7), unit_price=price_of(code))
            for code in RESTOCKED
            if have.get(code, 0) < 4
        ]
        if lines:
            supply.receive_stock(
                location_id=van.id,
                lines=lines,
                supplier=SUPPLIER,
                document="周补货",
                actor=actor,
                at=at,
            )


def _serve(town: Town, day: date, random: Random, now: datetime) -> None:
    """One customer books a visit for a day, and as much of it happens as lies before `now`."""
    vehicle = random.choice(town.leased)
    if vehicle.customer_id is None:
        return
    lon, lat = world.near(random, town.operator.plan.city, km=9)
    booked_at = min(moment(day, 0) - timedelta(hours=random.uniform(3, 14)), now)
    codes = random.choices([codes for codes, _ in ORDERS], [share for _, share in ORDERS])[0]
    try:
        booking = service.confirm_booking(
            vehicle_id=vehicle.id,
            customer_id=vehicle.customer_id,
            item_codes=codes,
            address=f"{vehicle.city}{random.choice(ROADS)}",
            lon=lon,
            lat=lat,
            starts_at=moment(day, random.choice((8, 8, 10, 10, 13, 13, 15, 15, 17))),
            actor=town.staff.customer(vehicle.customer_id),
            at=booked_at,
        )
    except Refusal:
        town.count("not booked")
        return
    if local_day(now) - day <= timedelta(days=PROCEDURE_DAYS):
        _procedure(town, booking, random, now)
    _carry_out(town, booking.work_order_id, booked_at, random, now)


def _carry_out(
    town: Town, work_order_id: UUID, ordered_at: datetime, random: Random, now: datetime
) -> None:
    """Visit, check, release, payment and review, each at its own moment, none after `now`."""
    job = craft.job_of(work_order_id, town.staff, random)
    if job.visit.starts_at is None or job.visit.engineer_id is None:
        town.count("waiting")
        return
    town.count("orders")
    for act, at in timeline(job, ordered_at, random):
        if at > now:
            return
        act(job, at)
    released_at = at + timedelta(minutes=random.uniform(5, 40))
    if released_at < now:
        _settle(town, job, craft.release(job, released_at), random, now)


def timeline(job: Job, ordered_at: datetime, random: Random) -> Iterator[tuple[Act, datetime]]:
    """When each act of a job happens; most engineers are on time."""
    starts = job.visit.starts_at or ordered_at
    late = random.uniform(20, 50) if random.random() < 0.08 else random.uniform(-4, 8)
    arrived = starts + timedelta(minutes=late)
    done = arrived + timedelta(minutes=job.card.minutes * random.uniform(0.75, 1.15))
    step = timedelta(minutes=1)
    yield craft.accept, min(ordered_at + timedelta(hours=1), starts - timedelta(minutes=40))
    yield craft.travel, arrived - timedelta(minutes=random.uniform(12, 30))
    yield craft.arrive, arrived
    yield craft.diagnose, arrived + 8 * step
    yield craft.fit_parts, done - 6 * step
    yield craft.sign, done - 2 * step
    yield craft.complete, done
    yield craft.check, done + 4 * step


def _settle(town: Town, job: Job, released: WorkReleased, random: Random, now: datetime) -> None:
    """The customer pays, mostly within days, and most of them say how it was."""
    paid_at = released.at + timedelta(hours=random.choice((1, 2, 5, 20, 30, 70)))
    if released.bill_id is not None and paid_at < now and random.random() < 0.95:
        billing.record_payment(
            bill_ids=[released.bill_id],
            amount=released.total,
            channel=random.choice(("WECHAT", "ALIPAY")),
            actor=town.operator.actor,
            at=paid_at,
        )
        service.close_work_order(
            work_order_id=released.work_order_id,
            paid_bill_id=released.bill_id,
            actor=town.operator.actor,
            at=paid_at,
        )
        town.count("paid")
    said_at = released.at + timedelta(hours=random.uniform(1, 40))
    if released.customer_id is not None and said_at < now and random.random() < 0.6:
        stars = craft.stars(random)
        reviewed = craft.review(job, said_at, stars=stars)
        town.count("reviews")
        if stars <= 2:
            _procedure(town, reviewed, random, now)


def _procedure(town: Town, fact: Fact, random: Random, now: datetime) -> None:
    """The handbook's runs that a fact calls for, taken at once and mostly done in time."""
    started = handbook.start_runs(facts=(fact,), actor=town.operator.actor, at=fact.at)
    for run in started.runs:
        allowed = run.due_at - fact.at
        slow = 1.6 if random.random() < 0.12 else random.uniform(0.2, 0.8)
        steps = 24
        moments = [fact.at + allowed * slow * (n + 1) / 10 for n in range(steps)]
        procedures.follow(run.run_id, town.staff, random, moments, now=now)
        town.count("procedures")


def _fault(town: Town, at: datetime, random: Random, now: datetime) -> None:
    """A vehicle sends an alarm; the finding leads to a job whose outcome counts for its rule."""
    vehicle = random.choice(town.leased)
    lon, lat = world.near(random, town.operator.plan.city, km=9)
    bit = random.choices([bit for bit, _ in FAULTS], [share for _, share in FAULTS])[0]
    actor, staff = town.operator.actor, town.staff
    raised = diagnosis.judge_alarms(
        org_id=town.operator.org_id,
        alarms=[
            AlarmRow(
                vehicle_id=vehicle.id,
                vin=vehicle.vin,
                source="GB",
                code=f"GB{bit}",
                bit=bit,
                level=2,
                raised_at=at,
                insulation_kohm=float(random.randrange(60, 170)) if bit == 11 else None,
                voltage_v=350.0,
                soc_pct=float(random.randrange(20, 95)),
                lon=lon,
                lat=lat,
            )
        ],
        actor=actor,
        at=at,
    )
    if not raised.findings:
        return
    finding_id = raised.findings[0].finding_id
    later = at + timedelta(minutes=random.uniform(5, 40))
    diagnosis.acknowledge_finding(finding_id=finding_id, actor=staff.one("OPERATIONS"), at=later)
    try:
        opened = service.open_order_for_finding(
            finding_id=finding_id,
            lon=lon,
            lat=lat,
            address=f"{vehicle.city}{random.choice(ROADS)}",
            actor=staff.one("DISPATCHER"),
            at=later,
        )
    except Refusal:
        town.count("findings without order")
        return
    town.count("findings")
    _carry_out(town, opened.work_order_id, later, random, now)


def _complain(town: Town, at: datetime, random: Random) -> None:
    subject, text = random.choice(COMPLAINTS)
    vehicle = random.choice(town.leased)
    if vehicle.customer_id is not None:
        crm.file_complaint(
            customer_id=vehicle.customer_id,
            subject=subject,
            text=text,
            actor=town.staff.one("OPERATIONS"),
            at=at,
        )
        town.count("complaints")
