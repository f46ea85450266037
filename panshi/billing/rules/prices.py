"""Which row of a price book a price comes from: the most specific one, and never two."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations
from typing import Protocol, TypeVar


class Place(Protocol):
    """A row of a price book as far as it says where it holds; empty, 0 and None stand for all.

    From `term_months` on, from `volume_from` vehicles on, in the months `season_from` to
    `season_to` of the year (10 to 2 goes over the new year).
    """

    @property
    def product_code(self) -> str: ...

    @property
    def model_code(self) -> str: ...

    @property
    def city(self) -> str: ...

    @property
    def region_id(self) -> int | None: ...

    @property
    def term_months(self) -> int: ...

    @property
    def volume_from(self) -> int: ...

    @property
    def season_from(self) -> int: ...

    @property
    def season_to(self) -> int: ...


P = TypeVar("P", bound=Place)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a price is asked for; `month` is the month of the first day."""

    product_code: str
    model_code: str
    city: str
    region_id: int | None
    months: int
    volume: int
    month: int


def months_of(row: Place) -> frozenset[int]:
    """The months of the year in which a row holds."""
    first, last = row.season_from, row.season_to
    if not first:
        return frozenset(range(1, 13))
    if first <= last:
        return frozenset(range(first, last + 1))
    return frozenset(range(first, 13)) | frozenset(range(1, last + 1))


def fits(row: Place, asked: Asked) -> bool:
    """Whether a row holds for what is asked."""
    return (
        row.product_code == asked.product_code
        and row.model_code in ("", asked.model_code)
        and row.city in ("", asked.city)
        and row.region_id in (None, asked.region_id)
        and row.term_months <= asked.months
        and row.volume_from <= asked.volume
        and asked.month in months_of(row)
    )


def rank(row: Place) -> tuple[int, ...]:
    """How specific a row is: model before city before region; then term, volume, season."""
    return (
        int(row.model_code != ""),
        int(row.city != ""),
        int(row.region_id is not None),
        row.term_months,
        row.volume_from,
        int(row.season_from != 0),
    )


def most_specific(rows: Iterable[P], asked: Asked) -> P | None:
    """The row that says most about what is asked, or None when no row holds for it."""
    return max((row for row in rows if fits(row, asked)), key=rank, default=None)


def ties(rows: Iterable[P]) -> list[tuple[P, P]]:
    """Pairs of rows between which nothing decides: both hold somewhere and are as specific.

    A city lies in one region only, so rows of different regions never hold at once.
    """
    return [
        (one, other)
        for one, other in combinations(rows, 2)
        if rank(one) == rank(other)
        and one.product_code == other.product_code
        and one.model_code == other.model_code
        and one.city == other.city
        and one.region_id == other.region_id
        and months_of(one) & months_of(other)
    ]
