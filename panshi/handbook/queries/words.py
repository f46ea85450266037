"""Questions about words: what people say for what, and what they looked for in vain."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import Count, Max

from panshi.handbook.models import SearchMiss, Synonym
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question
from panshi.org import queries as org

WEEK: Final = timedelta(days=7)
_MOST: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class SynonymRow:
    """What is said, what it means, and who added it; nobody did where it is of the files."""

    said: str
    meant: tuple[str, ...]
    by: str
    at: datetime | None
    own: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MissRow:
    """What was looked for in vain, how often, and when last."""

    query: str
    times: int
    last_at: datetime


@question
def synonyms(*, actor: Actor) -> Sequence[SynonymRow]:
    """Words that the search understands, those that people added first."""
    rows = list(Synonym.objects.order_by("said", "org_id"))
    people = tuple({r.added_by_id for r in rows if r.added_by_id})
    names: dict[UUID, str] = org.names_of(user_ids=people, actor=actor) if people else {}
    found = [
        SynonymRow(
            said=r.said,
            meant=tuple(r.meant),
            by=names.get(r.added_by_id, "") if r.added_by_id else "",
            at=r.added_at,
            own=r.added_by_id is not None and r.org_id == actor.org_id,
        )
        for r in rows
    ]
    return sorted(found, key=lambda r: (r.at is None, r.said))


@question
def search_misses(*, actor: Actor, at: datetime) -> Sequence[MissRow]:
    """What was looked for in vain in the last week, the most frequent first."""
    rows = SearchMiss.objects.visible_to(actor).filter(at__gt=at - WEEK)
    counted = rows.values("query").annotate(times=Count("id"), last=Max("at"))
    return [
        MissRow(query=r["query"], times=r["times"], last_at=r["last"])
        for r in counted.order_by("-times", "-last")[:_MOST]
    ]
