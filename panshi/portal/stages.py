"""The way of a job as a customer reads it: from the booking to the finished work."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from panshi.service.queries import Progress

_DONE: Final = frozenset({"RELEASED", "BILLED", "CLOSED"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A station of the way; `mark` is done, now or ahead."""

    words: Promise | str
    mark: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Eta:
    """When to expect the engineer, as an interval."""

    since: datetime
    until: datetime
    words: str


def way_of(progress: Progress) -> list[Stage]:
    """The stations in order; the first that is not reached yet is the one at hand."""
    finished = progress.state in _DONE
    reached: list[tuple[Promise | str, bool, datetime | None]] = [
        (lazy("Booked"), progress.visit_state not in (None, "PLANNED"), None),
        (lazy("The engineer has accepted"), progress.accepted_at is not None, progress.accepted_at),
        (lazy("On the way"), progress.travel_started_at is not None, progress.travel_started_at),
        (lazy("At the vehicle"), progress.arrived_at is not None, progress.arrived_at),
        (lazy("Work done"), progress.done_at is not None, progress.done_at),
        (lazy("Checked and handed back"), finished, None),
    ]
    last = max((i for i, (_words, done, _at) in enumerate(reached) if done), default=-1)
    if progress.state == "CANCELLED":
        return [Stage(words=lazy("Cancelled"), mark="now")]
    return [
        Stage(words=words, mark=_mark(index, last, finished=finished), at=at)
        for index, (words, _done, at) in enumerate(reached)
    ]


def _mark(index: int, last: int, *, finished: bool) -> str:
    if index < last or finished:
        return "done"
    return "now" if index == max(last, 0) else "ahead"


def eta_of(progress: Progress) -> Eta | None:
    """The interval of arrival, with the words that go with it; None when nobody is expected."""
    if progress.eta_from is None or progress.eta_until is None:
        return None
    if progress.visit_state == "TRAVELLING":
        words = _("%(name)s is on the way to you") % {"name": progress.engineer_name}
    else:
        words = _("Expected arrival")
    return Eta(since=progress.eta_from, until=progress.eta_until, words=words)
