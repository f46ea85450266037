"""From the mapping of a `sop.yaml` to a Procedure; every fault is gathered, then raised at once."""

import re
from collections.abc import Mapping
from datetime import time
from typing import Any, Final

from panshi.handbook.rules import clock, conditions
from panshi.handbook.rules.procedure import (
    EVIDENCE_KINDS,
    MAX_STEPS,
    PICKS,
    PICTURES,
    SCHEMA,
    WAITS,
    Condition,
    Consequence,
    ContentFault,
    Evidence,
    Fault,
    Listening,
    Procedure,
    Rule,
    Step,
    Trigger,
)

SCHEDULES: Final = (
    "shift", "daily", "nightly", "weekly", "fortnightly", "monthly", "month_end", "billing_day",
    "quarterly", "half_yearly", "yearly", "holiday",
)  # fmt: skip
_FACT: Final = re.compile(r"[a-z]+\.[A-Z][A-Za-z0-9]+")
_VERB: Final = re.compile(r"[a-z]+\.[a-z][a-z0-9_]*")
_ID: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
_TOP: Final = {
    "schema", "trigger", "subject", "closes_on", "owner", "sla", "escalate", "require_certificate",
    "unless", "beside_job", "steps", "english",
}  # fmt: skip
_STEP: Final = {
    "id", "zh", "en", "why", "clause", "role", "required", "when", "stop_if", "on_fail",
    "repeat_for", "evidence", "call", "with", "auto", "waits_for", "max",
}  # fmt: skip
_EVIDENCE: Final = {"kind", "of", "unit", "min", "max", "radius", "event", "match", "views"}
_UNLESS: Final = "open run of same node and subject"


