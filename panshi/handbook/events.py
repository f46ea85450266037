"""What the handbook made true."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from panshi.kit.facts import Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class StartedRun:
    run_id: UUID
    node_slug: str
    subject_type: str
    subject_id: str
    city: str
    owner_role: str
    owner_id: UUID | None
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RunsStarted(Fact):
    """Runs that began; `suppressed` counts those held back because one was open already."""

    runs: tuple[StartedRun, ...]
    suppressed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FactsHeard(Fact):
    """Open runs that a fact closed, or a step of which it proved."""

    closed: tuple[UUID, ...]
    proved: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunTaken(Fact):
    run_id: UUID
    node_slug: str
    owner_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class RunHandedOver(Fact):
    run_id: UUID
    from_id: UUID | None
    to_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFact(Fact):
    """What every fact about one turn of a step carries."""

    run_id: UUID
    step_id: str
    iteration: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StepCompleted(StepFact):
    node_slug: str
    flagged: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRepeated(StepFact):
    """A step that was done already was sent again: a second tap, an offline replay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRefused(StepFact):
    """The verb of a step said no; its words stay on the step, which stays open."""

    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepSkipped(StepFact):
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepReopened(StepFact):
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceAttached(StepFact):
    evidence_id: UUID
    valid: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RunHalted(Fact):
    run_id: UUID
    node_slug: str
    step_id: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReleased(Fact):
    run_id: UUID
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPaused(Fact):
    run_id: UUID
    waits_for: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResumed(Fact):
    run_id: UUID
    paused_minutes: int
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RunClosed(Fact):
    run_id: UUID
    node_slug: str
    city: str
    subject_type: str
    subject_id: str
    on_time: bool
    minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunVoided(Fact):
    run_id: UUID
    node_slug: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClimbedRung:
    run_id: UUID
    node_slug: str
    rung: int
    to_role: str
    reassigned: bool
    owner_id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunsEscalated(Fact):
    rungs: tuple[ClimbedRung, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviationRecorded(Fact):
    deviation_id: UUID
    run_id: UUID
    node_slug: str
    kind: str
    weight: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentImported(Fact):
    edition_id: UUID
    edition: str
    added: int
    changed: int
    same: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionDrafted(Fact):
    revision_id: UUID
    node_slug: str
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionEdited(Fact):
    revision_id: UUID
    node_slug: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionSubmitted(Fact):
    revision_id: UUID
    node_slug: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionApproved(Fact):
    """A reviewer said yes; `complete` is false while another one has to."""

    revision_id: UUID
    node_slug: str
    author_id: UUID
    complete: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionReturned(Fact):
    revision_id: UUID
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionProposed(Fact):
    """An edition was frozen: its set, its differences and those whom they touch are fixed."""

    edition_id: UUID
    edition: str
    notices: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionReleased(Fact):
    """An edition takes force; in its pilot cities only where these are named."""

    edition_id: UUID
    edition: str
    effective_from: datetime
    pilot_cities: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionWithdrawn(Fact):
    edition_id: UUID
    edition: str
    back_to: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeAcknowledged(Fact):
    notice_id: UUID
    person_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeQuizTried(Fact):
    """Somebody answered the quiz on a change; passing it acknowledges the notice."""

    notice_id: UUID
    person_id: UUID
    node_slug: str
    right: int
    asked: int
    passed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadSuspended(Fact):
    """Certificates suspended because a grave change was not read within its grace."""

    certificate_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExamSet(Fact):
    exam_id: UUID
    certificate: str
    post: str
    questions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExamScheduled(Fact):
    """Somebody was called to an exam."""

    exam_id: UUID
    attempt_id: UUID
    user_id: UUID
    certificate: str
    post: str
    due_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptBegun(Fact):
    exam_id: UUID
    attempt_id: UUID
    user_id: UUID
    asked: int
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ExamPassed(Fact):
    """An exam was passed; `certified` is false while its observed practice is missing."""

    exam_id: UUID
    attempt_id: UUID
    user_id: UUID
    certificate: str
    post: str
    right: int
    asked: int
    certified: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ExamFailed(Fact):
    """An exam was not passed; `late` when its time ran out."""

    exam_id: UUID
    attempt_id: UUID
    user_id: UUID
    certificate: str
    post: str
    right: int
    asked: int
    safety_missed: int
    attempts_left: int
    late: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptsClosed(Fact):
    """Attempts whose time ran out unsubmitted."""

    attempt_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PracticeGraded(Fact):
    """An observer graded somebody's work; `certified` when that completed a certificate."""

    exam_id: UUID
    practice_id: UUID
    user_id: UUID
    certificate: str
    passed: bool
    certified: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AdherenceRolledUp(Fact):
    since: date
    days: int
    cells: int
    fallen: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AdherenceFell(Fact):
    """Over 28 days a node was followed ten points less in a city than over the 28 days before."""

    node_id: UUID
    node_slug: str
    city: str
    before_percent: Decimal
    percent: Decimal
    runs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ManyRunsVoided(Fact):
    """Of the runs of a node in a city more than a twentieth were struck within 28 days."""

    node_id: UUID
    node_slug: str
    city: str
    percent: Decimal
    runs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterSet(Fact):
    """An operator's own limit; without a value the book's counts again."""

    parameter: str
    model_code: str
    value: Decimal | None
    effective_from: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposedCase:
    case_id: UUID
    node_slug: str
    source_kind: str
    source_id: UUID
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CasesProposed(Fact):
    cases: tuple[ProposedCase, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRedacted(Fact):
    case_id: UUID
    masked: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseApproved(Fact):
    case_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class CasePublished(Fact):
    case_id: UUID
    node_slug: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseDismissed(Fact):
    case_id: UUID
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchMissed(Fact):
    query: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerAnswered(Fact):
    """A customer's message was answered from these `nodes`, or handed to a person."""

    conversation_id: UUID
    message_id: UUID
    nodes: tuple[str, ...]
    handed_over: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SynonymSet(Fact):
    """What a word means to the search from now on; nothing where it was taken back."""

    said: str
    meant: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchNoted(Fact):
    city: str
    launched_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class RunsTakenOver(Fact):
    """Runs that were followed before the company came here now count in its measures."""

    runs: int
    known: int
    first_due: date | None
    last_due: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CasePhotoKept(Fact):
    """A covered copy of a picture goes with a case; `covered` counts the places."""

    case_id: UUID
    photo_id: UUID
    covered: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CasePhotoTaken(Fact):
    """A copy was taken out of a case again."""

    case_id: UUID
    photo_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class TextHolds(Fact):
    """A text in force was read again and still holds."""

    node_slug: str
    revision_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSampled(Fact):
    """A lead looked at the evidence of a closed run; `convincing`, or which steps are `struck`."""

    run_id: UUID
    node_slug: str
    city: str
    convincing: bool
    struck: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviationReported(Fact):
    """A lead gave a deviation to quality; `nonconformity_id` is what it became there."""

    run_id: UUID
    deviation_id: UUID
    nonconformity_id: UUID
