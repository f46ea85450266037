"""The parts of a record page, as plain rows: life cycle, figures, facts, timeline."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils.functional import Promise
from django.utils.safestring import SafeString

from panshi.kit import cells

Label = str | Promise


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One stage of a life cycle; `standing` is "done", "now", "todo" or "stopped"."""

    label: Label
    standing: str
    at: date | datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """A figure: `value` is drawn as `kind` of `cells`; `tone` only when the figure is a state."""

    label: Label
    value: Any
    kind: str = "text"
    unit: Label = ""
    hint: Label = ""
    url: str = ""
    tone: str = ""
    trend: Sequence[float | None] = ()

    @property
    def html(self) -> SafeString:
        return cells.show(self.value, self.kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """A named value in the column of facts."""

    label: Label
    value: Any
    kind: str = "text"
    url: str = ""
    tone: str = ""

    @property
    def html(self) -> SafeString:
        if self.kind == "state":
            return cells.state(self.value, self.tone or "idle")
        return cells.show(self.value, self.kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One row of a bar list: `part` of `whole` as a bar, `value` (else `part`) beside it."""

    label: Label
    part: float | Decimal | None
    whole: float | Decimal
    value: Any = None
    kind: str = "number"
    tone: str = ""
    url: str = ""

    @property
    def html(self) -> SafeString:
        return cells.show(self.part if self.value is None else self.value, self.kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of a timeline. `kind` is "act", "fact", "message", "file" or "audit"."""

    at: datetime
    title: Label
    kind: str = "act"
    text: Label = ""
    by: str = ""
    url: str = ""
    icon: str = "circle-dot"
    tone: str = ""


def stages(
    *,
    path: Sequence[tuple[str, Label]],
    state: str,
    dates: dict[str, date | datetime | None] | None = None,
    stopped: Label = "",
) -> list[Stage]:
    """The usual life as stages: those before `state` are done, it is now, the rest lies ahead.

    A state beside the path, such as a cancellation, comes last as `stopped`.
    """
    codes = [code for code, _label in path]
    here = codes.index(state) if state in codes else len(codes)
    known = dates or {}
    line = [
        Stage(
            label=label,
            at=known.get(code),
            standing="done" if at < here else "now" if at == here else "todo",
        )
        for at, (code, label) in enumerate(path)
    ]
    if state not in codes:
        reached = [s for s in line if s.at is not None]
        return [*reached, Stage(label=stopped or state, standing="stopped", at=known.get(state))]
    return line
