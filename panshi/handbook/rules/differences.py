"""What changed between two editions, the heaviest first; steps are matched by id."""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Final

from panshi.handbook.rules import conditions
from panshi.handbook.rules.clock import Span
from panshi.handbook.rules.parameters import Parameter
from panshi.handbook.rules.procedure import Evidence, Procedure, Step
from panshi.handbook.rules.texts import NodeDocument

GRAVE, WORKING, EDITORIAL = "grave", "working", "editorial"
WEIGHT: Final = {GRAVE: 0, WORKING: 1, EDITORIAL: 2}
_STEP_GRAVITY: Final = {
    "required": GRAVE, "evidence": GRAVE, "stop_if": GRAVE, "on_fail": GRAVE, "when": WORKING,
    "call": WORKING, "with_": WORKING, "role": WORKING, "auto": WORKING, "repeat_for": WORKING,
    "times": WORKING, "waits_for": WORKING, "waits_at_most": WORKING, "zh": EDITORIAL,
    "en": EDITORIAL, "why": EDITORIAL, "clause": EDITORIAL,
}  # fmt: skip
_FRAME: Final = {
    "trigger": GRAVE, "subject_type": WORKING, "subject_id": WORKING, "owner_role": GRAVE,
    "pick": WORKING, "take": GRAVE, "within": GRAVE, "working": GRAVE, "escalate": WORKING,
    "certificates": GRAVE, "closes_on": WORKING, "unless_open": WORKING, "english": EDITORIAL,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One difference: `what` was `before` and is `after`; `roles` are those it touches.

    `step` or `clause` names the part that changed, `part` the field of it or of the procedure;
    `title` is what the step is called.
    """

    slug: str
    gravity: str
    what: str
    before: str = ""
    after: str = ""
    roles: tuple[str, ...] = ()
    step: str = ""
    clause: int | None = None
    part: str = ""
    title: str = ""


Limits = Mapping[str, tuple[str, str]]
"""Parameters whose value or bounds changed: name, and what the book said before and says after."""


def limits_between(before: Mapping[str, Parameter], after: Mapping[str, Parameter]) -> Limits:
    """The parameters of both editions that say something else now; a new one stands in a step."""
    return {
        name: (before[name].said, after[name].said)
        for name in after
        if name in before and before[name].said != after[name].said
    }


def compare(
    before: Mapping[str, NodeDocument],
    after: Mapping[str, NodeDocument],
    limits: Limits | None = None,
) -> list[Change]:
    """Every difference between two editions, by gravity, then by node.

    A changed limit is a grave change of each step that looks at it.
    """
    found: list[Change] = []
    for slug in sorted({*before, *after}):
        old, new = before.get(slug), after.get(slug)
        if old is None and new is not None:
            found.append(_whole(slug, "node added", new, after=new.text.zh))
        elif new is None and old is not None:
            found.append(_whole(slug, "node removed", old, before=old.text.zh))
        elif old is not None and new is not None:
            if old != new:
                found += _node(slug, old, new)
            found += _limits(slug, new.procedure, limits or {})
    return sorted(found, key=lambda c: (WEIGHT[c.gravity], c.slug))


def _whole(
    slug: str, what: str, document: NodeDocument, *, before: str = "", after: str = ""
) -> Change:
    return Change(
        slug=slug, gravity=GRAVE, what=what, before=before, after=after,
        roles=_roles(document.procedure),
    )  # fmt: skip


def _roles(procedure: Procedure) -> tuple[str, ...]:
    return tuple(sorted({procedure.owner_role, *(s.role for s in procedure.steps if s.role)}))


def _node(slug: str, old: NodeDocument, new: NodeDocument) -> Iterator[Change]:
    roles = _roles(new.procedure)
    titles = {s.id: s.zh for s in (*old.procedure.steps, *new.procedure.steps)}

    def change(
        gravity: str,
        what: str,
        before: object = "",
        after: object = "",
        *,
        step: str = "",
        clause: int | None = None,
        part: str = "",
    ) -> Change:
        return Change(
            slug=slug, gravity=gravity, what=what, before=str(before), after=str(after),
            roles=roles, step=step, clause=clause, part=part, title=titles.get(step, ""),
        )  # fmt: skip

    for name in ("code", "zh"):
        was, is_ = getattr(old.text, name), getattr(new.text, name)
        if was != is_:
            yield change(WORKING, "node moved" if name == "code" else "node renamed", was, is_)
    for name, gravity in _FRAME.items():
        was, is_ = getattr(old.procedure, name), getattr(new.procedure, name)
        if was != is_:
            yield change(gravity, f"procedure: {name}", _said(was), _said(is_), part=name)
    for gravity, step_id, part, before, after in _steps(old.procedure, new.procedure):
        if not step_id:
            yield change(gravity, f"steps {part}", before, after)
            continue
        name = part.strip(": ")
        yield change(gravity, f"step {step_id}{part}", before, after, step=step_id, part=name)
    for number in sorted({*old.clauses, *new.clauses}):
        was, is_ = old.clauses.get(number, ""), new.clauses.get(number, "")
        if was != is_:
            kind = "added" if not was else "removed" if not is_ else "changed"
            yield change(WORKING, f"clause {number} {kind}", was, is_, clause=number, part=kind)
    if old.questions != new.questions:
        yield change(WORKING, "questions", len(old.questions), len(new.questions))
    if old.cases != new.cases:
        yield change(EDITORIAL, "cases", len(old.cases), len(new.cases))
    for name in ("what", "why", "how", "answer", "en", "summary_en", "answer_en"):
        was, is_ = getattr(old.text, name), getattr(new.text, name)
        if was != is_:
            yield change(EDITORIAL, f"text: {name}", was, is_)


def _limits(slug: str, procedure: Procedure, limits: Limits) -> Iterator[Change]:
    """The steps, and the trigger, that look at a limit which changed."""
    parts: list[tuple[str, str, object]] = [("", "", procedure.trigger.where)]
    for step in procedure.steps:
        looked_at: list[object] = [step.when, step.stop_if, step.with_, step.times, step.repeat_for]
        looked_at += [part for c in step.on_fail for part in (c.when, c.with_)]
        if step.evidence:
            looked_at += [step.evidence.low, step.evidence.high]
        parts.append((step.id, step.zh, looked_at))
    for step_id, title, value in parts:
        used = dict.fromkeys(r.removeprefix("$param.") for r in conditions.references(value))
        for name in (n for n in used if n in limits):
            was, is_ = limits[name]
            yield Change(
                slug=slug, gravity=GRAVE, before=was, after=is_, roles=_roles(procedure),
                what=f"step {step_id}: limit" if step_id else "procedure: limit",
                step=step_id, part="limit", title=title,
            )  # fmt: skip


def _steps(old: Procedure, new: Procedure) -> Iterator[tuple[str, str, str, str, str]]:
    """What changed in the steps: gravity, step, which part of it, before, after."""
    olds, news = {s.id: s for s in old.steps}, {s.id: s for s in new.steps}
    for step in new.steps:
        if step.id not in olds:
            yield GRAVE if step.required else WORKING, step.id, " added", "", step.zh
    for step in old.steps:
        if step.id not in news:
            yield GRAVE if step.required else WORKING, step.id, " removed", step.zh, ""
    kept = [i for i in olds if i in news]
    if kept != [i for i in news if i in olds]:
        order = [i for i in news if i in olds]
        yield WORKING, "", "reordered", " → ".join(kept), " → ".join(order)
    for step_id in kept:
        yield from _step(olds[step_id], news[step_id])


def _step(old: Step, new: Step) -> Iterator[tuple[str, str, str, str, str]]:
    for field in fields(Step):
        gravity = _STEP_GRAVITY.get(field.name)
        was, is_ = getattr(old, field.name), getattr(new, field.name)
        if gravity is not None and was != is_:
            yield gravity, new.id, f": {field.name.rstrip('_')}", _said(was), _said(is_)


def _said(value: object) -> str:
    """A value as a reader of the difference sees it: without what is empty, in the book's words."""
    if value is None:
        return ""
    if isinstance(value, Span):
        return str(value)
    if isinstance(value, Evidence):
        return _evidence(value)
    if is_dataclass(value):
        parts = {f.name.rstrip("_"): getattr(value, f.name) for f in fields(value)}
        kept = {k: v for k, v in parts.items() if v or (v == 0 and v is not False)}
        return ", ".join(f"{k} {_said(v)}" for k, v in kept.items())
    if isinstance(value, Mapping):
        return ", ".join(f"{k}: {_said(v)}" for k, v in value.items())
    if isinstance(value, (tuple, list)):
        return ", ".join(_said(v) for v in value)
    return str(value)


def _evidence(value: Evidence) -> str:
    """The proof of a step in a line: its kind, choices, bounds and number."""
    parts = [value.kind, " / ".join(value.of)]
    if value.low is not None or value.high is not None:
        low, high = ("" if end is None else str(end) for end in (value.low, value.high))
        parts.append(f"{low} … {high} {value.unit}")
    if value.least > 1:
        parts.append(f"≥ {value.least}")
    if value.kind == "location":
        parts.append(f"≤ {value.radius_m} m")
    if value.fact is not None:
        parts += [value.fact.event, " / ".join(value.views)]
    return " ".join(part.strip() for part in parts if part.strip())


def runs_of_text(before: str, after: str) -> list[tuple[str, str]]:
    """A word diff of Chinese by character runs: (“same”, “gone” or “new”, text) in order."""
    made: list[tuple[str, str]] = []
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    for kind, a1, a2, b1, b2 in matcher.get_opcodes():
        if kind == "equal":
            made.append(("same", before[a1:a2]))
            continue
        if a2 > a1:
            made.append(("gone", before[a1:a2]))
        if b2 > b1:
            made.append(("new", after[b1:b2]))
    return made
