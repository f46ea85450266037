"""Parameters: what the book says of one, and which value counts where and when."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from panshi.handbook.rules import conditions
from panshi.handbook.rules.procedure import Procedure


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter as the book gives it; with both bounds an operator may set its own."""

    name: str
    zh: str
    unit: str
    value: object
    low: Decimal | None = None
    high: Decimal | None = None
    per_model: bool = False

    @property
    def settable(self) -> bool:
        return self.low is not None and self.high is not None

    @property
    def said(self) -> str:
        """What the book says of it in a line: its name, its value, and how far it may be moved."""
        value = f"{self.zh or self.name} {self.value} {self.unit}".strip()
        return f"{value} ({self.low}–{self.high})" if self.settable else value

    @property
    def words(self) -> str:
        """The name in words, for readers of English."""
        return self.name.replace("_", " ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """An operator's own value from a moment on; None gives the parameter back to the book."""

    org_id: int
    name: str
    model_code: str
    value: Decimal | None
    effective_from: datetime


def parameter_of(name: str, row: Mapping[str, Any]) -> Parameter:
    """Read one line of `params.yaml`."""
    return Parameter(
        name=name,
        zh=str(row.get("zh", "")),
        unit=str(row.get("unit", "")),
        value=row.get("value"),
        low=conditions.number(row.get("min")),
        high=conditions.number(row.get("max")),
        per_model=bool(row.get("per_model", False)),
    )


def parameters_of(rows: Mapping[str, Mapping[str, Any]]) -> dict[str, Parameter]:
    """Every line of `params.yaml`, in its order."""
    return {name: parameter_of(name, row) for name, row in rows.items()}


def problems(name: str, row: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the bounds of a line of `params.yaml`, in words."""
    read, value = parameter_of(name, row), conditions.number(row.get("value"))
    if (read.low is None) != (read.high is None):
        yield f"{name} has one bound; it needs both or none"
    elif read.low is not None and read.high is not None:
        if value is None or not read.low <= value <= read.high:
            yield f"{name}: {row.get('value')} is not between {read.low} and {read.high}"
    elif read.per_model:
        yield f"{name} is per_model without bounds"


def plain(value: Decimal) -> int | float:
    """The number as a file would write it: 3, or 12.2."""
    return int(value) if value == value.to_integral_value() else float(value)


def names_used(procedure: Procedure) -> list[str]:
    """The parameters that a procedure looks at, in the order it names them."""
    looked_at: list[object] = [procedure.trigger.where]
    for step in procedure.steps:
        looked_at += [step.when, step.stop_if, step.with_, step.times, step.repeat_for]
        looked_at += [part for c in step.on_fail for part in (c.when, c.with_)]
        if step.evidence:
            looked_at += [step.evidence.low, step.evidence.high]
    found = (r.removeprefix("$param.") for r in conditions.references(looked_at) if "$param." in r)
    return list(dict.fromkeys(found))


class Settings:
    """The own values of some operators, ready to be asked for any moment."""

    def __init__(self, rows: Iterable[Setting]) -> None:
        self._by_org: dict[int, list[Setting]] = {}
        for row in sorted(rows, key=lambda r: r.effective_from):
            self._by_org.setdefault(row.org_id, []).append(row)

    @property
    def by_model(self) -> bool:
        """Whether any value is for one vehicle model."""
        return any(row.model_code for rows in self._by_org.values() for row in rows)

    def own(self, org_id: int, at: datetime, model_code: str = "") -> dict[str, int | float]:
        """An operator's own values at a moment; those of the model go before those of all."""
        every: dict[str, Decimal | None] = {}
        of_model: dict[str, Decimal | None] = {}
        for row in self._by_org.get(org_id, ()):
            if row.effective_from > at:
                break
            if not row.model_code:
                every[row.name] = row.value
            elif row.model_code == model_code:
                of_model[row.name] = row.value
        given = every | {name: value for name, value in of_model.items() if value is not None}
        return {name: plain(value) for name, value in given.items() if value is not None}
