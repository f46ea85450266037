"""The home page is composed by the rooms: each offers panels, the shell shows those permitted.

    home.register(home.Panel(
        name="overdue-bills", zone="todo", title=_("Overdue bills"), permission="billing.view",
        template="billing/home_overdue.html", rows=queries.home_overdue, facts=("billing.*",)))

`rows(actor=…)` is asked when the panel is drawn and handed to the template as `rows`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from django.utils.functional import Promise

from panshi.kit.tenancy import Actor

ZONES: Final = ("todo", "figures", "alarms", "more")


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One panel. `facts` are names, `room.*` allowed, upon which it is drawn anew by itself.

    Zones: "todo" (what waits for this person), "figures" (a row of tiles: `rows` answers
    `records.Tile`s and the template may be left out), "alarms", "more". `wide` spans both columns.
    """

    name: str
    zone: str
    title: str | Promise
    rows: Callable[..., Any]
    template: str = ""
    permission: str = ""
    order: int = 50
    facts: tuple[str, ...] = ()
    wide: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter:
    """The count on the inbox button of the top bar, and the page behind it."""

    count: Callable[..., int]
    url_name: str
    facts: tuple[str, ...] = ()


_PANELS: dict[str, Panel] = {}
_INBOX: list[Counter] = []


def register(*panels: Panel) -> None:
    """Offer panels; called once by a room's AppConfig.ready."""
    for panel in panels:
        if panel.zone not in ZONES:
            raise ValueError(f"no zone {panel.zone}")
        _PANELS[panel.name] = panel


def register_inbox(counter: Counter) -> None:
    """Say how many messages wait; called by the one room that keeps them."""
    _INBOX[:] = [counter]


def inbox() -> Counter | None:
    return _INBOX[0] if _INBOX else None


def panels_for(actor: Actor, zone: str) -> list[Panel]:
    """The panels of a zone that this actor may see, in order."""
    permitted = [
        p
        for p in _PANELS.values()
        if p.zone == zone and (not p.permission or actor.may(p.permission))
    ]
    return sorted(permitted, key=lambda p: (p.order, p.name))


def panel(name: str, actor: Actor) -> Panel | None:
    """One panel by name, or None when there is none or it is not permitted."""
    found = _PANELS.get(name)
    if found is None or (found.permission and not actor.may(found.permission)):
        return None
    return found
