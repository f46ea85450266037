"""The book in the reader's language: it is written in Chinese, with English names beside it."""

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import get_language, npgettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from panshi.handbook.rules.clock import Span

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

# Units as the book writes them, in either language; signs that all languages share stay.
_UNITS: Final[Mapping[str, Promise | str]] = {
    "percent": "%",
    "count": "",
    "local time": "",
    "day": pgettext_lazy("unit", "days"),
    "天": pgettext_lazy("unit", "days"),
    "hour": pgettext_lazy("unit", "hours"),
    "h": pgettext_lazy("unit", "hours"),
    "minute": pgettext_lazy("unit", "minutes"),
    "min": pgettext_lazy("unit", "minutes"),
    "second": pgettext_lazy("unit", "seconds"),
    "秒": pgettext_lazy("unit", "seconds"),
    "s": pgettext_lazy("unit", "seconds"),
    "week": pgettext_lazy("unit", "weeks"),
    "周": pgettext_lazy("unit", "weeks"),
    "month": pgettext_lazy("unit", "months"),
    "月": pgettext_lazy("unit", "months"),
    "CNY": pgettext_lazy("unit", "CNY"),
    "元": pgettext_lazy("unit", "CNY"),
    "10000 CNY": pgettext_lazy("unit", "× CNY 10,000"),
    "万元": pgettext_lazy("unit", "× CNY 10,000"),
    "point": pgettext_lazy("unit", "points"),
    "score": pgettext_lazy("unit", "points"),
    "分": pgettext_lazy("unit", "points"),
    "times": pgettext_lazy("unit", "times as much"),
    "倍": pgettext_lazy("unit", "times as much"),
    "次": pgettext_lazy("unit", "times"),
    "台": pgettext_lazy("unit", "vehicles"),
    "家": pgettext_lazy("unit", "firms"),
    "人": pgettext_lazy("unit", "people"),
    "张": pgettext_lazy("unit", "sheets"),
    "件": pgettext_lazy("unit", "pieces"),
    "条": pgettext_lazy("unit", "items"),
}
_PROOFS: Final[Mapping[str, Promise]] = {
    "check": pgettext_lazy("proof", "tick"),
    "choice": pgettext_lazy("proof", "choice"),
    "text": pgettext_lazy("proof", "text"),
    "reading": pgettext_lazy("proof", "reading"),
    "photo": pgettext_lazy("proof", "photo"),
    "signature": pgettext_lazy("proof", "signature"),
    "location": pgettext_lazy("proof", "place"),
    "scan": pgettext_lazy("proof", "scan"),
    "file": pgettext_lazy("proof", "file"),
    "fact": pgettext_lazy("proof", "seen by the system"),
    "person": pgettext_lazy("proof", "person"),
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


def starter(trigger: Mapping[str, str]) -> str:
    """What starts a node, in words: its fact, its schedule, or somebody by hand."""
    if every := trigger.get("every"):
        return fact(f"schedule.{every}")
    return fact(trigger["event"]) if trigger.get("event") else str(_("By hand"))


def unit(word: str) -> str:
    """A unit of the book for the reader; as the book writes it where it is a sign of its own."""
    return str(_UNITS.get(word, word))


def proof(kind: str) -> str:
    """What proves a step, in a word."""
    return str(_PROOFS.get(kind, kind))


def span(length: Span) -> str:
    """A length of time as the book writes it (30m, 4h, 3d), in words."""
    n = length.amount
    words = {
        "m": npgettext("span", "%(n)d minute", "%(n)d minutes", n),
        "h": npgettext("span", "%(n)d hour", "%(n)d hours", n),
        "d": npgettext("span", "%(n)d day", "%(n)d days", n),
    }
    return words[length.unit] % {"n": n} if length.unit in words else str(length)


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
