"""Questions about limits: what the book says, what an operator has set, and where each is used."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from uuid import UUID

from django.http import Http404

from panshi.handbook import book, wording
from panshi.handbook.models import EditionItem, ParameterValue
from panshi.handbook.rules.parameters import Parameter, names_used
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question
from panshi.org import queries as org


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterRow:
    """One limit in the list; `own` is this node's value now, `models` how many models differ."""

    name: str
    title: str
    value: object
    unit: str
    low: Decimal | None
    high: Decimal | None
    settable: bool
    per_model: bool
    own: Decimal | None
    models: int
    nodes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingRow:
    """One change of a limit; `counts` when it is the one in force now for its model."""

    model_code: str
    value: Decimal | None
    effective_from: datetime
    reason: str
    by: str
    counts: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterPage:
    row: ParameterRow
    zh: str
    settings: tuple[SettingRow, ...]
    nodes: tuple[tuple[str, str, str], ...]


@lru_cache(maxsize=4)
def _used_by(edition_id: UUID) -> dict[str, tuple[tuple[str, str, str, str], ...]]:
    """The nodes, as (slug, code, zh, en), whose procedures look at each parameter."""
    found: dict[str, list[tuple[str, str, str, str]]] = {}
    items = EditionItem.objects.filter(edition_id=edition_id).select_related("node", "revision")
    for item in items.order_by("node__position"):
        for name in names_used(book.procedure_of(item.revision)):
            node = item.node
            found.setdefault(name, []).append((node.slug, node.code, node.zh, node.en))
    return {name: tuple(nodes) for name, nodes in found.items()}


def _in_force(rows: Sequence[ParameterValue], at: datetime) -> dict[str, ParameterValue]:
    """By model code, the latest of these rows that has begun."""
    begun = sorted((r for r in rows if r.effective_from <= at), key=lambda r: r.effective_from)
    return {row.model_code: row for row in begun}


def _row(
    parameter: Parameter, rows: Sequence[ParameterValue], nodes: int, at: datetime
) -> ParameterRow:
    now = _in_force(rows, at)
    return ParameterRow(
        name=parameter.name,
        title=wording.spoken(parameter.zh, parameter.words),
        value=parameter.value,
        unit=wording.unit(parameter.unit),
        low=parameter.low,
        high=parameter.high,
        settable=parameter.settable,
        per_model=parameter.per_model,
        own=now[""].value if "" in now else None,
        models=sum(1 for code, row in now.items() if code and row.value is not None),
        nodes=nodes,
    )


@question
def parameters(
    *, actor: Actor, at: datetime, text: str = "", settable: bool | None = None
) -> list[ParameterRow]:
    """The limits of the edition in force, in its order, as this node goes by them."""
    edition = book.book_at(at)
    if edition is None:
        return []
    own: dict[str, list[ParameterValue]] = {}
    for row in ParameterValue.objects.filter(org_id=actor.org_id):
        own.setdefault(row.name, []).append(row)
    used = _used_by(edition.id)
    wanted = text.casefold()
    return [
        _row(p, own.get(p.name, ()), len(used.get(p.name, ())), at)
        for p in edition.parameters.values()
        if (settable is None or p.settable == settable)
        and wanted in f"{p.zh} {p.words} {p.name}".casefold()
    ]


@question
def parameter_page(*, name: str, actor: Actor, at: datetime) -> ParameterPage:
    """One limit with every change of it here, newest first. Raises Http404."""
    edition = book.book_at(at)
    parameter = edition.parameters.get(name) if edition else None
    if edition is None or parameter is None:
        raise Http404(name)
    rows = list(
        ParameterValue.objects.filter(org_id=actor.org_id, name=name).order_by("-effective_from")
    )
    counts = {row.id for row in _in_force(rows, at).values()}
    names = org.names_of(user_ids=tuple({r.set_by_id for r in rows}), actor=actor)
    nodes = _used_by(edition.id).get(name, ())
    return ParameterPage(
        row=_row(parameter, rows, len(nodes), at),
        zh=parameter.zh,
        settings=tuple(
            SettingRow(
                model_code=r.model_code,
                value=r.value,
                effective_from=r.effective_from,
                reason=r.reason,
                by=names.get(r.set_by_id, ""),
                counts=r.id in counts,
            )
            for r in rows
        ),
        nodes=tuple((slug, code, wording.spoken(zh, en)) for slug, code, zh, en in nodes),
    )
