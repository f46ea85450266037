"""The book in the reader's language: it is written in Chinese, with English names beside it."""

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

# What a run says of the fact that started it or that it waits for.
FACTS: Final[Mapping[str, Promise]] = {
    "billing.BillOverdue": _("A bill is overdue"),
    "billing.BillPaid": _("The bill is paid"),
    "diagnosis.FindingsRaised": _("The data of the vehicle show a fault"),
    "fleet.DocumentExpiring": _("A paper of the vehicle lapses soon"),
    "fleet.VehicleDeployed": _("The vehicle goes out on lease"),
    "fleet.VehicleIdled": _("The vehicle stands idle"),
    "handbook.RunsTakenOver": _("Taken over from the time before"),
    "leasing.LeaseActivated": _("A lease begins"),
    "playbook.city-launch": _("The playbook of opening a city"),
    "schedule.billing_day": _("The day bills are drafted"),
    "schedule.daily": _("Every day"),
    "schedule.fortnightly": _("Every two weeks"),
    "schedule.half_yearly": _("Every half year"),
    "schedule.holiday": _("A public holiday is near"),
    "schedule.month_end": _("The month is over"),
    "schedule.monthly": _("Every month"),
    "schedule.nightly": _("Every night"),
    "schedule.quarterly": _("Every quarter"),
    "schedule.shift": _("Every shift"),
    "schedule.weekly": _("Every week"),
    "schedule.yearly": _("Every year"),
    "service.BookingConfirmed": _("A visit is booked"),
    "service.EngineerArrived": _("The engineer is at the vehicle"),
    "service.WorkReviewed": _("The customer reviews the work"),
    "telematics.ContactRestored": _("The vehicle reports again"),
    "telematics.VehicleWentOffline": _("The vehicle does not report"),
}


def in_english() -> bool:
    return (get_language() or "").startswith("en")


def spoken(zh: str, en: str) -> str:
    """The English name for English readers where there is one, else the Chinese."""
    return en if en and in_english() else zh


def term(word: str, english: Mapping[str, str]) -> str:
    """A word that a choice offers or a turn is called, for the reader."""
    return spoken(word, english.get(word, ""))


def fact(name: str) -> str:
    """A fact in words; its name where there are none yet."""
    return str(FACTS.get(name, name))


# Why a closed run, job or complaint was proposed as a case.
_CASE_REASONS: Final[Mapping[str, Promise]] = {
    "LATE_TWICE": _("It took more than twice the time it had."),
    "HALTED": _("It was halted on the way."),
    "REOPENED": _("Something was gone back over."),
    "LOW_RATING": _("The customer gave two stars or fewer."),
    "SAFETY": _("Safety was at stake."),
    "DEAR": _("It cost more than nineteen in twenty of its kind."),
    "QUICK": _("It was done in half the usual time with every proof."),
    "BY_HAND": _("Somebody found it worth telling."),
}


def case_reason(reason: str) -> str:
    """Why a case was proposed, in the reader's language."""
    return str(_CASE_REASONS.get(reason, reason))
