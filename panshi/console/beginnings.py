"""What to do first in a part of the company that has no vehicle yet, in the order it is needed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from panshi.console.context import Shell
from panshi.fleet import queries as fleet
from panshi.kit.tenancy import Actor

_STEPS: Final = (
    ("console-staff", _("Enter your people and their roles: each sees the pages of the role.")),
    ("billing-prices", _("Look at the products and prices that quotes will use.")),
    ("supply-locations", _("Open a service station, so that jobs can be booked in your city.")),
    ("leasing-move-in", _("Bring vehicles, customers and leases in from one workbook.")),
    ("telematics-devices", _("Enter the terminals: with its first report a vehicle is live.")),
)


@dataclass(frozen=True, slots=True)
class Step:
    """A thing to do and the page where it is done."""

    words: str | Promise
    url: str
    page: str


def steps_for(actor: Actor, shell: Shell) -> Sequence[Step]:
    """The first steps that this person may take, of the pages in its shell; none with a vehicle."""
    if not actor.may("fleet.view") or fleet.any_vehicle(actor=actor):
        return ()
    pages = {entry.url: entry.label for _section, entry in shell.pages}
    found = [(words, reverse(name)) for name, words in _STEPS]
    return [Step(words, url, pages[url]) for words, url in found if url in pages]
