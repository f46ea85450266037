"""Nouns of the encyclopedia: its text in editions, and the runs that follow it.

Content belongs to the org that wrote it, mostly the platform; what HQ wrote is read by all.
"""

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
    CASE_LIFE,
    EDITION_LIFE,
    OPEN_STATES,
    REVISION_LIFE,
    RUN_LIFE,
    CaseState,
    DeviationKind,
    EditionState,
    RevisionState,
    RunState,
    StepState,
)
from panshi.handbook.models.text import (
    Acknowledgement,
    Case,
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
    "CASE_LIFE",
    "EDITION_LIFE",
    "OPEN_STATES",
    "REVISION_LIFE",
    "RUN_LIFE",
    "Acknowledgement",
    "AdherenceDay",
    "Case",
    "CaseState",
    "ChangeNotice",
    "Deviation",
    "DeviationKind",
    "Edition",
    "EditionItem",
    "EditionState",
    "Escalation",
    "Evidence",
    "Node",
    "ParameterValue",
    "Pause",
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
