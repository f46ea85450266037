"""The verbs by which a unit writes its own words beside a node, and takes them back."""

from datetime import datetime
from typing import Final

from django.utils.translation import gettext as _

from panshi.handbook import book
from panshi.handbook.models import LocalNote, Node
from panshi.handbook.note_events import LocalNoteSet
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb

LONGEST: Final = 1000  # Characters.


class NoteTooLong(Refusal):
    pass


class NoteEmpty(Refusal):
    """There is nothing to write, or nothing to take back."""


def _add(node_slug: str, words: str, org_id: int, actor: Actor, at: datetime) -> LocalNoteSet:
    edition = book.book_for(org_id, actor, at)
    node = Node.objects.get(slug=node_slug, org_id=edition.org_id if edition else org_id)
    LocalNote.objects.create(
        org_id=org_id,
        node=node,
        words=words,
        taken_back=not words,
        written_by_id=actor.id,
        written_at=at,
    )
    return LocalNoteSet(org_id=org_id, actor_id=actor.id, at=at, node_slug=node_slug, words=words)


@verb
def set_local_note(
    *, node_slug: str, words: str, org_id: int, actor: Actor, at: datetime
) -> LocalNoteSet:
    """Put a unit's own words beside a node, in place of those it wrote before.

    Read by the unit and those below it; the book's text stays as it is. Raises NoteEmpty,
    NoteTooLong, Node.DoesNotExist.
    """
    actor.must("handbook.set_local_note", org_id)
    words = words.strip()
    if not words:
        raise NoteEmpty(_("Say what those who work here should know."))
    if len(words) > LONGEST:
        raise NoteTooLong(_("A local note has at most %d characters.") % LONGEST)
    return _add(node_slug, words, org_id, actor, at)


@verb
def take_back_local_note(
    *, node_slug: str, org_id: int, actor: Actor, at: datetime
) -> LocalNoteSet:
    """Take a unit's note back from a node. Raises NoteEmpty when it has none."""
    actor.must("handbook.set_local_note", org_id)
    rows = LocalNote.objects.filter(node__slug=node_slug, org_id=org_id)
    latest = rows.order_by("-written_at", "-id").first()
    if latest is None or latest.taken_back:
        raise NoteEmpty(_("There is no local note to take back."))
    return _add(node_slug, "", org_id, actor, at)
