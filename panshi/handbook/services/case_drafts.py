"""What a record says of itself, under the five heads of a case; and the names to take out of it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from panshi.crm import queries as crm
from panshi.crm.queries import ComplaintRow
from panshi.fleet import queries as fleet
from panshi.handbook import book, wording
from panshi.handbook.models import DeviationKind, Run
from panshi.handbook.rules.extraction import COURSE, HANDLING, LESSON, RESULT, SITUATION
from panshi.handbook.rules.redaction import FIRM, PERSON, PLATE, VIN, Name
from panshi.kit.clock import SHANGHAI
from panshi.kit.tenancy import Actor
from panshi.org import queries as org
from panshi.service.queries import WorkOrderCard

_LINES: Final = 30


@dataclass(frozen=True, slots=True)
class _Moment:
    at: datetime
    words: str


def _clock(at: datetime) -> str:
    return f"{at.astimezone(SHANGHAI):%H:%M}"


def _told(moments: Iterable[_Moment]) -> str:
    """One line for each moment: the hour, and how long after the first."""
    rows = sorted(moments, key=lambda m: m.at)[:_LINES]
    return "\n".join(
        f"{_clock(m.at)}（+{round((m.at - rows[0].at).total_seconds() / 60)}）{m.words}"
        for m in rows
    )


def _minutes(since: datetime, until: datetime) -> int:
    return max(round((until - since).total_seconds() / 60), 0)


def _run_moments(run: Run, titles: Mapping[str, str]) -> Iterator[_Moment]:
    yield _Moment(run.started_at, _("The run began."))
    if run.taken_at:
        yield _Moment(run.taken_at, _("Somebody took it."))
    for step in run.steps.filter(server_at__isnull=False):
        words = titles.get(step.step_id, step.step_id)
        if step.superseded:
            words = _("%(step)s: done, then gone back over") % {"step": words}
        yield _Moment(step.server_at or run.started_at, words)
    for pause in run.pauses.all():
        yield _Moment(pause.begins_at, _("Waited: %(reason)s") % {"reason": pause.reason})
    for rung in run.escalations.all():
        yield _Moment(rung.at, _("Told to the next post up."))
    if run.closed_at:
        yield _Moment(run.closed_at, pgettext("case", "Closed."))


def _longest(run: Run, titles: Mapping[str, str]) -> str:
    """The step before which most time went by, with its share of the whole."""
    done = sorted(
        (s.server_at, s.step_id) for s in run.steps.filter(server_at__isnull=False) if s.server_at
    )
    whole = (run.closed_at - run.started_at).total_seconds() if run.closed_at else 0
    if not done or whole <= 0:
        return ""
    before = [run.started_at, *(at for at, _step in done)]
    gaps = [
        ((at - since).total_seconds(), step)
        for (at, step), since in zip(done, before, strict=False)
    ]
    longest, step = max(gaps)
    return _("Most of the time, %(share)d %% of it, went by before “%(step)s”.") % {
        "share": round(longest / whole * 100), "step": titles.get(step, step),
    }  # fmt: skip


def of_run(run: Run, why: Iterable[str]) -> dict[str, str]:
    """The draft of a closed run, from its own timeline."""
    procedure = book.procedure_of(run.revision)
    titles = {s.id: s.zh for s in procedure.steps}
    closed = run.closed_at or run.due_at
    allowed, took = _minutes(run.started_at, run.due_at), _minutes(run.started_at, closed)
    values = [
        f"{titles.get(s.step_id, s.step_id)}：{s.value}"
        for s in run.steps.filter(superseded=False, state="DONE")
        if s.value not in (None, True, "")
    ]
    strayed = [f"{DeviationKind(d.kind).label}：{d.words}" for d in run.deviations.order_by("at")]
    lines = [
        _("It was to be done in %(allowed)d minutes and took %(took)d.")
        % {"allowed": allowed, "took": took},
        _("%(done)d of %(due)d required steps done, %(valid)d of %(proofs)d proofs good.")
        % {"done": run.steps_done, "due": run.steps_due, "valid": run.evidence_valid,
           "proofs": run.evidence_due},
    ]  # fmt: skip
    return {
        SITUATION: _("%(node)s in %(city)s.") % {"node": run.node.zh, "city": run.city or "—"},
        COURSE: _told(_run_moments(run, titles)),
        HANDLING: "\n".join([*values, *strayed]),
        RESULT: "\n".join(lines),
        LESSON: "\n".join(filter(None, [_lesson(why), _longest(run, titles)])),
    }


def of_job(card: WorkOrderCard, why: Iterable[str]) -> dict[str, str]:
    """The draft of a closed job, from its timeline."""
    review = card.review
    return {
        SITUATION: "，".join([*card.services, card.model_name, card.city]),
        COURSE: _told(_Moment(h.at, f"{h.kind} {h.words}".strip()) for h in card.timeline),
        HANDLING: "\n".join(filter(None, [card.fault_cause, card.diagnosis_note])),
        RESULT: "\n".join(
            filter(
                None,
                [
                    _("It came to %(total)s.") % {"total": card.total},
                    f"{'★' * review.stars} {review.text}".strip() if review else "",
                ],
            )
        ),
        LESSON: _lesson(why),
    }


def of_complaint(row: ComplaintRow, why: Iterable[str]) -> dict[str, str]:
    """The draft of a closed complaint."""
    moments = [_Moment(row.filed_at, _("The complaint came."))]
    if row.answered_at:
        moments.append(_Moment(row.answered_at, _("It was answered.")))
    return {
        SITUATION: f"{row.subject.label}：{row.text}",
        COURSE: _told(moments),
        HANDLING: row.answer,
        RESULT: _("It was to be answered in %(allowed)d minutes and took %(took)d.")
        % {
            "allowed": _minutes(row.filed_at, row.due_at),
            "took": _minutes(row.filed_at, row.answered_at or row.due_at),
        },
        LESSON: _lesson(why),
    }


def _lesson(why: Iterable[str]) -> str:
    return " ".join(wording.case_reason(reason) for reason in why)


def names_in(
    *,
    org_id: int,
    people: Iterable[UUID],
    vehicle_id: UUID | None,
    customer_id: UUID | None,
    actor: Actor,
) -> list[Name]:
    """What names somebody in a record's own rows: its customer, its people, its firm, its vehicle.

    The staff of the org counts as a whole, as they name each other in notes.
    """
    found = [Name(FIRM, node.name) for node in org.nodes(actor=actor) if node.id == org_id]
    known = {user for _org, user, _roles in org.holders(org_ids=(org_id,), actor=actor)}
    wanted = tuple(known | set(people))
    found += [Name(PERSON, n) for n in org.names_of(user_ids=wanted, actor=actor).values()]
    if customer_id is not None:
        card = crm.customer_refs(ids=(customer_id,), actor=actor).get(customer_id)
        if card is not None:
            found.append(Name(FIRM if card.kind == "COMPANY" else PERSON, card.name))
            if card.tax_title:
                found.append(Name(FIRM, card.tax_title))
            found += _contact(customer_id, actor)
    if vehicle_id is not None:
        ref = fleet.vehicle_refs(vehicle_ids=(vehicle_id,), actor=actor).get(vehicle_id)
        if ref is not None:
            found += [Name(PLATE, ref.plate), Name(VIN, ref.vin)]
    return [name for name in found if name.text]


def _contact(customer_id: UUID, actor: Actor) -> list[Name]:
    contact = crm.customer_card(customer_id=customer_id, actor=actor).contact
    return [Name(PERSON, contact)] if contact else []


def people_of(run: Run) -> set[UUID]:
    """Everybody whose name a run's rows hold."""
    found = {s.person_id for s in run.steps.all()} | {run.owner_id}
    found |= {d.person_id for d in run.deviations.all()} | {p.person_id for p in run.pauses.all()}
    return {person for person in found if person}
