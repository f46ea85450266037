"""Verbs of cases: proposed from closed work, without names before anybody else reads them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from statistics import median, quantiles
from typing import Final
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import override

from panshi.crm import queries as crm
from panshi.handbook import wording
from panshi.handbook.events import (
    CaseApproved,
    CaseDismissed,
    CasePublished,
    CaseRedacted,
    CasesProposed,
    ProposedCase,
    RunsTakenOver,
)
from panshi.handbook.models import (
    CASE_LIFE,
    Case,
    CaseSource,
    CaseState,
    DeviationKind,
    Node,
    Run,
    RunState,
)
from panshi.handbook.rules import extraction, redaction
from panshi.handbook.rules.extraction import COURSE, HEADS, LESSON, Told
from panshi.handbook.rules.redaction import Name
from panshi.handbook.services import case_drafts
from panshi.handbook.services.finding import document_of_case, weigh_terms
from panshi.kit.clock import local_day
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import SYSTEM, Actor, system_actor
from panshi.kit.verbs import verb
from panshi.service import queries as service_room
from panshi.service.queries import figures as service

LANGUAGE: Final = "zh-hans"  # The book is written in Chinese.
LOOK_BACK: Final = timedelta(days=3)
KIND_DAYS: Final = 180
NIGHTLY: Final = 5  # For each operator: as many as somebody can read in a morning.
JOB_NODE: Final = {"REOPENED": "job-rework", "LOW_RATING": "rating-callback"}
OTHER_JOB_NODE: Final = "job-settlement"
COMPLAINT_NODE: Final = "complaint-closure"


class CaseKnown(Refusal):
    """There is a case of this record already."""


class StillOpen(Refusal):
    pass


class WordsMissing(Refusal):
    pass


class RedactionIncomplete(Refusal):
    """The text still names somebody; what it names is in the words."""


class AnotherPersonNeeded(Refusal):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class _Proposal:
    """A piece of closed work worth telling; its text is drafted only when it is taken."""

    org_id: int
    kind: str
    source_id: UUID
    city: str
    why: list[str]
    title: str
    draft: Callable[[], dict[str, str]]
    node_id: UUID | None = None
    node_slug: str = ""
    step_id: str = ""
    run: Run | None = field(default=None, compare=False)

    @property
    def weight(self) -> int:
        return sum(extraction.WEIGHTS.get(reason, 0) for reason in self.why)


def _minutes(run: Run) -> float:
    return ((run.closed_at or run.started_at) - run.started_at).total_seconds() / 60


def _medians(node_ids: set[UUID], at: datetime) -> dict[UUID, float]:
    """The median minutes of each node's closed runs, where there are enough of them."""
    rows = Run.objects.filter(
        node_id__in=node_ids, state=RunState.CLOSED, closed_at__gte=at - timedelta(days=KIND_DAYS)
    ).values_list("node_id", "started_at", "closed_at")
    took: dict[UUID, list[float]] = {}
    for node_id, started, closed in rows:
        if closed is not None:
            took.setdefault(node_id, []).append((closed - started).total_seconds() / 60)
    return {node: median(all_) for node, all_ in took.items() if len(all_) >= extraction.ENOUGH}


def _from_runs(known: set[UUID], at: datetime) -> Iterator[_Proposal]:
    closed = (
        Run.objects.filter(state=RunState.CLOSED, closed_at__gt=at - LOOK_BACK, closed_at__lte=at)
        .exclude(id__in=known)
        .exclude(fact_name=RunsTakenOver.name)  # Nothing is told of these but when.
        .select_related("node", "revision")
        .prefetch_related("deviations", "steps")
        .order_by("id")
    )
    runs = list(closed)
    usual = _medians({r.node_id for r in runs}, at)
    for run in runs:
        strayed = list(run.deviations.all())
        halted = [d for d in strayed if d.kind == DeviationKind.HALTED]
        told = Told(
            minutes=_minutes(run),
            allowed=(run.due_at - run.started_at).total_seconds() / 60,
            median=usual.get(run.node_id),
            halted=bool(halted),
            reopened=any(step.superseded for step in run.steps.all()),
            safety=any(d.nonconformity_id is not None for d in strayed),
            full_evidence=0 < run.evidence_due == run.evidence_valid
            and run.closed_by_fact_id is None,
        )
        why = extraction.reasons(told)
        if why:
            yield _of_run(run, why, halted[0].step_id if halted else "")


