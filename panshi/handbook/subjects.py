"""What a run is about, by the words people know it by: a plate, a number, a name."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from panshi.billing import queries as billing
from panshi.crm import queries as crm
from panshi.fleet import queries as fleet
from panshi.kit.clock import local_day
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.wording import listed
from panshi.leasing import queries as leasing
from panshi.service import queries as service

_MOST: Final = 5
# The organisation itself is nothing to be asked for.
OWN: Final = frozenset({"org.node", "org.city"})


class SubjectUnknown(Refusal):
    """Nothing answers to these words, or more than one thing does."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """What to ask a person for, and what answers: (id, the words it is known by)."""

    label: Promise | str
    find: Callable[[str, Actor], Sequence[tuple[str, Sequence[str]]]]


def _vehicles(text: str, actor: Actor) -> list[tuple[str, Sequence[str]]]:
    rows = fleet.vehicle_list(text=text, limit=_MOST, actor=actor).rows
    return [(str(row.id), (row.plate, row.vin)) for row in rows]


def _leases(text: str, actor: Actor) -> list[tuple[str, Sequence[str]]]:
    rows = leasing.leases(text=text, limit=_MOST, actor=actor).rows
    return [(str(row.id), (row.number,)) for row in rows]


def _customers(text: str, actor: Actor) -> list[tuple[str, Sequence[str]]]:
    rows = crm.customer_list(text=text, limit=_MOST, actor=actor).rows
    return [(str(row.id), (row.name,)) for row in rows]


def _orders(text: str, actor: Actor) -> list[tuple[str, Sequence[str]]]:
    rows = service.work_orders(text=text, size=_MOST, actor=actor).rows
    return [(str(row.id), (row.number,)) for row in rows]


def _bills(text: str, actor: Actor) -> list[tuple[str, Sequence[str]]]:
    today = local_day(timezone.now())
    rows = billing.bill_rows(number=text, today=today, limit=_MOST, actor=actor).rows
    return [(str(row.id), (row.number,)) for row in rows]


_KINDS: Final[Mapping[str, _Kind]] = {
    "fleet.vehicle": _Kind(lazy("Plate or VIN"), _vehicles),
    "leasing.lease": _Kind(lazy("Lease number"), _leases),
    "crm.customer": _Kind(lazy("Customer's name or telephone"), _customers),
    "service.work_order": _Kind(lazy("Order number"), _orders),
    "billing.bill": _Kind(lazy("Bill number"), _bills),
}


def asked_for(subject_type: str) -> str:
    """What the form asks a person for; empty when there is nothing to ask."""
    if subject_type in OWN:
        return ""
    kind = _KINDS.get(subject_type)
    return str(kind.label) if kind else _("Number or name of what it is about")


def find(subject_type: str, text: str, actor: Actor) -> str:
    """The id of what these words name; of a kind that is not looked up, the words themselves.

    Raises SubjectUnknown when nothing answers, or more than one thing and none exactly.
    """
    if subject_type in OWN:
        return str(actor.org_id)
    kind = _KINDS.get(subject_type)
    if kind is None:
        return text
    found = kind.find(text, actor) if text else []
    exact = [key for key, words in found if text.casefold() in {word.casefold() for word in words}]
    ids = exact or [key for key, _words in found]
    if len(ids) == 1:
        return ids[0]
    if not ids:
        raise SubjectUnknown(_("Nothing here is called “%(text)s”.") % {"text": text})
    names = listed(words[0] or words[-1] for _key, words in found)
    raise SubjectUnknown(_("More than one is meant: %(names)s. Say which.") % {"names": names})


def some(actor: Actor) -> dict[str, list[str]]:
    """The ids of a few records of each kind that are there."""
    found = {kind: what.find("", actor) for kind, what in _KINDS.items()}
    own = {key: [str(actor.org_id)] for key in OWN}
    return own | {kind: [key for key, _words in rows] for kind, rows in found.items() if rows}
