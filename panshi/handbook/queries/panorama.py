"""The question that shows the whole business on one page."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID
from zlib import crc32

from django.db import connection

from panshi.handbook import book, wording
from panshi.handbook.book import Book
from panshi.handbook.models import OPEN_STATES, Node
from panshi.handbook.queries import spans
from panshi.handbook.queries.curves import mature_cities
from panshi.handbook.queries.spans import COUNTED, COUNTS, SUMS
from panshi.handbook.rules import curves
from panshi.handbook.rules.measure import Tally
from panshi.kit.clock import local_day
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question

LOAD, ADHERENCE, GAP = "load", "adherence", "gap"
MODES: Final = (LOAD, ADHERENCE, GAP)
DAYS: Final = 28
# Runs and days are added up first, then meet the nodes: one statement, whatever the mode.
_MAP: Final = f"""
WITH load AS (
    SELECT r.node_id, count(*) AS open, count(*) FILTER (WHERE r.due_at < %(at)s) AS late
    FROM handbook_run r
    WHERE r.state IN ({", ".join(f"'{state}'" for state in OPEN_STATES)})
      AND (%(org)s::int IS NULL OR r.org_id = %(org)s) AND (%(city)s = '' OR r.city = %(city)s)
    GROUP BY 1
), counted AS ({COUNTED}), days AS (
    SELECT d.node_id, CASE WHEN d.city = ANY(%(mature)s) THEN d.city ELSE '' END AS city, {SUMS}
    FROM counted d
    WHERE (%(city)s = '' OR d.city = %(city)s OR d.city = ANY(%(mature)s))
      AND (%(number)s = ''
        OR d.edition_id IN (SELECT id FROM handbook_edition WHERE number = %(number)s))
    GROUP BY 1, 2
), told AS (
    SELECT node_id, jsonb_agg(jsonb_build_array(city, {COUNTS})) AS tallies FROM days GROUP BY 1
)
SELECT n.id, n.parent_id, n.slug, n.code, n.category, n.zh, n.en, n.owner_role,
    i.id IS NOT NULL, coalesce(l.open, 0), coalesce(l.late, 0), t.tallies
FROM handbook_node n
LEFT JOIN handbook_editionitem i ON i.node_id = n.id AND i.edition_id = %(edition)s
LEFT JOIN load l ON l.node_id = n.id
LEFT JOIN told t ON t.node_id = n.id
WHERE n.org_id = %(owner)s ORDER BY n.position
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class TileRow:
    """One node of the map with its load and its adherence of the period.

    `gap` is how far it lies behind the median of mature cities, from -1 to 1; None when nothing
    can be said of it.
    """

    slug: str
    code: str
    title: str
    title_en: str
    written: bool
    children: int
    open: int
    overdue: int
    adherence: float | None
    expected: int
    gap: float | None = None

    @property
    def mark(self) -> str:
        """What tells this tile as it stands now from how it stood before: eight letters."""
        shares = [round(share, 3) for share in (self.adherence, self.gap) if share is not None]
        said = (self.slug, self.written, self.open, self.overdue, self.expected, shares)
        return f"{crc32(repr(said).encode()):08x}"

    @property
    def points(self) -> str:
        """The gap in points, without its sign."""
        return "" if self.gap is None else f"{abs(self.gap) * 100:.1f}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryCard:
    line: str
    code: str
    title: str
    title_en: str
    tiles: tuple[TileRow, ...]


@dataclass(frozen=True, slots=True)
class _Node:
    """A row of the statement; `tallies` is JSON: lists of a city, or nothing, and its counts."""

    id: UUID
    parent_id: UUID | None
    slug: str
    code: str
    category: str
    zh: str
    en: str
    owner_role: str
    written: bool
    open: int
    late: int
    tallies: str | None

    def by_city(self) -> Iterable[tuple[str, Tally]]:
        told = json.loads(self.tallies) if self.tallies else ()
        return ((city, Tally(*counts)) for city, *counts in told)


def _nodes(
    actor: Actor, at: datetime, city: str, mode: str, days: int, edition: str
) -> tuple[Book | None, list[_Node]]:
    """Every node of the edition in force with its load and counts."""
    held = book.book_at(at)
    if held is None:
        return None, []
    today = local_day(at)
    since, until = today - timedelta(days=days - 1), today + timedelta(days=1)
    mature: list[str] = []
    if mode == GAP:
        since, until = curves.window(today)
        mature = mature_cities(actor, today, city)
    given = {
        **spans.part(actor), "at": at, "city": city, "mature": mature, "since": since,
        "until": until, "number": edition, "edition": held.id, "owner": held.org_id,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_MAP, given)
        return held, [_Node(*row) for row in cursor.fetchall()]


@question
def panorama(
    *,
    actor: Actor,
    at: datetime,
    city: str = "",
    mode: str = LOAD,
    days: int = DAYS,
    edition: str = "",
    role: str = "",
) -> list[CategoryCard]:
    """The whole business on one page: every first-level node, its children's load included.

    `days` of adherence up to today count; the mode of gaps compares the last twelve whole weeks
    of a city, or of all that are not mature, with the mature ones.
    """
    held, nodes = _nodes(actor, at, city, mode, days, edition)
    if held is None:
        return []
    below: dict[UUID, list[_Node]] = {}
    for node in nodes:
        if node.parent_id is not None:
            below.setdefault(node.parent_id, []).append(node)
    tiles: dict[str, list[TileRow]] = {}
    for node in (n for n in nodes if n.parent_id is None and role in ("", n.owner_role)):
        family = [node, *below.get(node.id, [])]
        tiles.setdefault(node.category, []).append(_tile(node, family))
    return [
        CategoryCard(
            line=c.line, code=c.code, title=c.zh, title_en=c.en, tiles=tuple(tiles.get(c.code, ())),
        )
        for c in held.outline.categories
    ]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """A first-level node as its tile shows it, and the nodes below it each for itself."""

    whole: TileRow
    own: TileRow
    children: tuple[TileRow, ...]


@question
def family(
    *,
    slug: str,
    actor: Actor,
    at: datetime,
    city: str = "",
    mode: str = LOAD,
    days: int = DAYS,
    edition: str = "",
) -> Family:
    """What a tile of the panorama adds up; raises Node.DoesNotExist when there is none."""
    _held, nodes = _nodes(actor, at, city, mode, days, edition)
    top = next((n for n in nodes if n.slug == slug and n.parent_id is None), None)
    if top is None:
        raise Node.DoesNotExist(slug)
    below = [n for n in nodes if n.parent_id == top.id]
    return Family(
        whole=_tile(top, [top, *below]),
        own=_tile(top, [top]),
        children=tuple(_tile(n, [n]) for n in below),
    )


def _tile(node: _Node, family: Sequence[_Node]) -> TileRow:
    by_city: dict[str, Tally] = {}
    for one in family:
        for city, tally in one.by_city():
            by_city[city] = by_city.get(city, Tally()) + tally
    own = by_city.pop("", Tally())
    return TileRow(
        slug=node.slug,
        code=node.code,
        title=wording.spoken(node.zh, node.en),
        title_en=node.en,
        written=node.written,
        children=len(family) - 1,
        open=sum(n.open for n in family),
        overdue=sum(n.late for n in family),
        adherence=own.adherence,
        expected=own.expected,
        gap=_gap(own, by_city),
    )


def _gap(own: Tally, mature: Mapping[str, Tally]) -> float | None:
    found = curves.lag("", own, mature)
    return found.gap if found else None