def _of_run(run: Run, why: list[str], step_id: str) -> _Proposal:
    return _Proposal(
        org_id=run.org_id,
        kind=CaseSource.RUN,
        source_id=run.id,
        city=run.city,
        why=why,
        title=run.node.zh,
        draft=lambda: case_drafts.of_run(run, why),
        node_id=run.node_id,
        node_slug=run.node.slug,
        step_id=step_id,
        run=run,
    )


def _dear(orders: list[service.OrderFigure]) -> dict[str, Decimal]:
    """By kind of order, what nineteen in twenty cost no more than."""
    totals: dict[str, list[Decimal]] = {}
    for order in orders:
        totals.setdefault(order.kind, []).append(order.total)
    return {
        kind: quantiles(all_, n=20)[-1]
        for kind, all_ in totals.items()
        if len(all_) >= extraction.ENOUGH
    }


def _from_jobs(known: set[UUID], actor: Actor, at: datetime) -> Iterator[_Proposal]:
    today = local_day(at)
    until = today + timedelta(days=1)
    closed = service.orders_closed(
        since=today - timedelta(days=KIND_DAYS), until=until, actor=actor
    )
    since = today - LOOK_BACK
    stars = {
        review.work_order_id: review.stars
        for review in service.reviews_written(since=since, until=until, actor=actor)
    }
    dear = _dear(closed)
    for order in closed:
        fresh = order.closed_at is not None and order.closed_at > at - LOOK_BACK
        if order.id in known or not (fresh or order.id in stars):
            continue
        told = Told(
            reopened=order.rework,
            stars=stars.get(order.id),
            cost=order.total if fresh else None,
            p95_cost=dear.get(order.kind),
        )
        why = extraction.reasons(told)
        if why:
            yield _of_job(order, why)


def _of_job(order: service.OrderFigure, why: list[str]) -> _Proposal:
    def draft() -> dict[str, str]:
        card = service_room.work_order_card(
            work_order_id=order.id, actor=system_actor(order.org_id)
        )
        return case_drafts.of_job(card, why)

    return _Proposal(
        org_id=order.org_id,
        kind=CaseSource.JOB,
        source_id=order.id,
        city=order.city,
        why=why,
        title=wording.case_reason(why[0]),
        draft=draft,
        node_slug=next((JOB_NODE[w] for w in why if w in JOB_NODE), OTHER_JOB_NODE),
    )


def _from_complaints(known: set[UUID], actor: Actor, at: datetime) -> Iterator[_Proposal]:
    filed = crm.complaints_filed(since=at - timedelta(days=60), until=at, actor=actor)
    for row in filed:
        if row.complaint_id in known:
            continue
        card = crm.complaint_card(complaint_id=row.complaint_id, actor=actor)
        if card.state != "CLOSED" or card.answered_at is None:
            continue
        told = Told(
            minutes=(card.answered_at - card.filed_at).total_seconds() / 60,
            allowed=(card.due_at - card.filed_at).total_seconds() / 60,
            reopened=card.subject == "SERVICE" and card.answered_at > card.due_at,
        )
        why = extraction.reasons(told)
        if why:
            yield _of_complaint(row, card, why)


def _of_complaint(row: crm.FiledRow, card: crm.ComplaintRow, why: list[str]) -> _Proposal:
    return _Proposal(
        org_id=row.org_id,
        kind=CaseSource.COMPLAINT,
        source_id=row.complaint_id,
        city=row.city,
        why=why,
        title=str(card.subject.label),
        draft=lambda: case_drafts.of_complaint(card, why),
        node_slug=COMPLAINT_NODE,
    )


def _kept(proposals: list[_Proposal], proposer: UUID, at: datetime) -> list[Case]:
    nodes = {
        n.slug: n.id
        for n in Node.objects.filter(slug__in={p.node_slug for p in proposals if not p.node_id})
    }
    made = Case.objects.bulk_create(
        [
            Case(
                org_id=p.org_id,
                node_id=p.node_id or nodes.get(p.node_slug),
                run=p.run,
                source_kind=p.kind,
                source_id=p.source_id,
                step_id=p.step_id,
                city=p.city,
                why=p.why,
                title=p.title[:120],
                draft=p.draft(),
                proposer_id=proposer,
                proposed_at=at,
            )
            for p in proposals
        ],
        ignore_conflicts=True,
    )
    kept = set(Case.objects.filter(id__in=[c.id for c in made]).values_list("id", flat=True))
    return [case for case in made if case.id in kept]


