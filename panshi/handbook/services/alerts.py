"""What the count of adherence finds amiss: told once, and over when it no longer is so."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db import connection

from panshi.handbook.events import AdherenceFell, ManyRunsVoided
from panshi.handbook.models import AdherenceAlert, AlertKind
from panshi.handbook.queries.spans import SUMS
from panshi.handbook.rules import measure
from panshi.handbook.rules.measure import Tally
from panshi.handbook.services.starting import start_runs
from panshi.kit import outbox
from panshi.kit.tenancy import Actor
from panshi.org import queries as org

_TWICE: Final = f"""
SELECT n.id, n.slug, d.city, d.day >= %(turn)s, {SUMS}
FROM handbook_adherenceday d JOIN handbook_node n ON n.id = d.node_id
WHERE d.day >= %(since)s AND d.day < %(until)s GROUP BY 1, 2, 3, 4
"""
_PERIOD: Final = timedelta(days=28)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Something amiss with a node in a city; shares in percent."""

    kind: AlertKind
    node_id: UUID
    slug: str
    city: str
    before: Decimal | None
    now: Decimal
    runs: int


def find(today: date) -> list[Found]:
    """What is amiss with the 28 days before today, by node and city."""
    turn = today - _PERIOD
    with connection.cursor() as cursor:
        cursor.execute(_TWICE, {"since": turn - _PERIOD, "turn": turn, "until": today})
        rows = cursor.fetchall()
    cells: dict[tuple[UUID, str, str], dict[bool, Tally]] = {}
    for node_id, slug, city, recent, *counts in rows:
        cells.setdefault((node_id, slug, city), {})[recent] = Tally(*map(int, counts))
    return [
        one
        for place, cell in sorted(cells.items(), key=lambda pair: pair[0][1:])
        for one in _amiss(place, cell.get(False, Tally()), cell.get(True, Tally()))
    ]


def _amiss(place: tuple[UUID, str, str], before: Tally, now: Tally) -> Iterator[Found]:
    node_id, slug, city = place
    if measure.fell(before, now):
        yield Found(
            kind=AlertKind.FELL, node_id=node_id, slug=slug, city=city,
            before=_percent(before.adherence), now=_percent(now.adherence), runs=now.expected,
        )  # fmt: skip
    every = now.expected + now.voided
    if now.many_voids and every >= measure.ENOUGH:
        yield Found(
            kind=AlertKind.VOIDS, node_id=node_id, slug=slug, city=city, before=None,
            now=_percent(now.voided / every), runs=every,
        )  # fmt: skip


def _percent(share: float | None) -> Decimal:
    return round(Decimal((share or 0) * 100), 1)


def keep(found: list[Found], actor: Actor, at: datetime) -> None:
    """Tell what is new among what was found, and end what is no longer so."""
    owner = org.platform_id()
    if owner is None:
        return
    standing = {
        (row.kind, row.node_id, row.city): row
        for row in AdherenceAlert.objects.filter(org_id=owner, over_at=None)
    }
    fresh = [one for one in found if (one.kind, one.node_id, one.city) not in standing]
    still = {(one.kind, one.node_id, one.city) for one in found}
    over = [row.id for key, row in standing.items() if key not in still]
    AdherenceAlert.objects.filter(id__in=over).update(over_at=at)
    AdherenceAlert.objects.bulk_create(
        AdherenceAlert(
            org_id=owner, kind=one.kind, node_id=one.node_id, city=one.city, found_at=at,
            before_percent=one.before, percent=one.now, runs=one.runs,
        )
        for one in fresh
    )  # fmt: skip
    facts = [_fact(one, owner, actor, at) for one in fresh]
    outbox.publish_all(facts, verb="handbook.roll_up_adherence")
    if facts:
        start_runs(facts=facts, actor=actor, at=at)


def _fact(one: Found, owner: int, actor: Actor, at: datetime) -> AdherenceFell | ManyRunsVoided:
    if one.before is None:
        return ManyRunsVoided(
            org_id=owner, actor_id=actor.id, at=at, node_id=one.node_id, node_slug=one.slug,
            city=one.city, percent=one.now, runs=one.runs,
        )  # fmt: skip
    return AdherenceFell(
        org_id=owner, actor_id=actor.id, at=at, node_id=one.node_id, node_slug=one.slug,
        city=one.city, before_percent=one.before, percent=one.now, runs=one.runs,
    )  # fmt: skip
