"""Questions of a lead: the evidence as it comes in, and how much of what closed was looked at."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import Count, Q

from panshi.fleet import queries as fleet
from panshi.handbook import book, wording
from panshi.handbook.models import Deviation, Evidence, Run, RunState
from panshi.handbook.queries.runs import RunRow, rows_of
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question
from panshi.org import queries as org
from panshi.service import queries as service

DAYS: Final = timedelta(days=28)
TARGET: Final = "sample_share_percent"
STREAM: Final = 24
NEXT: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceRow:
    """A picture as it came in; `valid` unless it was in doubt."""

    file_id: UUID
    run_id: UUID
    title: str
    step: str
    city: str
    subject: str
    person: str
    at: datetime
    valid: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class JobPictureRow:
    """A picture of a job as it came in, whatever procedure the job follows."""

    photo_id: UUID
    order_id: UUID
    number: str
    what: str
    city: str
    subject: str
    person: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SampledCity:
    """Of `closed` runs of 28 days with evidence `sampled` were looked at, `struck` did not do."""

    city: str
    closed: int
    sampled: int
    struck: int
    target: float

    @property
    def share(self) -> float:
        return self.sampled / self.closed if self.closed else 0.0

    @property
    def enough(self) -> bool:
        return self.share >= self.target


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """The desk of a lead who watches evidence; `upcoming` are the runs to look at next."""

    stream: tuple[EvidenceRow, ...]
    cities: tuple[SampledCity, ...]
    upcoming: tuple[RunRow, ...]
    target: float
    jobs: tuple[JobPictureRow, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviationRow:
    id: UUID
    kind: str
    words: str
    at: datetime
    nonconformity_id: UUID | None


def _target(at: datetime) -> float:
    edition = book.book_at(at)
    value = edition.params.get(TARGET) if edition else None
    return float(value) / 100 if isinstance(value, (int, float)) else 0.0


def _stream(actor: Actor, at: datetime, city: str) -> tuple[EvidenceRow, ...]:
    pieces = Evidence.objects.visible_to(actor).filter(kind="photo", file_id__isnull=False)
    if city:
        pieces = pieces.filter(run__city=city)
    found = list(
        pieces.select_related("run__node", "run__revision").order_by("-captured_at", "-id")[:STREAM]
    )
    runs = {piece.run_id: piece.run for piece in found}
    shown = {row.id: row for row in rows_of(list(runs.values()), actor, at)}
    people = tuple({piece.person_id for piece in found if piece.person_id})
    names = org.names_of(user_ids=people, actor=actor) if people else {}
    rows = []
    for piece in found:
        step = book.procedure_of(piece.run.revision).step(piece.step_id)
        row = shown[piece.run_id]
        if piece.file_id is not None:
            rows.append(
                EvidenceRow(
                    file_id=piece.file_id,
                    run_id=piece.run_id,
                    title=row.title,
                    step=wording.spoken(step.zh, step.en) if step else piece.step_id,
                    city=row.city,
                    subject=row.subject,
                    person=names.get(piece.person_id, "") if piece.person_id else "",
                    at=piece.captured_at,
                    valid=piece.valid,
                )
            )
    return tuple(rows)


def _of_jobs(actor: Actor, city: str) -> tuple[JobPictureRow, ...]:
    found = service.latest_photos(actor=actor, city=city, limit=STREAM)
    vehicles = fleet.vehicle_refs(vehicle_ids=tuple({p.vehicle_id for p in found}), actor=actor)
    names = org.names_of(user_ids=tuple({p.by_id for p in found}), actor=actor)
    plates = {key: ref.plate or ref.vin for key, ref in vehicles.items()}
    return tuple(
        JobPictureRow(
            photo_id=p.id,
            order_id=p.order_id,
            number=p.number,
            what=p.step or p.purpose,
            city=p.city,
            subject=plates.get(p.vehicle_id, ""),
            person=names.get(p.by_id, ""),
            at=p.at,
        )
        for p in found
    )


@question
def watch(*, actor: Actor, at: datetime, city: str = "") -> Watch:
    """Evidence as it comes in, and per city how much of what closed was sampled."""
    target = _target(at)
    closed = Run.objects.visible_to(actor).filter(
        state=RunState.CLOSED, closed_at__gt=at - DAYS, evidence_due__gt=0
    )
    counted = closed.values("city").annotate(
        n=Count("id"), seen=Count("sample"), struck=Count("sample", Q(sample__convincing=False))
    )
    cities = sorted(
        (
            SampledCity(
                city=row["city"], closed=row["n"], sampled=row["seen"], struck=row["struck"],
                target=target,
            )
            for row in counted
        ),
        key=lambda row: (row.enough, row.share, row.city),
    )  # fmt: skip
    lacking = [row.city for row in cities if not row.enough]
    if city:
        closed = closed.filter(city=city)
    elif lacking:
        closed = closed.filter(city__in=lacking)
    # The id of a run ends in chance, so nobody knows beforehand which one is looked at.
    drawn = closed.filter(sample=None).exclude(owner_id=actor.id).order_by("closed_at")
    ids = drawn.values_list("id", flat=True)[:400]
    picked = sorted(ids, key=lambda run_id: run_id.bytes[-4:])[:NEXT]
    runs = Run.objects.select_related("node").in_bulk(picked)
    upcoming = [runs[run_id] for run_id in picked]
    return Watch(
        stream=_stream(actor, at, city),
        cities=tuple(cities),
        upcoming=tuple(rows_of(upcoming, actor, at)),
        target=target,
        jobs=_of_jobs(actor, city) if actor.may("service.view") else (),
    )


@question
def deviations_of(*, run_id: UUID, actor: Actor) -> tuple[DeviationRow, ...]:
    """What of a run did not go by the book, and what quality made of it."""
    rows = Deviation.objects.visible_to(actor).filter(run_id=run_id).order_by("at", "id")
    return tuple(
        DeviationRow(
            id=row.id,
            kind=str(row.get_kind_display()),
            words=row.words,
            at=row.at,
            nonconformity_id=row.nonconformity_id,
        )
        for row in rows
    )
