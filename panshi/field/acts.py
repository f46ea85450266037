"""One act from a phone: which verbs it may call, with what, and at which moment it counts."""

import inspect
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.utils.dateparse import parse_datetime
from pydantic import ConfigDict, ValidationError, create_model

from panshi.kit.facts import Fact
from panshi.kit.verbs import VERBS, parameters

ALLOWED: Final = frozenset(
    {
        "service.accept_visit", "service.refuse_visit", "service.start_travel", "service.arrive",
        "service.record_diagnosis", "service.use_part", "service.attach_photo",
        "service.sign_visit", "service.complete_visit", "service.self_check",
        "leasing.record_arrival", "leasing.keep_handover_proof", "leasing.complete_handover",
        "leasing.accept_return", "leasing.activate_lease",
        "fleet.start_inspection", "fleet.mark_damage", "fleet.keep_inspection_photo",
        "fleet.complete_inspection", "fleet.finish_upkeep",
        "fleet.start_stocktake", "fleet.count_vehicle", "fleet.close_stocktake",
        "handbook.take_run", "handbook.complete_step", "handbook.attach_evidence",
        "handbook.start_run_by_hand",
    }
)  # fmt: skip
# These verbs keep the device's moment beside the server's, and call it by their own name.
_OWN_MOMENT: Final = {
    "handbook.complete_step": "device_at",
    "handbook.attach_evidence": "captured_at",
}
# A step keeps how wrong the device's clock was, which our clock and not the phone tells.
_WITH_SKEW: Final = "handbook.complete_step"
# These keep what the device's own clock said beside the moment at which they count.
_SAID_BY_DEVICE: Final = frozenset({"fleet.complete_inspection", "fleet.count_vehicle"})
# A file travels beside the act, under whichever of these names its verb takes it.
_FILES: Final = ("content", "photo")
LONGEST_OFFLINE: Final = timedelta(hours=48)
FORGIVEN: Final = timedelta(minutes=2)


class Unreadable(ValueError):
    """What the phone sent cannot be read; the words say which field."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """A verb ready to be called. `skew` is how far the phone's clock is behind the server's."""

    name: str
    verb: Callable[..., Fact]
    given: dict[str, Any]
    moment: datetime
    skew: timedelta

    @property
    def clock_is_off(self) -> bool:
        return abs(self.skew) > FORGIVEN


def _moment(text: str, name: str) -> datetime:
    try:
        found = parse_datetime(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise Unreadable(name)
    return found


def _arguments(verb: Callable[..., Fact], text: str) -> dict[str, Any]:
    """The keywords of a verb, checked against its signature; the file comes beside them."""
    fields: dict[str, Any] = {
        key: (p.annotation, ... if p.default is inspect.Parameter.empty else p.default)
        for key, p in parameters(verb).items()
        if key not in _FILES
    }
    model = create_model("Given", __config__=ConfigDict(extra="forbid"), **fields)
    try:
        parsed = model.model_validate(json.loads(text))
    except ValidationError as error:
        raise Unreadable(", ".join(str(e["loc"][0]) for e in error.errors())) from error
    except ValueError as error:
        raise Unreadable("given") from error
    return {key: getattr(parsed, key) for key in model.model_fields}


def read(
    *, verb: str, given: str, done_at: str, now: str, content: bytes | None, at: datetime
) -> Act:
    """Make an act of what the phone sent. Raises Unreadable.

    `done_at` and `now` are by the phone's clock; their difference to `at` tells how wrong it is.
    The act counts when it was done, by our clock, at most 48 h ago and never in the future.
    """
    if verb not in ALLOWED or verb not in VERBS:
        raise Unreadable("verb")
    function = VERBS[verb]
    arguments = _arguments(function, given)
    for name in _FILES:
        if (taken := parameters(function).get(name)) is not None:
            arguments[name] = content or (b"" if taken.default is taken.empty else None)
    skew = at - _moment(now, "now")
    said = _moment(done_at, "done_at")
    moment = min(max(said + skew, at - LONGEST_OFFLINE), at)
    if verb in _SAID_BY_DEVICE:
        arguments["device_at"] = said
    if own := _OWN_MOMENT.get(verb):
        arguments[own] = moment
        moment = at
    if verb == _WITH_SKEW:
        arguments["clock_off_s"] = round(skew.total_seconds())
    return Act(name=verb, verb=function, given=arguments, moment=moment, skew=skew)
