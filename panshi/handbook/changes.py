"""What differs between two editions, read from the database: only texts that changed are parsed."""

from collections.abc import Collection, Mapping

from panshi.handbook.models import Edition, EditionItem, Revision
from panshi.handbook.rules import texts
from panshi.handbook.rules.differences import Limits, limits_between
from panshi.handbook.rules.parameters import Parameter, parameters_of
from panshi.handbook.rules.texts import NodeDocument

Documents = Mapping[str, NodeDocument]
PARAMS = "params.yaml"


def _held(edition: Edition | None, slug: str) -> dict[str, EditionItem]:
    if edition is None:
        return {}
    rows = EditionItem.objects.filter(edition=edition).select_related("node")
    if slug:
        rows = rows.filter(node__slug=slug)
    return {row.node.slug: row for row in rows}


def _read(
    mine: Mapping[str, EditionItem],
    other: Mapping[str, EditionItem],
    wanted: Collection[str],
) -> Documents:
    differ = {
        slug: row.revision_id
        for slug, row in mine.items()
        if slug in wanted or slug not in other or other[slug].revision_id != row.revision_id
    }
    rows = Revision.objects.filter(id__in=differ.values())
    files = dict(rows.values_list("id", "files"))
    return {slug: texts.document_of(files[key]) for slug, key in differ.items()}


def parameters_in(files: Mapping[str, str]) -> dict[str, Parameter]:
    """The parameters that the files of an edition lay down."""
    if PARAMS not in files:
        return {}
    return parameters_of(texts.load_yaml(files[PARAMS], PARAMS)["params"])


def changed_limits(before: Edition | None, after: Edition) -> Limits:
    """The limits that an edition moved, by name, before and after."""
    if before is None or before.files.get(PARAMS) == after.files.get(PARAMS):
        return {}
    return limits_between(parameters_in(before.files), parameters_in(after.files))


def _looking_at(limits: Limits, held: Mapping[str, EditionItem]) -> set[str]:
    """The nodes whose procedure names one of these limits."""
    if not limits:
        return set()
    rows = Revision.objects.filter(id__in={row.revision_id for row in held.values()})
    names = tuple(f"$param.{name}" for name in limits)
    using = {
        key
        for key, files in rows.values_list("id", "files")
        if any(name in files.get("sop.yaml", "") for name in names)
    }
    return {slug for slug, row in held.items() if row.revision_id in using}


def changed_documents(
    before: Edition | None, after: Edition, *, slug: str = ""
) -> tuple[Documents, Documents]:
    """The texts, before and after, of those nodes whose revision or limit differs, or of one."""
    olds, news = _held(before, slug), _held(after, slug)
    using = _looking_at(changed_limits(before, after), news)
    return _read(olds, news, using), _read(news, olds, using)
