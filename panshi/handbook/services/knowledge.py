"""Verbs about what is known and what was looked for."""

from datetime import datetime

from panshi.handbook.events import SearchMissed
from panshi.handbook.models import SearchMiss
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb


@verb
def note_search_miss(
    *, query: str, actor: Actor, at: datetime, audience: str = "STAFF"
) -> SearchMissed:
    """Remember a search that found nothing worth opening."""
    actor.must("handbook.view", actor.org_id)
    SearchMiss.objects.create(org_id=actor.org_id, query=query[:200], audience=audience, at=at)
    return SearchMissed(org_id=actor.org_id, actor_id=actor.id, at=at, query=query[:200])