def _proposed(
    cases: list[Case], slugs: Mapping[UUID, str], org_id: int, actor: Actor, at: datetime
) -> CasesProposed:
    return CasesProposed(
        org_id=org_id,
        actor_id=actor.id,
        at=at,
        cases=tuple(
            ProposedCase(
                case_id=case.id,
                node_slug=slugs.get(case.source_id, ""),
                source_kind=case.source_kind,
                source_id=case.source_id,
                reasons=tuple(case.why),
            )
            for case in cases
        ),
    )


@verb
def propose_cases(*, actor: Actor, at: datetime) -> CasesProposed:
    """Propose what closed in the last days and teaches something; each record once.

    No more than five for each operator, those with the gravest reasons. Running it again proposes
    the next five.
    """
    actor.must("handbook.propose_case", actor.org_id)
    with override(LANGUAGE):
        known = set(Case.objects.values_list("source_id", flat=True))
        found = [
            *_from_runs(known, at),
            *_from_jobs(known, actor, at),
            *_from_complaints(known, actor, at),
        ]
        by_org: dict[int, list[_Proposal]] = {}
        for proposal in sorted(found, key=lambda p: -p.weight):
            mine = by_org.setdefault(proposal.org_id, [])
            if len(mine) < NIGHTLY:
                mine.append(proposal)
        picked = [p for mine in by_org.values() for p in mine]
        cases = _kept(picked, actor.id, at)
    slugs = {p.source_id: p.node_slug for p in picked}
    return _proposed(cases, slugs, actor.org_id, actor, at)


@verb
def propose_case(*, run_id: UUID, actor: Actor, at: datetime) -> CasesProposed:
    """Propose one closed run by hand. Raises StillOpen, CaseKnown."""
    run = Run.objects.visible_to(actor).select_related("node", "revision").get(id=run_id)
    actor.must("handbook.propose_case", run.org_id)
    if run.state != RunState.CLOSED:
        raise StillOpen(_("A case is made of work that is over."))
    if Case.objects.filter(org_id=run.org_id, source_id=run.id).exists():
        raise CaseKnown(_("There is a case of this run already."))
    with override(LANGUAGE):
        cases = _kept([_of_run(run, ["BY_HAND"], "")], actor.id, at)
    return _proposed(cases, {run.id: run.node.slug}, run.org_id, actor, at)


def _locked(case_id: UUID, actor: Actor) -> Case:
    found = Case.objects.visible_to(actor).select_for_update(of=("self",))
    return found.select_related("run", "node").get(id=case_id)


def names_of(case: Case, actor: Actor) -> list[Name]:
    """The names that the record behind a case holds."""
    people: set[UUID] = set()
    vehicle = customer = None
    if case.source_kind == CaseSource.JOB:
        card = service_room.work_order_card(work_order_id=case.source_id, actor=actor)
        vehicle, customer = card.vehicle_id, card.customer_id
    elif case.source_kind == CaseSource.COMPLAINT:
        customer = crm.complaint_card(complaint_id=case.source_id, actor=actor).customer_id
    elif case.run is not None:
        people = case_drafts.people_of(case.run)
        vehicle = _uuid(case.run.fact.get("vehicle_id"))
        customer = _uuid(case.run.fact.get("customer_id"))
        if case.run.subject_type == "fleet.vehicle":
            vehicle = vehicle or _uuid(case.run.subject_id)
    return case_drafts.names_in(
        org_id=case.org_id,
        people=people,
        vehicle_id=vehicle,
        customer_id=customer,
        actor=system_actor(case.org_id),
    )


def _uuid(text: object) -> UUID | None:
    try:
        return UUID(str(text)) if text else None
    except ValueError:
        return None


