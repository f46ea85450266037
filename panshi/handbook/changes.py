"""What differs between two editions, read from the database: only texts that changed are parsed."""

from collections.abc import Mapping

from panshi.handbook.models import Edition, EditionItem, Revision
from panshi.handbook.rules import texts
from panshi.handbook.rules.texts import NodeDocument

Documents = Mapping[str, NodeDocument]


def _held(edition: Edition | None, slug: str) -> dict[str, EditionItem]:
    if edition is None:
        return {}
    rows = EditionItem.objects.filter(edition=edition).select_related("node")
    if slug:
        rows = rows.filter(node__slug=slug)
    return {row.node.slug: row for row in rows}


def _read(mine: Mapping[str, EditionItem], other: Mapping[str, EditionItem]) -> Documents:
    differ = {
        slug: row.revision_id
        for slug, row in mine.items()
        if slug not in other or other[slug].revision_id != row.revision_id
    }
    rows = Revision.objects.filter(id__in=differ.values())
    files = dict(rows.values_list("id", "files"))
    return {slug: texts.document_of(files[key]) for slug, key in differ.items()}


def changed_documents(
    before: Edition | None, after: Edition, *, slug: str = ""
) -> tuple[Documents, Documents]:
    """The texts, before and after, of those nodes whose revision differs, or of one such node."""
    olds, news = _held(before, slug), _held(after, slug)
    return _read(olds, news), _read(news, olds)
