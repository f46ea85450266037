"""The console's side bar: each room lists its pages, the shell shows those permitted."""

from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise

from panshi.kit.tenancy import Actor

SECTIONS: Final = (
    "home", "fleet", "leasing", "service", "telematics", "finance", "customers", "supply",
    "people", "handbook", "cockpit", "settings",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One entry; `url_name` is reversed without arguments, `permission` as `room.act` or empty."""

    section: str
    label: str | Promise
    url_name: str
    permission: str = ""
    icon: str = "circle"
    order: int = 50


_PAGES: list[Page] = []


def register(*pages: Page) -> None:
    """List pages; called once by a room's AppConfig.ready."""
    for page in pages:
        if page.section not in SECTIONS:
            raise ValueError(f"no section {page.section}")
        if page not in _PAGES:
            _PAGES.append(page)


def pages_for(actor: Actor) -> list[Page]:
    """The pages this actor may open, in the order of the working day."""
    permitted = [p for p in _PAGES if not p.permission or actor.may(p.permission)]
    return sorted(permitted, key=lambda p: (SECTIONS.index(p.section), p.order))
