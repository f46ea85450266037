"""What the frame of a page shows: navigation, part of the company, person, language, colours."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.translation import get_language, gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from panshi.kit import home, navigation, progress
from panshi.kit.tenancy import Actor
from panshi.org import queries

SECTION_LABELS: Final = {
    "home": "",
    "fleet": pgettext_lazy("section", "Vehicles"),
    "leasing": _("Leasing"),
    "service": _("Service"),
    "telematics": _("Connected vehicles"),
    "finance": _("Finance"),
    "customers": pgettext_lazy("section", "Customers"),
    "supply": _("Supply"),
    "people": _("People and quality"),
    "handbook": _("Handbook"),
    "cockpit": _("Cockpit"),
    "settings": _("Settings"),
}


@dataclass(frozen=True, slots=True)
class Entry:
    label: str
    url: str
    icon: str
    current: bool


@dataclass(frozen=True, slots=True)
class Section:
    label: str
    pages: Sequence[Entry]


class Shell:
    """Asked piece by piece while a page is drawn, so that a partial costs nothing."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request
        self._actor: Actor | None = getattr(request, "actor", None)

    def _cookie(self, name: str, allowed: Sequence[str]) -> str:
        value = self._request.COOKIES.get(name, "")
        return value if value in allowed else allowed[0]

    @property
    def theme(self) -> str:
        return self._cookie("theme", ("system", "light", "dark"))

    @property
    def side(self) -> str:
        return self._cookie("side", ("open", "folded"))

    @property
    def density(self) -> str:
        return self._cookie("density", ("compact", "roomy"))

    @property
    def language(self) -> str:
        return get_language() or settings.LANGUAGE_CODE

    @property
    def other_language(self) -> str:
        return next(code for code, _name in settings.LANGUAGES if code != self.language)

    @property
    def other_language_name(self) -> str:
        return dict(settings.LANGUAGES)[self.other_language]

    @cached_property
    def pages(self) -> list[tuple[str, Entry]]:
        """The pages permitted, with their section; a page without an address yet is left out."""
        if self._actor is None:
            return []
        found = []
        for page in navigation.pages_for(self._actor):
            try:
                url = reverse(page.url_name)
            except NoReverseMatch:
                continue
            found.append((page.section, Entry(str(page.label), url, page.icon, False)))
        here = self._longest_prefix([entry.url for _section, entry in found])
        return [(section, Entry(e.label, e.url, e.icon, e.url == here)) for section, e in found]

    def _longest_prefix(self, urls: Sequence[str]) -> str:
        path = self._request.path
        fitting = [u for u in urls if path == u or (u != "/" and path.startswith(u))]
        return max(fitting, key=len, default="")

    @property
    def sections(self) -> list[Section]:
        made = []
        for code in navigation.SECTIONS:
            entries = [entry for section, entry in self.pages if section == code]
            if entries:
                made.append(Section(str(SECTION_LABELS[code]), entries))
        return made

    @property
    def here(self) -> str:
        """The section of this page, for the path above the title."""
        codes = [section for section, entry in self.pages if entry.current]
        return str(SECTION_LABELS[codes[0]]) if codes else ""

    @cached_property
    def node_name(self) -> str:
        """The part of the company this person works in; a customer has none."""
        if self._actor is None or self._actor.customer_id is not None:
            return ""
        return queries.node(node_id=self._actor.org_id, actor=self._actor).name

    @property
    def person(self) -> str:
        return self._actor.name if self._actor else ""

    @property
    def roles(self) -> str:
        labels = queries.role_labels()
        return ", ".join(labels[code] for code in sorted(self._actor.roles)) if self._actor else ""

    @cached_property
    def running_tasks(self) -> int:
        return progress.running_tasks(actor=self._actor) if self._actor else 0

    @property
    def inbox_url(self) -> str:
        counter = home.inbox()
        return reverse(counter.url_name) if counter and self._actor else ""

    @property
    def inbox_facts(self) -> str:
        counter = home.inbox()
        return " ".join(counter.facts) if counter else ""

    @cached_property
    def inbox_count(self) -> int:
        counter = home.inbox()
        return counter.count(actor=self._actor) if counter and self._actor else 0

    @property
    def words(self) -> str:
        """Sentences that scripts show, as JSON."""
        return json.dumps(
            {
                "close": gettext("Close"),
                "yes": gettext("Yes, do it"),
                "forbidden": gettext("You are not permitted to do this."),
                "gone": gettext("This is no longer there."),
                "fault": gettext("Something failed on our side. Reference: {reference}"),
                "network": gettext("No answer from the server. Nothing was lost; try again."),
            },
            ensure_ascii=False,
        )


def shell(request: HttpRequest) -> dict[str, Any]:
    """The context processor: `shell` in every template."""
    return {"shell": Shell(request)}
