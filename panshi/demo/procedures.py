"""How the demo's people follow the handbook: step by step, with proofs that a case would have."""

from datetime import datetime
from random import Random
from typing import Final
from uuid import UUID

from panshi.demo import pictures
from panshi.demo.staff import Staff
from panshi.handbook import queries as handbook_queries
from panshi.handbook import services as handbook
from panshi.handbook.events import StepCompleted
from panshi.handbook.queries.card import RunCard, StepCard
from panshi.kit.clock import add_months, month_start
from panshi.kit.money import to_fen
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor
from panshi.leasing import queries as leasing

PICTURES: Final = ("photo", "signature", "file")
READINGS: Final = {
    "platform_kohm": (100, 140), "residual": (2, 20), "first_test": (80, 140),
    "retest": (9_000, 15_000), "meter_gap": (0, 4), "soc": (44, 58), "low_voltage": (12.4, 13.1),
    "promise_days": (1, 3), "spread": (15, 45), "treads": (4, 7), "charged": (45, 58),
}  # fmt: skip
WORDS: Final = {
    "parked": "停在园区二号门东侧，门卫王师傅看护。",
    "place": "三号楼地下一层 B 区 27 号车位，限高 2.4 米，门岗登记身份证。",
    "keyholder": "仓库李师傅交钥匙，电话见客户档案。",
    "complaint_words": "客户说早上启动时仪表有提示，开起来没有异响。",
    "facts_first": "看过时窗、照片与账单：到场比约定晚三十五分钟，加项有确认记录。",
    "remedy": "由站长本周五前上门复检并减免上门费。",
    "lesson": "路上堵车要提前十分钟告诉客户。",
    "promise": "周五前付清全部欠款，金额与账单一致。",
    "attempts": "九点、十一点、十五点各拨一次，已发短信。",
    "debt_parts": "两期租金未付，押金足额，客户对金额没有异议。",
    "agreed_day": "与司机约定下周二上午送检。",
    "corrected": "已按签字时刻改正首期租金，客户短信回复确认。",
}  # fmt: skip
OTHERWISE: Final = "已核对系统记录并与客户当面确认，情况属实。"
ASIDE: Final = frozenset({"fact", "person"})  # Others prove these: the system, a second person.


def ready_steps(card: RunCard) -> list[StepCard]:
    """The steps of a run that a person can do now."""
    return [s for s in card.steps if s.standing == "READY" and s.kind not in ASIDE]


def value_for(step: StepCard, random: Random, *, first_rent: str = "") -> str:
    """What a person enters to prove a step, for the kinds that take a value."""
    match step.kind:
        case "check":
            return "yes"
        case "choice":
            # The handbook lists the usual answer first.
            usual = random.random() < 0.85
            return step.options[0] if usual or len(step.options) < 3 else step.options[1]
        case "text":
            return WORDS.get(step.step_id, OTHERWISE)
        case "reading":
            return _reading(step, random, first_rent)
        case "location":
            return "120.1551,30.2741"
    return ""


def _reading(step: StepCard, random: Random, first_rent: str) -> str:
    if step.step_id == "own_first_rent" and first_rent:
        return first_rent
    if step.step_id in READINGS:
        low, high = READINGS[step.step_id]
        return f"{random.uniform(low, high):.1f}"
    bottom, top = step.low or 0.0, step.high if step.high is not None else 100.0
    return f"{bottom + (min(top, bottom + 1000) - bottom) * random.uniform(0.1, 0.4):.0f}"


def do_step(card: RunCard, step: StepCard, actor: Actor, random: Random, at: datetime) -> bool:
    """Do one step of a run; whether its verb let it be done. Raises what the handbook refuses."""
    if step.kind in PICTURES:
        for _piece in range(max(step.least - len(step.files), 0)):
            handbook.attach_evidence(
                run_id=card.row.id,
                step_id=step.step_id,
                iteration=step.iteration,
                kind=step.kind,
                content=pictures.photo(random),
                file_name=f"{step.step_id}.png",
                captured_at=at,
                actor=actor,
                at=at,
            )
    done = handbook.complete_step(
        run_id=card.row.id,
        step_id=step.step_id,
        iteration=step.iteration,
        value=value_for(step, random, first_rent=_first_rent(card, actor)),
        actor=actor,
        at=at,
    )
    return isinstance(done, StepCompleted)


def _first_rent(card: RunCard, actor: Actor) -> str:
    """The first rent of the lease that a run is about: the days left of its month, pro rata."""
    if card.subject_type != "leasing.lease":
        return ""
    lease = leasing.lease_card(lease_id=UUID(card.subject_id), actor=actor).row
    start = lease.starts_on
    days = (add_months(month_start(start), 1) - month_start(start)).days
    return str(to_fen(lease.monthly_rent * (days - start.day + 1) / days))


def doer_of(step: StepCard, card: RunCard, staff: Staff) -> Actor:
    """Who does a step: engineers theirs, the dispatcher theirs, the rest the owner's people."""
    role = {"engineer": "ENGINEER", "dispatcher": "DISPATCHER", "cs_agent": "DISPATCHER",
            "finance": "FINANCE", "collector": "FINANCE"}.get(step.role, "OPERATIONS")  # fmt: skip
    return staff.one(role)


def follow(
    run_id: UUID, staff: Staff, random: Random, moments: list[datetime], *, now: datetime
) -> int:
    """Do the steps of a past run one after the other, each at its moment; how many were done.

    Stops at a refusal, at a step that others prove, or when the moments reach `now`.
    """
    done = 0
    for at in moments:
        if at > now:
            break
        card = handbook_queries.run_card(run_id=run_id, actor=staff.one("OPERATIONS"), at=at)
        steps = ready_steps(card)
        if card.row.state not in ("WAITING", "TAKEN") or not steps:
            break
        step = steps[0]
        try:
            if not do_step(card, step, doer_of(step, card, staff), random, at):
                break
        except Refusal:
            break
        done += 1
    return done
