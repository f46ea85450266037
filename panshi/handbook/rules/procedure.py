"""A procedure (`sop/1`): what its words mean, read strictly, every fault named."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import time
from enum import StrEnum
from functools import cached_property
from typing import Final

from panshi.handbook.rules import conditions
from panshi.handbook.rules.clock import Rung, Span

SCHEMA: Final = "sop/1"
MAX_STEPS: Final = 60
MAX_ROUNDS: Final = 3
PICKS: Final = ("pool", "least_loaded")
EVIDENCE_KINDS: Final = (
    "check", "choice", "text", "reading", "photo", "signature", "location", "scan", "file", "fact",
    "person",
)  # fmt: skip
FILE_KINDS: Final = ("photo", "signature", "file")
# The fact of a picture that is taken at a vehicle's inspection and counts in a procedure as well.
PICTURES: Final = "fleet.InspectionPhotoKept"
WAITS: Final = ("customer", "parts", "weather", "authority")

Condition = Mapping[str, object]


class Rule(StrEnum):
    """What the files must obey, by the name that findings bear; what cannot be read is FORM."""

    FORM = "FORM"
    PART = "PART"
    SHORT = "SHORT"
    PLACEHOLDER = "PLACEHOLDER"
    OUTLINE = "OUTLINE"
    ROLE = "ROLE"
    PARAMETER = "PARAMETER"
    NODE = "NODE"
    CITED = "CITED"
    FORWARD = "FORWARD"
    EVIDENCE = "EVIDENCE"
    LENGTH = "LENGTH"
    PICTURES = "PICTURES"
    UNREACHED = "UNREACHED"
    STUCK = "STUCK"
    FACT = "FACT"
    FIELD = "FIELD"
    VERB = "VERB"
    ALIKE = "ALIKE"
    MASKED = "MASKED"
    PLOT = "PLOT"
    STEPS = "STEPS"
    SENTENCE = "SENTENCE"
    NEW = "NEW"


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """What is wrong with a text, in words, and which rule it breaks."""

    words: str
    rule: Rule = Rule.FORM


class ContentFault(ValueError):
    """A file of the encyclopedia cannot be read as it should; `faults` say why."""

    def __init__(self, faults: Sequence[Fault | str]) -> None:
        self.faults = tuple(f if isinstance(f, Fault) else Fault(f) for f in faults)
        super().__init__("; ".join(fault.words for fault in self.faults))


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """What starts a run: a fact (`event`), a schedule (`every`), or a person (`manual`).

    A schedule may say `at` what hour of the period's first day, and how long `before` it.
    """

    kind: str
    event: str = ""
    every: str = ""
    at: time | None = None
    before: Span | None = None
    planned: str = ""
    each: str = ""
    where: Condition | None = None
    gather_by: str = ""
    gather_per: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """A fact that is waited for: it counts when each field of `match` has the value given.

    A closing fact that is `early` may close the run before its last step does; without it only
    the fact closes.
    """

    event: str
    match: Mapping[str, object]
    early: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What proves a step; `low` and `high` bound a reading and may be references.

    `fact` is what proves it by itself. With pictures it tells of those that are taken elsewhere
    and count here too; `views` names the one that each turn of the step wants.
    """

    kind: str
    of: tuple[str, ...] = ()
    unit: str = ""
    low: object = None
    high: object = None
    least: int = 1
    radius_m: int = 500
    fact: Listening | None = None
    views: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Consequence:
    """What follows when a step stops the run: start a node, call a verb, or go back to a step."""

    when: Condition | None = None
    start: str = ""
    call: str = ""
    with_: Mapping[str, object] = field(default_factory=dict)
    goto: str = ""


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step; steps of one `group` may be done in any order."""

    id: str
    zh: str
    en: str = ""
    why: str = ""
    clause: int | None = None
    group: int = 0
    role: str = ""
    required: bool = False
    when: Condition | None = None
    stop_if: Condition | None = None
    on_fail: tuple[Consequence, ...] = ()
    repeat_for: tuple[str, ...] | str | None = None
    times: object = None
    evidence: Evidence | None = None
    call: str = ""
    with_: Mapping[str, object] = field(default_factory=dict)
    auto: bool = False
    waits_for: str = ""
    waits_at_most: Span | None = None

    @cached_property
    def asks(self) -> frozenset[str]:
        """The steps that its condition looks at, read once: a run is judged at every touch."""
        return frozenset({*conditions.names(self.when), *conditions.step_names(self.when)})

    @property
    def conditional(self) -> bool:
        return self.when is not None

    @property
    def repeated(self) -> bool:
        return self.repeat_for is not None or self.times is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Procedure:
    """The whole of a `sop.yaml`; `english` translates what choices offer and turns are called.

    A list `beside_job` is worked through at the vehicle, but the visit may end without it.
    """

    trigger: Trigger
    subject_type: str
    subject_id: str
    owner_role: str
    pick: str
    take: Span
    within: Span
    working: bool
    steps: tuple[Step, ...]
    escalate: tuple[Rung, ...] = ()
    certificates: tuple[str, ...] = ()
    closes_on: Listening | None = None
    unless_open: bool = False
    beside_job: bool = False
    english: Mapping[str, str] = field(default_factory=dict)

    def step(self, step_id: str) -> Step | None:
        return next((s for s in self.steps if s.id == step_id), None)

    @property
    def views(self) -> bool:
        """Whether pictures that are taken elsewhere count here."""
        return any(s.evidence.views for s in self.steps if s.evidence)

    @property
    def listens(self) -> tuple[Listening, ...]:
        """Facts waited for while a run is open: the closing one, and those that prove a step."""
        proofs = [s.evidence.fact for s in self.steps if s.evidence and s.evidence.fact]
        return (*([self.closes_on] if self.closes_on else []), *proofs)
