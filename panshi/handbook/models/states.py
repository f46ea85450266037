"""Life cycles of the handbook's nouns."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from panshi.kit.states import Machine


class RevisionState(models.TextChoices):
    DRAFT = "DRAFT", _("Draft")
    IN_REVIEW = "IN_REVIEW", _("In review")
    APPROVED = "APPROVED", _("Approved")


class EditionState(models.TextChoices):
    OPEN = "OPEN", pgettext_lazy("run", "Open")
    FROZEN = "FROZEN", _("Frozen")
    PILOT = "PILOT", _("On trial")
    RELEASED = "RELEASED", pgettext_lazy("edition", "Released")
    SUPERSEDED = "SUPERSEDED", _("Superseded")
    WITHDRAWN = "WITHDRAWN", _("Withdrawn")


class AttemptState(models.TextChoices):
    SCHEDULED = "SCHEDULED", _("Called to it")
    BEGUN = "BEGUN", _("Begun")
    PASSED = "PASSED", _("Passed")
    FAILED = "FAILED", _("Not passed")


class RunState(models.TextChoices):
    WAITING = "WAITING", pgettext_lazy("task", "Waiting")
    TAKEN = "TAKEN", _("In hand")
    HALTED = "HALTED", _("Halted")
    PAUSED = "PAUSED", _("Paused")
    CLOSED = "CLOSED", _("Closed")
    VOID = "VOID", _("Void")


class StepState(models.TextChoices):
    OPEN = "OPEN", pgettext_lazy("run", "Open")
    REFUSED = "REFUSED", _("Refused by the system")
    DONE = "DONE", _("Done")
    SKIPPED = "SKIPPED", _("Skipped")
    NOT_APPLICABLE = "NOT_APPLICABLE", _("Not applicable")


class DeviationKind(models.TextChoices):
    MISSED = "MISSED", _("Missed")
    LATE = "LATE", _("Late")
    SKIPPED = "SKIPPED", _("Step skipped")
    HALTED = "HALTED", _("Halted")
    OVERRIDDEN = "OVERRIDDEN", _("Halt overridden")
    EVIDENCE_INVALID = "EVIDENCE_INVALID", _("Evidence in doubt")


class AlertKind(models.TextChoices):
    FELL = "FELL", _("Adherence fell")
    VOIDS = "VOIDS", _("Many runs struck")


class CaseState(models.TextChoices):
    PROPOSED = "PROPOSED", _("Proposed")
    REDACTED = "REDACTED", _("Redacted")
    APPROVED = "APPROVED", _("Approved")
    PUBLISHED = "PUBLISHED", _("Published")
    DISMISSED = "DISMISSED", _("Laid aside")


class CaseSource(models.TextChoices):
    RUN = "RUN", pgettext_lazy("case", "Run")
    JOB = "JOB", pgettext_lazy("case", "Job")
    COMPLAINT = "COMPLAINT", pgettext_lazy("case", "Complaint")


REVISION_LIFE = Machine(
    {
        RevisionState.DRAFT: {RevisionState.IN_REVIEW},
        RevisionState.IN_REVIEW: {RevisionState.DRAFT, RevisionState.APPROVED},
    }
)
EDITION_LIFE = Machine(
    {
        EditionState.OPEN: {EditionState.FROZEN},
        EditionState.FROZEN: {EditionState.PILOT, EditionState.RELEASED},
        EditionState.PILOT: {EditionState.RELEASED, EditionState.WITHDRAWN},
        EditionState.RELEASED: {EditionState.SUPERSEDED, EditionState.WITHDRAWN},
        EditionState.SUPERSEDED: {EditionState.RELEASED},
    }
)
ATTEMPT_LIFE = Machine(
    {
        AttemptState.SCHEDULED: {AttemptState.BEGUN},
        AttemptState.BEGUN: {AttemptState.PASSED, AttemptState.FAILED},
    }
)
_LIVE = {RunState.HALTED, RunState.PAUSED, RunState.CLOSED, RunState.VOID}
RUN_LIFE = Machine(
    {
        RunState.WAITING: {RunState.TAKEN, *_LIVE},
        RunState.TAKEN: {*_LIVE},
        RunState.HALTED: {RunState.TAKEN, RunState.CLOSED, RunState.VOID},
        RunState.PAUSED: {RunState.TAKEN, RunState.CLOSED, RunState.VOID},
    }
)
CASE_LIFE = Machine(
    {
        CaseState.PROPOSED: {CaseState.REDACTED, CaseState.DISMISSED},
        CaseState.REDACTED: {CaseState.REDACTED, CaseState.APPROVED, CaseState.DISMISSED},
        CaseState.APPROVED: {CaseState.PUBLISHED, CaseState.DISMISSED},
    }
)
OPEN_STATES = (RunState.WAITING, RunState.TAKEN, RunState.HALTED, RunState.PAUSED)