def masked(texts: Mapping[str, str], names: list[Name]) -> tuple[dict[str, str], dict[str, object]]:
    """The texts without names, and the report: how many of each kind, and what is to be read."""
    shown = {head: redaction.redact(text, names) for head, text in texts.items()}
    counts: dict[str, int] = {}
    for part in shown.values():
        for kind, count in part.masked.items():
            counts[kind] = counts.get(kind, 0) + count
    doubtful = [sentence for part in shown.values() for sentence in part.doubtful]
    report: dict[str, object] = {"masked": counts, "doubtful": doubtful[:50]}
    return {head: part.text for head, part in shown.items()}, report


@verb
def redact_case(
    *, case_id: UUID, title: str, texts: Mapping[str, str], actor: Actor, at: datetime
) -> CaseRedacted:
    """Take the names out of a person's wording of the five heads, and keep what was masked.

    Raises WordsMissing when a title, the course, or what is to be learnt lacks; IllegalMove after
    approval.
    """
    case = _locked(case_id, actor)
    actor.must("handbook.redact_case", case.org_id)
    given = {head: texts.get(head, "").strip() for head in HEADS}
    if not title.strip() or not given[COURSE] or not given[LESSON]:
        raise WordsMissing(_("A case has a title, its course, and what is to be learnt."))
    names = names_of(case, actor)
    case.heads, case.redaction = masked(given, names)
    case.title = redaction.redact(title.strip(), names).text[:120]
    case.state = CASE_LIFE.step(case.state, CaseState.REDACTED)
    case.redacted_by_id = actor.id
    case.save()
    counts = case.redaction["masked"]
    return CaseRedacted(
        org_id=case.org_id, actor_id=actor.id, at=at, case_id=case.id, masked=sum(counts.values())
    )


@verb
def approve_case(*, case_id: UUID, actor: Actor, at: datetime) -> CaseApproved:
    """Say that a redacted case may be read by others: a person other than the one who worded it.

    Raises AnotherPersonNeeded, RedactionIncomplete, IllegalMove.
    """
    case = _locked(case_id, actor)
    actor.must("handbook.approve_case", case.org_id)
    pickers = case.photos.values_list("picked_by_id", flat=True)
    if actor.id in (SYSTEM, case.redacted_by_id, *pickers):
        raise AnotherPersonNeeded(_("Another person than the one who worded it approves a case."))
    _again, report = masked({**case.heads, "TITLE": case.title}, names_of(case, actor))
    if report["masked"]:
        raise RedactionIncomplete(_("The text still names somebody; word it again."))
    case.state = CASE_LIFE.step(case.state, CaseState.APPROVED)
    case.approver_id = actor.id
    case.save(update_fields=["state", "approver_id"])
    return CaseApproved(org_id=case.org_id, actor_id=actor.id, at=at, case_id=case.id)


@verb
def publish_case(*, case_id: UUID, actor: Actor, at: datetime) -> CasePublished:
    """Put an approved case before everybody of the operator, in the library and the search.

    A person does it, another than the proposer. Raises AnotherPersonNeeded, IllegalMove.
    """
    case = _locked(case_id, actor)
    actor.must("handbook.publish_case", case.org_id)
    if actor.id in (SYSTEM, case.proposer_id):
        raise AnotherPersonNeeded(_("Another person than the proposer publishes a case."))
    case.state = CASE_LIFE.step(case.state, CaseState.PUBLISHED)
    case.publisher_id, case.published_at = actor.id, at
    case.save(update_fields=["state", "publisher_id", "published_at"])
    if case.node is not None:
        document_of_case(case).save()
        weigh_terms(case.org_id)
    return CasePublished(
        org_id=case.org_id,
        actor_id=actor.id,
        at=at,
        case_id=case.id,
        node_slug=case.node.slug if case.node else "",
    )


@verb
def dismiss_case(*, case_id: UUID, reason: str, actor: Actor, at: datetime) -> CaseDismissed:
    """Lay a proposed case aside, for a reason. Raises WordsMissing, IllegalMove."""
    case = _locked(case_id, actor)
    actor.must("handbook.redact_case", case.org_id)
    if not reason.strip():
        raise WordsMissing(_("Say why this teaches nothing."))
    case.state = CASE_LIFE.step(case.state, CaseState.DISMISSED)
    case.words = reason.strip()[:200]
    case.save(update_fields=["state", "words"])
    return CaseDismissed(
        org_id=case.org_id, actor_id=actor.id, at=at, case_id=case.id, reason=case.words
    )
