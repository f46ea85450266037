"""Fair wear: what changed between two inspections, and what the written standard charges for it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from panshi.kit.money import ZERO, to_fen

# The named views of a vehicle and the parts that are seen in each.
VIEWS: Final[Mapping[str, tuple[str, ...]]] = {
    "FRONT": ("BUMPER_FRONT", "BONNET", "WINDSCREEN", "LAMP_LEFT", "LAMP_RIGHT"),
    "REAR": ("BUMPER_REAR", "DOOR_REAR_LEFT", "DOOR_REAR_RIGHT", "LAMP_REAR"),
    "LEFT": ("WING_LEFT", "DOOR_LEFT", "SIDE_LEFT", "TYRE_FRONT_LEFT", "TYRE_REAR_LEFT",
             "WINDOW_LEFT"),
    "RIGHT": ("WING_RIGHT", "DOOR_RIGHT", "SIDE_RIGHT", "TYRE_FRONT_RIGHT", "TYRE_REAR_RIGHT",
              "WINDOW_RIGHT"),
    "TOP": ("ROOF", "CARGO_ROOF"),
    "CARGO": ("CARGO_FLOOR", "CARGO_WALL_LEFT", "CARGO_WALL_RIGHT"),
    "CABIN": ("SEATS", "DASHBOARD"),
    "KIT": ("CABLE", "TRIANGLE", "KEY", "CARD"),
}  # fmt: skip

# The views without whose pictures no delivery and no return is signed.
REQUIRED_VIEWS: Final = ("FRONT", "REAR", "LEFT", "RIGHT", "CARGO")

NEW: Final = "NEW"
WORSE: Final = "WORSE"
SAME: Final = "SAME"
REPAIRED: Final = "REPAIRED"

Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Damage on a part in a view: `size` in mm, % of the area, or mm of tread that is worn off."""

    view: str
    part: str
    damage: str
    size: Decimal
    count: int = 1

    @property
    def key(self) -> Key:
        return (self.view, self.part, self.damage)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What became of one kind of damage on one part; `before` or `after` is None where none was.

    WORSE is larger or more; a mark that shrank without going away counts as the SAME.
    """

    status: str
    before: Mark | None
    after: Mark | None

    @property
    def key(self) -> Key:
        mark = self.after or self.before
        assert mark is not None
        return mark.key


def diff(out: Iterable[Mark], back: Iterable[Mark]) -> list[Change]:
    """What changed from delivery to return, one row for each damage on a part, in a fixed order."""
    before = {mark.key: mark for mark in out}
    after = {mark.key: mark for mark in back}
    changes = []
    for key in sorted(before.keys() | after.keys()):
        was, is_now = before.get(key), after.get(key)
        changes.append(Change(status=_status(was, is_now), before=was, after=is_now))
    return changes


def _status(was: Mark | None, is_now: Mark | None) -> str:
    if was is None:
        return NEW
    if is_now is None:
        return REPAIRED
    return WORSE if is_now.size > was.size or is_now.count > was.count else SAME


def apply(out: Iterable[Mark], changes: Iterable[Change]) -> list[Mark]:
    """The marks at return, from those at delivery and what changed."""
    marks = {mark.key: mark for mark in out}
    for change in changes:
        marks.pop(change.key, None)
        if change.after is not None:
            marks[change.key] = change.after
    return [marks[key] for key in sorted(marks)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """A clause of the standard; the fields mean what the noun WearClause says."""

    code: str
    damage: str
    parts: tuple[str, ...] = ()
    from_months: int = 0
    free_size: Decimal = ZERO
    free_count: int = 0
    unit: str = "EACH"
    price: Decimal = ZERO
    full_size: Decimal = ZERO
    life_months: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A charge by one clause; `clause` is empty when none covers it, and then nothing is due."""

    change: Change
    clause: str
    charged: int
    amount: Decimal


def clause_for(mark: Mark, clauses: Sequence[Clause], *, age_months: int) -> Clause | None:
    """The clause for a mark: that which names its part before one for any, the oldest age first."""
    fitting = [
        clause
        for clause in clauses
        if clause.damage == mark.damage
        and age_months >= clause.from_months
        and (not clause.parts or mark.part in clause.parts)
    ]
    fitting.sort(key=lambda clause: (not clause.parts, -clause.from_months, clause.code))
    return fitting[0] if fitting else None


def price(
    changes: Iterable[Change], clauses: Sequence[Clause], *, age_months: int, distance_km: Decimal
) -> list[Line]:
    """What the standard charges for what is new or worse, a line for each, citing its clause.

    Never less for a larger mark. No clause means no charge. `distance_km` is what the customer
    drove; a clause for worn tread asks for at least a kilometre.
    """
    lines = []
    for change in changes:
        if change.status not in (NEW, WORSE) or change.after is None:
            continue
        clause = clause_for(change.after, clauses, age_months=age_months)
        if clause is None:
            lines.append(Line(change=change, clause="", charged=0, amount=ZERO))
            continue
        due = _due(change.after, clause, age_months, distance_km)
        if change.before is not None:
            due = max(ZERO, due - _due(change.before, clause, age_months, distance_km))
        charged = _charged(change.after, clause)
        lines.append(Line(change=change, clause=clause.code, charged=charged, amount=to_fen(due)))
    return lines


def _charged(mark: Mark, clause: Clause) -> int:
    """How many of the marks are beyond what is free."""
    return mark.count if mark.size > clause.free_size else max(0, mark.count - clause.free_count)


def _due(mark: Mark, clause: Clause, age_months: int, distance_km: Decimal) -> Decimal:
    count = _charged(mark, clause)
    if clause.unit == "EACH":
        return clause.price * count
    if clause.unit == "PERCENT":
        return clause.price * max(ZERO, mark.size - clause.free_size)
    if clause.unit == "WORN_SHARE":
        if clause.full_size <= clause.free_size or distance_km < 1:
            return ZERO
        span = clause.full_size - clause.free_size
        beyond = min(span, max(ZERO, mark.size - clause.free_size))
        # Divided last: the phone reckons the same in whole numbers, to the same fen.
        return clause.price * beyond * mark.count / span
    left = max(0, clause.life_months - age_months)
    return clause.price * left * count / clause.life_months if clause.life_months else ZERO


def larger(mark: Mark, by: Decimal) -> Mark:
    """The same mark, larger."""
    return replace(mark, size=mark.size + by)
