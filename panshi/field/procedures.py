"""The handbook's procedures as the phone walks through them, with or without network."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from panshi.handbook import queries as handbook
from panshi.handbook.queries.card import RunCard, StepCard
from panshi.kit.tenancy import Actor
from panshi.service import queries as service

# Procedures that no fact begins: the repair at the vehicle, and the handover to a customer.
BY_HAND: Final = {"JOB": "onsite-repair", "OUT": "handover-inspection"}
# The handbook's job post for those who go to the vehicles, and those who hand vehicles over.
POST: Final = "engineer"
HANDING_POSTS: Final = frozenset({"delivery", "qc"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    value: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Back:
    """Where a stop goes back to, when its condition holds."""

    goto: str
    when: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step of the handbook. `mine` says that this post does it; `taken` counts its photos.

    `when`, `stop_if` and `backs` let the phone judge without the server what follows from an
    answer; `value` is the answer kept so far, `proved_by` the fact that proves the step, and `view`
    the view of the vehicle's inspection whose picture does.
    """

    step_id: str
    iteration: int
    title: str
    why: str
    group: int
    required: bool
    mine: bool
    done: bool
    kind: str
    options: tuple[Option, ...]
    unit: str
    low: float | None
    high: float | None
    least: int
    taken: int
    repeated: bool
    auto: bool
    proved_by: str
    view: str
    when: Any
    stop_if: Any
    backs: tuple[Back, ...]
    value: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A procedure of the job; one `beside` it may be begun at once and holds nothing up.

    A `halted` one waits for a lead; `round` counts how often it went back.
    """

    run_id: UUID
    slug: str
    title: str
    beside: bool
    halted: bool
    round: int
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A procedure that one may begin by hand."""

    slug: str
    title: str
    org_id: int


def offers(
    kind: str, names: Mapping[str, str], runs: Sequence[Run], org_id: int
) -> tuple[Offer, ...]:
    """What of `names`, the procedures one may begin, fits a record and is not open for it yet."""
    slug = BY_HAND.get(kind, "")
    if slug not in names or any(run.slug == slug for run in runs):
        return ()
    return (Offer(slug=slug, title=names[slug], org_id=org_id),)


def _run(run: RunCard, posts: Collection[str]) -> Run:
    return Run(
        run_id=run.row.id,
        slug=run.row.slug,
        title=run.row.title,
        beside=run.beside_job,
        halted=run.row.state == "HALTED",
        round=run.round,
        steps=tuple(
            _step(step, posts)
            for step in run.steps
            if step.standing != "NOT_APPLICABLE" or step.when
        ),
    )


def runs_of_job(card: service.WorkOrderCard, *, actor: Actor, at: datetime) -> tuple[Run, ...]:
    """The open procedures of this order that hold steps for an engineer."""
    subjects = (("service.work_order", card.id), ("fleet.vehicle", card.vehicle_id))
    found = []
    for subject_type, subject_id in subjects:
        for row in handbook.runs_of(
            subject_type=subject_type, subject_id=str(subject_id), actor=actor, at=at
        ):
            if row.closed_at is not None:
                continue
            card_ = handbook.run_card(run_id=row.id, actor=actor, at=at)
            run = _run(card_, {POST})
            if card_.work_order_id == card.id and any(step.mine for step in run.steps):
                found.append(run)
    return tuple(found)


def runs_of_handings(
    vehicles: Collection[tuple[UUID, UUID]], *, actor: Actor, at: datetime
) -> dict[UUID, tuple[Run, ...]]:
    """By lease, the open procedures of who hands over and takes back; of (lease, vehicle) pairs."""
    posts = HANDING_POSTS.intersection(handbook.posts_of(actor))
    if not posts or not vehicles:
        return {}
    rows = handbook.open_runs_about(
        kinds=("leasing.lease", "fleet.vehicle"),
        ids=[str(one) for pair in vehicles for one in pair],
        posts=sorted(posts),
        actor=actor,
    )
    open_: dict[tuple[str, str], list[UUID]] = {}
    for row in rows:
        open_.setdefault((row.subject_type, row.subject_id), []).append(row.run_id)
    return {
        lease: tuple(
            _run(handbook.run_card(run_id=run_id, actor=actor, at=at), posts)
            for subject in (("leasing.lease", str(lease)), ("fleet.vehicle", str(vehicle)))
            for run_id in open_.get(subject, ())
        )
        for lease, vehicle in vehicles
    }


def _step(step: StepCard, posts: Collection[str]) -> Step:
    return Step(
        step_id=step.step_id,
        iteration=step.iteration,
        title=f"{step.title} {step.label}".strip(),
        why=step.why,
        group=step.group,
        required=step.required,
        mine=step.role in posts,
        done=step.standing in ("DONE", "SKIPPED"),
        kind=step.kind,
        options=tuple(
            Option(value=value, label=label)
            for value, label in zip(step.options, step.labels, strict=True)
        ),
        unit=step.unit,
        low=step.low,
        high=step.high,
        least=step.least,
        taken=step.taken,
        repeated=step.repeated,
        auto=step.auto,
        proved_by=step.proved_by,
        view=step.view,
        when=step.when,
        stop_if=step.stop_if,
        backs=tuple(Back(goto=back.goto, when=back.when) for back in step.backs),
        value=step.kept,
    )
