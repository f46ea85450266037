"""What is under way about a thing, as a strip on its page: a room above offers, the page shows.

    strips.register("handbook-runs", permission="handbook.view", offer=runs_about)

`{% strips "fleet.vehicle" vehicle_id %}` in a page draws what the offers answer for that thing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from panshi.kit.tenancy import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """One line: what is under way, how far it is, and by when; `tone` as of `{% state %}`."""

    title: str
    url: str
    state: str = ""
    tone: str = "info"
    done: int = 0
    total: int = 0
    due: datetime | None = None


Offer = Callable[[str, str, Actor], Sequence[Strip]]
_OFFERS: Final[dict[str, tuple[str, Offer]]] = {}


def register(name: str, *, offer: Offer, permission: str = "") -> None:
    """Offer strips by type and id of a thing; called once by a room's AppConfig.ready."""
    _OFFERS[name] = (permission, offer)


def about(subject_type: str, subject_id: object, actor: Actor) -> list[Strip]:
    """All strips about one thing that this actor may see."""
    return [
        strip
        for permission, offer in _OFFERS.values()
        if not permission or actor.may(permission)
        for strip in offer(subject_type, str(subject_id), actor)
    ]
