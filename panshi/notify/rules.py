"""When a message may go out, how its words are filled: plain Python."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final

from panshi.kit.clock import SHANGHAI

SPREAD_S: Final = 30 * 60
_PLACE: Final = re.compile(r"\{([a-z_]+)\}")


@dataclass(frozen=True, slots=True)
class Quiet:
    """Hours of each day, Shanghai time, from `start` up to `end`; they may pass midnight."""

    start: time
    end: time

    def holds(self, moment: time) -> bool:
        if self.start <= self.end:
            return self.start <= moment < self.end
        return moment >= self.start or moment < self.end


def leaves_at(*, at: datetime, quiet: Sequence[Quiet], key: str) -> datetime:
    """The first moment outside all quiet hours; what waited is spread over half an hour by `key`.

    Quiet hours that leave no moment of a day are no bar: the message leaves at once.
    """
    local = at.astimezone(SHANGHAI)
    moment = local
    for _ in range(2 * len(quiet) + 1):
        inside = next((q for q in quiet if q.holds(moment.time())), None)
        if inside is None:
            break
        ends = moment.replace(
            hour=inside.end.hour, minute=inside.end.minute, second=0, microsecond=0
        )
        moment = ends if ends > moment else ends + timedelta(days=1)
    else:
        return at
    if moment == local:
        return at
    digest = hashlib.sha256(key.encode()).digest()
    spread = moment + timedelta(seconds=int.from_bytes(digest[:4], "big") % SPREAD_S)
    free = not any(q.holds(spread.time()) for q in quiet)
    return (spread if free else moment).astimezone(at.tzinfo)


def places(text: str) -> set[str]:
    """The names in braces that a text wants filled."""
    return set(_PLACE.findall(text))


def filled(text: str, values: Mapping[str, str]) -> str:
    """The text with its values; whatever else it holds stays as it is. Raises KeyError."""
    return _PLACE.sub(lambda found: values[found.group(1)], text)


def sms_parts(text: str) -> int:
    """How many text messages a text takes: 70 characters in one, 67 in each of several."""
    return 1 if len(text) <= 70 else -(-len(text) // 67)
