"""The quiz on what an edition changed: questions of the book, and questions made of the changes."""

from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from panshi.handbook.rules.differences import EDITORIAL, Change
from panshi.handbook.rules.procedure import Step
from panshi.handbook.rules.texts import NodeDocument, Question

LEAST: Final = 3
MOST: Final = 8
# What a change is about, as a person says it.
PARTS: Final[Mapping[str, str | Promise]] = {
    "trigger": gettext_lazy("what starts it"),
    "owner_role": gettext_lazy("the post that owns it"),
    "take": gettext_lazy("the time to take it"),
    "within": gettext_lazy("the time to finish it"),
    "working": gettext_lazy("whether opening hours count"),
    "escalate": gettext_lazy("who is told when it is late"),
    "certificates": gettext_lazy("the certificates it asks for"),
    "closes_on": gettext_lazy("what closes it"),
    "required": gettext_lazy("whether it must be done"),
    "evidence": gettext_lazy("the proof and its limits"),
    "stop_if": gettext_lazy("when everything stops"),
    "on_fail": gettext_lazy("what follows a stop"),
    "when": gettext_lazy("when it applies"),
    "role": gettext_lazy("the post that does it"),
    "call": gettext_lazy("what the system does"),
    "repeat_for": gettext_lazy("how often it is done"),
    "waits_for": gettext_lazy("what it may wait for"),
    "limit": gettext_lazy("its limit"),
}


WHATS: Final[Mapping[str, str | Promise]] = {
    "node added": gettext_lazy("The node is new"),
    "node removed": gettext_lazy("The node is gone"),
    "node moved": gettext_lazy("The node has another code"),
    "node renamed": gettext_lazy("The node has another name"),
    "steps reordered": gettext_lazy("The steps stand in another order"),
    "questions": gettext_lazy("The questions"),
    "cases": gettext_lazy("The cases"),
    "text: what": gettext_lazy("What it is"),
    "text: why": gettext_lazy("Why"),
    "text: how": gettext_lazy("How"),
    "text: en": gettext_lazy("The English name"),
    "text: summary_en": gettext_lazy("The English summary"),
}


def part_words(part: str) -> str:
    """A changed part in words; its name where there are none."""
    return str(PARTS.get(part, part))


def change_words(change: Change) -> str:
    """What changed, in words a reader of the difference understands."""
    if change.step:
        kinds = {
            "added": _("Step “%(step)s” is new"),
            "removed": _("Step “%(step)s” is gone"),
        }
        words = kinds.get(change.part, _("Step “%(step)s”: %(part)s"))
        return words % {"step": change.title or change.step, "part": part_words(change.part)}
    if change.clause is not None:
        kinds = {
            "added": _("Clause %(number)d is new"),
            "removed": _("Clause %(number)d is gone"),
        }
        return kinds.get(change.part, _("Clause %(number)d")) % {"number": change.clause}
    return part_words(change.part) if change.part else str(WHATS.get(change.what, change.what))


def touched(changes: Sequence[Change]) -> tuple[set[str], set[int]]:
    """The steps and clauses of a node that changed in more than their wording."""
    weighty = [c for c in changes if c.gravity != EDITORIAL]
    return (
        {c.step for c in weighty if c.step},
        {c.clause for c in weighty if c.clause is not None},
    )


def _among(right: str, others: Sequence[str]) -> tuple[str, ...]:
    """The right words and up to two others that differ from it."""
    return (right, *[o for o in dict.fromkeys(others) if o and o != right][:2])


def _of_step(change: Change, steps: Sequence[Step]) -> Question | None:
    names = [s.zh for s in steps if s.id != change.step]
    if change.part == "added":
        asked, options = _("Which step is new?"), _among(change.after, names)
    elif change.part == "removed":
        asked, options = _("Which step is no longer done?"), _among(change.before, names)
    else:
        step = next((s.zh for s in steps if s.id == change.step), change.step)
        asked = _("Step “%(step)s”, %(part)s: what holds now?") % {
            "step": step, "part": part_words(change.part),
        }  # fmt: skip
        options = _values(change)
    return _made(asked, options, change, step=change.step)


def _values(change: Change) -> tuple[str, ...]:
    nothing = _("nothing is laid down")
    unsaid = _("whoever does it decides")
    return _among(change.after or nothing, [change.before or nothing, unsaid])


def _made(
    asked: str,
    options: tuple[str, ...],
    change: Change,
    *,
    step: str = "",
    clause: int | None = None,
) -> Question | None:
    if len(options) < 2:
        return None
    return Question(
        kind="single", zh=asked, options=options, answer=(0,), why=change.after or change.before,
        step=step, clause=clause,
    )  # fmt: skip


def _of_clause(change: Change, document: NodeDocument) -> Question | None:
    others = [text for number, text in document.clauses.items() if number != change.clause]
    if change.part == "removed":
        asked, options = _("Which clause no longer holds?"), _among(change.before, others)
    elif change.part == "added":
        asked, options = _("Which clause is new?"), _among(change.after, others)
    else:
        asked = _("What does clause %(number)d say now?") % {"number": change.clause}
        options = _among(change.after, [change.before, *others])
    return _made(asked, options, change, clause=change.clause)


def _made_of(changes: Sequence[Change], document: NodeDocument) -> Iterator[Question]:
    for change in changes:
        made: Question | None = None
        if change.gravity == EDITORIAL:
            continue
        if change.step:
            made = _of_step(change, document.procedure.steps)
        elif change.clause is not None:
            made = _of_clause(change, document)
        elif change.part in PARTS:
            asked = _("What holds now for %(part)s?") % {"part": part_words(change.part)}
            made = _made(asked, _values(change), change)
        if made is not None:
            yield made


def change_quiz(
    changes: Sequence[Change], before: NodeDocument | None, after: NodeDocument, seed: int
) -> list[Question]:
    """3 to 8 questions about what changed in one node; the same for the same seed.

    First the book's own about changed steps and clauses, unless they were written for the text
    before; then such as the changes make themselves; then, for want of others, more of the node's.
    """
    random = Random(seed)
    steps, clauses = touched(changes)
    known = set(before.questions) if before else set()
    about: list[Question] = []
    more: list[Question] = []
    for question in after.questions:
        concerned = question.step in steps or question.clause in clauses
        if not concerned:
            more.append(question)
        elif question not in known:
            about.append(question)
    made = list(_made_of(changes, after))
    random.shuffle(about)
    random.shuffle(more)
    chosen = [*about[: MOST - min(len(made), LEAST)], *made][:MOST]
    chosen += more[: max(0, LEAST - len(chosen))]
    random.shuffle(chosen)
    return chosen
