"""Facts about what operators write beside the book's text."""

from dataclasses import dataclass

from panshi.kit.facts import Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalNoteSet(Fact):
    """A unit's own words beside a node; without words its note was taken back."""

    node_slug: str
    words: str
