"""A life cycle: one table of moves, everything else refused."""

from collections.abc import Mapping, Set
from enum import Enum
from typing import Generic, TypeVar

from django.utils.translation import gettext as _

from panshi.kit.refusals import IllegalMove

State = TypeVar("State", bound=Enum)


def _label(state: Enum) -> str:
    return str(getattr(state, "label", state.value))


class Machine(Generic[State]):
    """The moves that a noun's state may make.

    >>> LIFE = Machine({Door.OPEN: {Door.SHUT}, Door.SHUT: {Door.OPEN}})
    """

    def __init__(self, moves: Mapping[State, Set[State]]) -> None:
        self.moves = moves

    def step(self, state: str | State, target: State) -> State:
        """Return `target`, or raise IllegalMove when `state` does not lead there."""
        here = type(target)(state)
        if target not in self.moves.get(here, frozenset()):
            raise IllegalMove(
                _("This cannot go from “%(here)s” to “%(there)s”.")
                % {"here": _label(here), "there": _label(target)}
            )
        return target

    def allows(self, state: str | State, target: State) -> bool:
        return target in self.moves.get(type(target)(state), frozenset())
