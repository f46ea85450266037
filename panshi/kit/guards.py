"""Guards: one room asks another by name whether something may still be done, in the plural.

A room above lists a guard with `panshi.kit.verbs.guard`; a room below keeps only its name and asks
it inside the transaction that acts, on live books. No answer means no.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from panshi.kit import cells
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import GUARDS

_log = logging.getLogger(__name__)
_words: dict[str, str | Promise] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing a guard looked at: its code, whether it holds, what was seen."""

    code: str
    holds: bool
    seen: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A guard's answer about one subject: yes only if every check holds and there is one."""

    checks: tuple[Check, ...]

    @property
    def yes(self) -> bool:
        return bool(self.checks) and all(check.holds for check in self.checks)

    @property
    def refused(self) -> tuple[str, ...]:
        """The codes of the checks that do not hold."""
        return tuple(check.code for check in self.checks if not check.holds)


NO_ANSWER = Answer(checks=(Check(code="NO_ANSWER", holds=False),))


class GuardRefused(Refusal):
    """A guard said no; `checks` are all it looked at."""

    def __init__(self, words: str, *, checks: Sequence[Check]) -> None:
        super().__init__(words)
        self.checks = tuple(checks)


def ask(
    *, name: str, subject_ids: Sequence[UUID], actor: Actor, at: datetime
) -> dict[UUID, Answer]:
    """Ask a guard about subjects; one that is unknown, fails or keeps silent answers no."""
    guard = GUARDS.get(name)
    if guard is None:
        _log.error("no guard is called %s", name)
        return dict.fromkeys(subject_ids, NO_ANSWER)
    try:
        given = guard(subject_ids=tuple(subject_ids), actor=actor, at=at)
    except Refusal as refusal:
        _log.warning("guard %s refused: %s", name, refusal)
        given = {}
    return {subject: given.get(subject, NO_ANSWER) for subject in subject_ids}


def speak(words: Mapping[str, str | Promise]) -> None:
    """Give the codes of a room's checks their words; called once by its AppConfig.ready."""
    _words.update(words)


def words_of(codes: str) -> str:
    """A list of codes, with commas between them, in words; what has none stays as it is."""
    parts = [part.strip() for part in codes.split(",") if part.strip()]
    return "; ".join(str(_words.get(part, part)) for part in parts)


def lines(checks: Sequence[Check]) -> list[tuple[SafeString, str, str]]:
    """Checks for a page, green and red: the mark, the words, what was seen."""
    return [
        (
            cells.state("yes", "ok", _("Yes")) if c.holds else cells.state("no", "bad", _("No")),
            words_of(c.code),
            c.seen,
        )
        for c in checks
    ]
