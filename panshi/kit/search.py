"""The command palette asks every room: find by number, name or plate.

    search.register("leasing", _("Leases"), queries.find_leases, permission="leasing.view")

`find(actor=…, text=…, limit=…)` answers at most `limit` hits, best first, within some 30 ms.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.utils.functional import Promise

from panshi.kit.tenancy import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One thing found: `title` is its number or name, `detail` tells it from its like."""

    title: str
    url: str
    detail: str = ""
    icon: str = "circle"


@dataclass(frozen=True, slots=True)
class Group:
    label: str
    hits: Sequence[Hit]


@dataclass(frozen=True, slots=True)
class _Finder:
    label: str | Promise
    find: Callable[..., Sequence[Hit]]
    permission: str


_FINDERS: dict[str, _Finder] = {}


def register(
    name: str, label: str | Promise, find: Callable[..., Sequence[Hit]], *, permission: str = ""
) -> None:
    """Offer a search; called once by a room's AppConfig.ready."""
    _FINDERS[name] = _Finder(label, find, permission)


def ask(*, text: str, actor: Actor, limit: int = 5) -> list[Group]:
    """Hits of all rooms this actor may search, by room; rooms without a hit are left out."""
    groups = []
    for finder in _FINDERS.values():
        if finder.permission and not actor.may(finder.permission):
            continue
        hits = finder.find(actor=actor, text=text, limit=limit)
        if hits:
            groups.append(Group(str(finder.label), hits))
    return groups