class _Reader:
    """Reads parts and remembers what was wrong, with the place where it was."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def fault(self, place: str, words: str, rule: Rule = Rule.FORM) -> None:
        self.faults.append(Fault(f"{place}: {words}", rule))

    def mapping(self, value: object, place: str, known: set[str]) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            self.fault(place, "must be a mapping")
            return {}
        for key in value:
            if key not in known:
                self.fault(place, f"unknown word “{key}”")
        return dict(value)

    def text(self, value: object, place: str) -> str:
        if value is None:
            return ""
        if not isinstance(value, str):
            self.fault(place, f"must be text, not {value!r}")
            return ""
        return value

    def matching(self, value: object, place: str, pattern: re.Pattern[str], words: str) -> str:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            self.fault(place, f"“{value}” is not {words}")
            return ""
        return value

    def one_of(
        self, value: object, place: str, known: tuple[str, ...], rule: Rule = Rule.FORM
    ) -> str:
        if value not in known:
            self.fault(place, f"“{value}” is none of {', '.join(known)}", rule)
            return known[0]
        return str(value)

    def span(self, value: object, place: str) -> clock.Span:
        try:
            return clock.span(value)
        except ValueError as error:
            self.fault(place, str(error))
            return clock.Span(1, "h")

    def hour(self, value: object, place: str) -> time | None:
        try:
            return time.fromisoformat(str(value))
        except ValueError:
            self.fault(place, f"“{value}” is not an hour such as 17:00")
            return None

    def condition(self, value: object, place: str) -> Condition | None:
        if value is None:
            return None
        found = list(conditions.problems(value))
        for words in found:
            self.fault(place, words)
        return value if isinstance(value, Mapping) and not found else None

    def values(self, value: object, place: str) -> Mapping[str, object]:
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            self.fault(place, "must be a mapping of names to values")
            return {}
        for reference in conditions.references(value):
            for words in conditions.reference_problems(reference):
                self.fault(place, words)
        return {str(key): inner for key, inner in value.items()}

    def listening(self, given: Mapping[str, Any], place: str) -> Listening:
        return Listening(
            event=self.matching(given.get("event"), place, _FACT, "room.FactName"),
            match=self.values(given.get("match"), f"{place}.match"),
            early=bool(given.get("early", False)),
        )


def trigger_of(given: object, reader: "_Reader | None" = None) -> Trigger:
    """Read a trigger; raises ContentFault when it is read alone and has faults."""
    own = reader or _Reader()
    place = "trigger"
    words = own.mapping(
        given,
        place,
        {"kind", "event", "every", "at", "before", "planned", "each", "where", "gather"},
    )
    kind = own.one_of(words.get("kind"), place, ("event", "schedule", "manual"))
    event = every = planned = ""
    if kind == "event":
        event = own.matching(words.get("event"), place, _FACT, "room.FactName")
    elif kind == "schedule":
        every = own.one_of(words.get("every"), place, SCHEDULES)
    elif "planned" in words:
        planned = own.matching(words["planned"], place, _FACT, "room.FactName")
    gather = words.get("gather")
    if gather is not None:
        gather = own.mapping(gather, f"{place}.gather", {"by", "per"})
        own.one_of(gather.get("per"), f"{place}.gather", ("day", "hour"))
        own.text(gather.get("by"), f"{place}.gather")
    trigger = Trigger(
        kind=kind,
        event=event,
        every=every,
        at=own.hour(words["at"], place) if "at" in words else None,
        before=own.span(words["before"], place) if "before" in words else None,
        planned=planned,
        each=own.text(words.get("each"), place),
        where=own.condition(words.get("where"), f"{place}.where"),
        gather_by=(gather or {}).get("by", ""),
        gather_per=(gather or {}).get("per", ""),
    )
    if reader is None and own.faults:
        raise ContentFault(own.faults)
    return trigger


def _evidence(reader: _Reader, given: object, place: str) -> Evidence | None:
    if given is None:
        return None
    words = reader.mapping(given, place, _EVIDENCE)
    kind = reader.one_of(words.get("kind"), place, EVIDENCE_KINDS, Rule.EVIDENCE)
    of = words.get("of", [])
    if not isinstance(of, list) or not all(isinstance(o, str) for o in of):
        reader.fault(place, "“of” is a list of words")
        of = []
    if kind == "choice" and len(of) < 2:
        reader.fault(place, "a choice offers at least two words")
    low, high, least = words.get("min"), words.get("max"), 1
    if kind == "reading":
        if not words.get("unit"):
            reader.fault(place, "a reading has a unit")
        for side in (low, high):
            if side is not None and conditions.number(side) is None:
                if conditions.is_reference(side):
                    for wrong in conditions.reference_problems(side):
                        reader.fault(place, wrong)
                else:
                    reader.fault(place, f"{side!r} is not a number")
    elif low is not None:
        if not isinstance(low, int) or isinstance(low, bool) or not 1 <= low <= 500:
            reader.fault(place, "“min” is a whole number from 1 to 500")
        else:
            least = low
        low = None
    elsewhere = kind == "photo" and "event" in words
    views = words.get("views", [])
    if elsewhere and words["event"] != PICTURES:
        reader.fault(place, f"pictures from elsewhere come with {PICTURES}")
    if not isinstance(views, list) or not all(isinstance(v, str) for v in views):
        reader.fault(place, "“views” is a list of words")
        views = []
    if elsewhere != bool(views) or (elsewhere and least > 1):
        reader.fault(place, "pictures from elsewhere name one view for each turn")
    return Evidence(
        kind=kind,
        of=tuple(of),
        unit=reader.text(words.get("unit"), place),
        low=low,
        high=high if kind == "reading" else None,
        least=least,
        radius_m=words["radius"] if isinstance(words.get("radius"), int) else 500,
        fact=reader.listening(words, place) if kind == "fact" or elsewhere else None,
        views=tuple(views),
    )


def _consequences(reader: _Reader, given: object, place: str) -> tuple[Consequence, ...]:
    entries = given if isinstance(given, list) else [] if given is None else [given]
    made = []
    for entry in entries:
        words = reader.mapping(entry, place, {"when", "start", "call", "with", "goto"})
        if len({"start", "call", "goto"} & set(words)) != 1:
            reader.fault(place, "names one of start, call, goto")
        if "call" in words:
            reader.matching(words["call"], place, _VERB, "room.verb")
        made.append(
            Consequence(
                when=reader.condition(words.get("when"), f"{place}.when"),
                start=reader.text(words.get("start"), place),
                call=reader.text(words.get("call"), place),
                with_=reader.values(words.get("with"), f"{place}.with"),
                goto=reader.text(words.get("goto"), place),
            )
        )
    return tuple(made)


def _step(reader: _Reader, given: object, group: int, number: int) -> Step:
    place = f"step {number}"
    words = reader.mapping(given, place, _STEP)
    step_id = reader.matching(words.get("id"), place, _ID, "a step id (a-z, 0-9, _)")
    place = f"step {step_id or number}"
    title = reader.text(words.get("zh"), place)
    if not title:
        reader.fault(place, "has no zh")
    repeat, times = words.get("repeat_for"), None
    if isinstance(repeat, Mapping):
        times, repeat = reader.mapping(repeat, place, {"times"}).get("times"), None
        if conditions.number(times) is None and not conditions.is_reference(times):
            reader.fault(place, "“times” is a number or a reference")
    elif isinstance(repeat, list):
        repeat = tuple(map(str, repeat))
    elif repeat is not None and not conditions.is_reference(repeat):
        reader.fault(place, "“repeat_for” is a list, a reference, or {times: n}")
        repeat = None
    if words.get("call"):
        reader.matching(words["call"], place, _VERB, "room.verb")
    if words.get("auto") and not words.get("call"):
        reader.fault(place, "“auto” needs a verb to call")
    if words.get("waits_for"):
        reader.one_of(words["waits_for"], place, WAITS)
    clause = words.get("clause")
    if clause is not None and not isinstance(clause, int):
        reader.fault(place, "“clause” is the number of a policy clause")
        clause = None
    return Step(
        id=step_id,
        zh=title,
        en=reader.text(words.get("en"), place),
        why=reader.text(words.get("why"), place),
        clause=clause,
        group=group,
        role=reader.text(words.get("role"), place),
        required=bool(words.get("required", False)),
        when=reader.condition(words.get("when"), f"{place}.when"),
        stop_if=reader.condition(words.get("stop_if"), f"{place}.stop_if"),
        on_fail=_consequences(reader, words.get("on_fail"), f"{place}.on_fail"),
        repeat_for=repeat,
        times=times,
        evidence=_evidence(reader, words.get("evidence"), f"{place}.evidence"),
        call=reader.text(words.get("call"), place),
        with_=reader.values(words.get("with"), f"{place}.with"),
        auto=bool(words.get("auto", False)),
        waits_for=reader.text(words.get("waits_for"), place),
        waits_at_most=reader.span(words["max"], place) if "max" in words else None,
    )


def _steps(reader: _Reader, given: object) -> tuple[Step, ...]:
    if not isinstance(given, list) or not given:
        reader.fault("steps", "must be a list of steps")
        return ()
    made: list[Step] = []
    for group, entry in enumerate(given):
        if isinstance(entry, Mapping) and set(entry) == {"parallel"}:
            inner = entry["parallel"] if isinstance(entry["parallel"], list) else []
            if len(inner) < 2:
                reader.fault("steps", "“parallel” is a list of two or more steps")
            made += [_step(reader, s, group, len(made) + 1 + i) for i, s in enumerate(inner)]
        else:
            made.append(_step(reader, entry, group, len(made) + 1))
    size = sum(len(s.repeat_for) if isinstance(s.repeat_for, tuple) else 1 for s in made)
    if size > MAX_STEPS:
        reader.fault("steps", f"{size} steps after expansion, at most {MAX_STEPS}", Rule.LENGTH)
    _check_order(reader, made)
    for step in made:
        views = step.evidence.views if step.evidence else ()
        turns = step.repeat_for if isinstance(step.repeat_for, tuple) else ("",)
        if views and len(views) != (0 if step.times is not None else len(turns)):
            reader.fault(f"step {step.id}", "has not as many turns as views")
    if not any(s.required for s in made):
        reader.fault("steps", "no step is required, so nothing would be proved")
    return tuple(made)


def _check_order(reader: _Reader, steps: list[Step]) -> None:
    """A step looks only at steps of earlier groups; after it, at itself too."""
    ids = [s.id for s in steps]
    for twice in sorted({i for i in ids if i and ids.count(i) > 1}):
        reader.fault(f"step {twice}", "the id is used twice")
    for step in steps:
        earlier = {s.id for s in steps if s.group < step.group}
        looked_at = {*conditions.names(step.when), *conditions.step_names([step.when, step.with_])}
        after = {
            *conditions.names(step.stop_if),
            *conditions.step_names(step.stop_if),
            *(n for c in step.on_fail for n in conditions.names(c.when)),
        }
        for name in sorted(looked_at - earlier):
            reader.fault(
                f"step {step.id}", f"looks at “{name}”, which is no earlier step", Rule.FORWARD
            )
        for name in sorted(after - earlier - {step.id}):
            reader.fault(
                f"step {step.id}", f"judges by “{name}”, which is no earlier step", Rule.FORWARD
            )
        for consequence in step.on_fail:
            if consequence.goto and consequence.goto not in earlier | {step.id}:
                reader.fault(
                    f"step {step.id}",
                    f"goes to “{consequence.goto}”, no earlier step",
                    Rule.FORWARD,
                )
        if step.on_fail and step.stop_if is None:
            reader.fault(f"step {step.id}", "“on_fail” needs “stop_if” to say when it fails")


def _english(reader: _Reader, given: object) -> Mapping[str, str]:
    words = given if isinstance(given, Mapping) else {}
    if given is not None and not all(
        isinstance(part, str) for pair in words.items() for part in pair
    ):
        reader.fault("english", "is a mapping of words to their English")
        return {}
    return dict(words)


def procedure_of(given: object) -> Procedure:
    """Read the mapping of a `sop.yaml`; raises ContentFault with every fault found."""
    reader = _Reader()
    words = reader.mapping(given, "sop", _TOP)
    if words.get("schema") != SCHEMA:
        reader.fault("schema", f"must be {SCHEMA}")
    trigger = trigger_of(words.get("trigger"), reader)
    subject = reader.mapping(words.get("subject"), "subject", {"type", "id"})
    owner = reader.mapping(words.get("owner"), "owner", {"role", "pick"})
    sla = reader.mapping(words.get("sla"), "sla", {"take", "within", "clock"})
    if words.get("unless") not in (None, _UNLESS):
        reader.fault("unless", f"can only be “{_UNLESS}”")
    rungs = []
    for entry in words.get("escalate") or []:
        rung = reader.mapping(entry, "escalate", {"at", "to", "reassign"})
        try:
            share, after = clock.rung_at(rung.get("at"))
        except ValueError as error:
            reader.fault("escalate", str(error))
            continue
        rungs.append(
            clock.Rung(
                to=reader.text(rung.get("to"), "escalate"),
                share=share,
                after=after,
                reassign=bool(rung.get("reassign", False)),
            )
        )
    closing = words.get("closes_on")
    procedure = Procedure(
        trigger=trigger,
        subject_type=reader.text(subject.get("type"), "subject"),
        subject_id=reader.text(subject.get("id"), "subject"),
        owner_role=reader.text(owner.get("role"), "owner"),
        pick=reader.one_of(owner.get("pick", "pool"), "owner.pick", PICKS),
        take=reader.span(sla.get("take"), "sla.take"),
        within=reader.span(sla.get("within"), "sla.within"),
        working=reader.one_of(sla.get("clock", "wall"), "sla.clock", ("wall", "working"))
        == "working",
        steps=_steps(reader, words.get("steps")),
        escalate=tuple(rungs),
        certificates=tuple(map(str, words.get("require_certificate") or [])),
        closes_on=reader.listening(
            reader.mapping(closing, "closes_on", {"event", "match", "early"}), "closes_on"
        )
        if closing is not None
        else None,
        beside_job=bool(words.get("beside_job", False)),
        unless_open=words.get("unless") is not None,
        english=_english(reader, words.get("english")),
    )
    if not procedure.owner_role:
        reader.fault("owner", "has no role")
    if reader.faults:
        raise ContentFault(reader.faults)
    return procedure
