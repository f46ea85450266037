"""Nouns of the encyclopedia: its text in editions, and the runs that follow it.

Content belongs to the org that wrote it, mostly the platform; what HQ wrote is read by all.
"""

from panshi.handbook.models.cases import Case
from panshi.handbook.models.exams import (
    Approval,
    Attempt,
    AttemptQuestion,
    Exam,
    Practice,
    Question,
    QuizTry,
)
from panshi.handbook.models.launches import CityLaunch
from panshi.handbook.models.parameters import ParameterValue
from panshi.handbook.models.runs import (
    AdherenceDay,
    Deviation,
    Escalation,
    Evidence,
    Pause,
    Run,
    RunStep,
)
from panshi.handbook.models.states import (
    ATTEMPT_LIFE,
    CASE_LIFE,
    EDITION_LIFE,
    OPEN_STATES,
    REVISION_LIFE,
    RUN_LIFE,
    AttemptState,
    CaseSource,
    CaseState,
    DeviationKind,
    EditionState,
    RevisionState,
    RunState,
    StepState,
)
from panshi.handbook.models.text import (
    Acknowledgement,
    ChangeNotice,
    Edition,
    EditionItem,
    Node,
    Revision,
    SearchDocument,
    SearchMiss,
    Step,
    Synonym,
)

__all__ = [
    "ATTEMPT_LIFE",
    "CASE_LIFE",
    "EDITION_LIFE",
    "OPEN_STATES",
    "REVISION_LIFE",
    "RUN_LIFE",
    "Acknowledgement",
    "AdherenceDay",
    "Approval",
    "Attempt",
    "AttemptQuestion",
    "AttemptState",
    "Case",
    "CaseSource",
    "CaseState",
    "ChangeNotice",
    "CityLaunch",
    "Deviation",
    "DeviationKind",
    "Edition",
    "EditionItem",
    "EditionState",
    "Escalation",
    "Evidence",
    "Exam",
    "Node",
    "ParameterValue",
    "Pause",
    "Practice",
    "Question",
    "QuizTry",
    "Revision",
    "RevisionState",
    "Run",
    "RunState",
    "RunStep",
    "SearchDocument",
    "SearchMiss",
    "Step",
    "StepState",
    "Synonym",
]
