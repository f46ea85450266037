"""Arithmetic of on-site service: prices, windows, and what an engineer's day allows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from panshi.kit.money import ZERO, to_fen

SHANGHAI: Final = ZoneInfo("Asia/Shanghai")
WINDOWS: Final = ((8, 10), (10, 12), (13, 15), (15, 17), (17, 19))
OFFER_DAYS: Final = 14
HOLD: Final = timedelta(minutes=5)
LEAD: Final = timedelta(minutes=30)
FREE_CANCEL: Final = timedelta(hours=2)
REVIEW_TERM: Final = timedelta(days=30)
PROGRESS_TERM: Final = timedelta(hours=24)
PAY_DAYS: Final = 7
NEAR_KM: Final = 1.0
NIGHT_FROM: Final = 19
NIGHT_UNTIL: Final = 8
# How long a customer waits at most: for a person by day and by night, and for each word after that.
FIRST_WORD: Final = timedelta(seconds=60)
FIRST_WORD_AT_NIGHT: Final = timedelta(minutes=5)
NEXT_WORD: Final = timedelta(minutes=3)

LABOUR_RATE, FIXED, PART = "LABOUR_RATE", "FIXED", "PART"
CALL_OUT, URGENT, NIGHT = "CALL_OUT", "URGENT", "NIGHT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A price rule in force: empty scope fields mean "any"."""

    id: str
    kind: str
    item_code: str
    model_code: str
    city: str
    amount: Decimal
    since: date
    depth: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedItem:
    """What of a catalogue item the price depends on; parts are pieces by code."""

    code: str
    name_zh: str
    name_en: str
    minutes: int
    parts: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a price, tax inclusive, with the rule behind it and the day it took effect."""

    kind: str
    code: str
    words_zh: str
    words_en: str
    quantity: Decimal
    unit_price: Decimal
    rule_id: str
    since: date

    @property
    def amount(self) -> Decimal:
        return to_fen(self.quantity * self.unit_price)


class NoPrice(LookupError):
    """No rule prices this; `code` and `kind` say what."""

    def __init__(self, code: str, kind: str) -> None:
        super().__init__(f"no {kind} price for {code}")
        self.code = code
        self.kind = kind


def most_specific(
    rules: Sequence[Rule], *, kind: str, item_code: str, model_code: str, city: str
) -> Rule | None:
    """The rule that wins: (model, city), then model, then city, then base.

    Among equals the node nearest to the booking wins (`depth` 0 is its own), then the later start.
    """
    fitting = [
        rule
        for rule in rules
        if rule.kind == kind
        and rule.item_code == item_code
        and rule.model_code in ("", model_code)
        and rule.city in ("", city)
    ]
    return min(
        fitting,
        key=lambda r: (not r.model_code, not r.city, r.depth, -r.since.toordinal()),
        default=None,
    )


def price(
    *,
    items: Sequence[PricedItem],
    rules: Sequence[Rule],
    part_names: Mapping[str, tuple[str, str]],
    model_code: str,
    city: str,
    urgent: bool = False,
    night: bool = False,
) -> tuple[Line, ...]:
    """The lines of a visit: labour or fixed price and parts per item, call-out once, surcharges.

    Labour is listed minutes at the hourly rate. Raises NoPrice when an item or part has no rule.
    """

    def rule_for(kind: str, code: str) -> Rule | None:
        return most_specific(rules, kind=kind, item_code=code, model_code=model_code, city=city)

    lines: list[Line] = []
    for item in items:
        fixed = rule_for(FIXED, item.code)
        rate = rule_for(LABOUR_RATE, item.code) or rule_for(LABOUR_RATE, "")
        if fixed is not None:
            lines.append(_line(fixed, item.code, item.name_zh, item.name_en, Decimal(1)))
        elif rate is not None:
            labour = to_fen(rate.amount * item.minutes / 60)
            lines.append(
                _line(rate, item.code, item.name_zh, item.name_en, Decimal(1), amount=labour)
            )
        else:
            raise NoPrice(item.code, LABOUR_RATE)
        for code, pieces in sorted(item.parts.items()):
            part = rule_for(PART, code)
            if part is None:
                raise NoPrice(code, PART)
            name_zh, name_en = part_names.get(code, (code, code))
            lines.append(_line(part, code, name_zh, name_en, Decimal(pieces)))
    extras = [(CALL_OUT, "上门费", "Call-out")]
    extras += [(URGENT, "加急费", "Urgent surcharge")] if urgent else []
    extras += [(NIGHT, "夜间费", "Night surcharge")] if night else []
    for kind, name_zh, name_en in extras:
        rule = rule_for(kind, "")
        if rule is not None and rule.amount:
            lines.append(_line(rule, kind, name_zh, name_en, Decimal(1)))
    return tuple(lines)


def _line(
    rule: Rule,
    code: str,
    name_zh: str,
    name_en: str,
    quantity: Decimal,
    *,
    amount: Decimal | None = None,
) -> Line:
    return Line(
        kind=rule.kind,
        code=code,
        words_zh=name_zh,
        words_en=name_en,
        quantity=quantity,
        unit_price=to_fen(rule.amount if amount is None else amount),
        rule_id=rule.id,
        since=rule.since,
    )


def total(lines: Sequence[Line]) -> Decimal:
    return sum((line.amount for line in lines), ZERO)


def minutes_of(minutes: int, by_model: Mapping[str, int], model_code: str) -> int:
    """Listed minutes for a model, or the item's own."""
    return by_model.get(model_code, minutes)


def windows_of(day: date) -> tuple[tuple[datetime, datetime], ...]:
    """The arrival windows that a local day offers."""
    return tuple(
        (
            datetime.combine(day, time(opens), SHANGHAI),
            datetime.combine(day, time(closes), SHANGHAI),
        )
        for opens, closes in WINDOWS
    )


def is_night(starts_at: datetime) -> bool:
    hour = starts_at.astimezone(SHANGHAI).hour
    return hour >= NIGHT_FROM or hour < NIGHT_UNTIL


def rounded_place(lon: float, lat: float) -> tuple[float, float]:
    """A position to about 100 m, for customers' eyes."""
    return round(lon, 3), round(lat, 3)


def patience(*, state: str, hour: int) -> timedelta:
    """How long a customer of a thread waits for an answer at most; `hour` is local, of the asking.

    Once a person has the thread each turn has its own time.
    """
    if state == "WITH_STAFF":
        return NEXT_WORD
    return FIRST_WORD_AT_NIGHT if hour >= NIGHT_FROM or hour < NIGHT_UNTIL else FIRST_WORD
