"""Verbs about what is known, how people call it, and what was looked for."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from django.utils.translation import gettext as _

from panshi.handbook.events import SearchMissed, SynonymSet
from panshi.handbook.models import SearchMiss, Synonym
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb

LONGEST: Final = 40


class SynonymUnfit(Refusal):
    """A word is missing, too long, or means itself."""


@verb
def note_search_miss(
    *, query: str, actor: Actor, at: datetime, audience: str = "STAFF"
) -> SearchMissed:
    """Remember a search that found nothing worth opening."""
    actor.must("handbook.view", actor.org_id)
    SearchMiss.objects.create(org_id=actor.org_id, query=query[:200], audience=audience, at=at)
    return SearchMissed(org_id=actor.org_id, actor_id=actor.id, at=at, query=query[:200])


@verb
def add_synonym(*, said: str, meant: Sequence[str], actor: Actor, at: datetime) -> SynonymSet:
    """Let the search look for what people mean when they say something else.

    The same word said again means what was said last; a word of the platform means both, here.
    Raises SynonymUnfit.
    """
    actor.must("handbook.add_synonym", actor.org_id)
    word, words = said.strip(), sorted({one.strip() for one in meant} - {""})
    if not word or not words or word in words or max(map(len, (word, *words))) > LONGEST:
        raise SynonymUnfit(
            _("Say one word that people use and what it means, of at most %d letters.") % LONGEST
        )
    Synonym.objects.update_or_create(
        org_id=actor.org_id,
        said=word,
        defaults={"meant": words, "added_by_id": actor.id, "added_at": at},
    )
    return SynonymSet(org_id=actor.org_id, actor_id=actor.id, at=at, said=word, meant=tuple(words))


@verb
def remove_synonym(*, said: str, actor: Actor, at: datetime) -> SynonymSet:
    """Take back a word that somebody added here. Raises SynonymUnfit for one of the files."""
    actor.must("handbook.add_synonym", actor.org_id)
    rows = Synonym.objects.filter(org_id=actor.org_id, said=said, added_by_id__isnull=False)
    if not rows.delete()[0]:
        raise SynonymUnfit(_("Nobody added this word here."))
    return SynonymSet(org_id=actor.org_id, actor_id=actor.id, at=at, said=said)
