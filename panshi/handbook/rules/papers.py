"""Papers: which questions are drawn, in which order their options stand, what is right."""

import hashlib
from collections.abc import Mapping, Sequence
from random import Random
from typing import Final, TypeVar

T = TypeVar("T")
ORDER: Final = "order"
MANY: Final = "multiple"


def seed_of(*parts: object) -> int:
    """A seed that is always the same for the same words."""
    said = "/".join(str(part) for part in parts)
    return int.from_bytes(hashlib.sha256(said.encode()).digest()[:7], "big")


def shares(weights: Mapping[str, int], there: Mapping[str, int], count: int) -> dict[str, int]:
    """How many questions each node gives, by weight, and never more than it has.

    The largest remainders get what is left over; fewer than `count` when there are no more.
    """
    given = dict.fromkeys(weights, 0)
    left = min(count, sum(there.get(key, 0) for key in weights))
    while left:
        open_ = {k: w for k, w in weights.items() if w > 0 and given[k] < there.get(k, 0)}
        if not open_:
            break
        whole = sum(open_.values())
        wanted = {k: left * w / whole for k, w in open_.items()}
        step = {k: min(int(n), there.get(k, 0) - given[k]) for k, n in wanted.items()}
        if not any(step.values()):
            # By remainder, then by name, so that the same paper is drawn again.
            first = max(open_, key=lambda k: (wanted[k] - int(wanted[k]), k))
            step = {first: 1}
        for key, n in step.items():
            given[key] += n
            left -= n
    return given


def draw(
    bank: Mapping[str, Sequence[T]], weights: Mapping[str, int], count: int, seed: int
) -> list[T]:
    """A paper of `count` questions, nodes by weight; the same for the same bank and seed."""
    random = Random(seed)
    given = shares(weights, {key: len(rows) for key, rows in bank.items()}, count)
    drawn: list[T] = []
    for key in sorted(k for k, n in given.items() if n):
        drawn += random.sample(list(bank[key]), given[key])
    random.shuffle(drawn)
    return drawn


def mix(options: int, answer: Sequence[int], kind: str, random: Random) -> list[int]:
    """The order in which options are shown; what is to be put in order never stands in it."""
    shown = list(range(options))
    random.shuffle(shown)
    if kind == ORDER and shown == list(answer) and options > 1:
        shown[0], shown[1] = shown[1], shown[0]
    return shown


def many(kind: str, answer: Sequence[int]) -> bool:
    """Whether more than one option may be chosen; that it may is told, how many is not."""
    return kind == MANY or (kind != ORDER and len(answer) > 1)


def is_right(kind: str, answer: Sequence[int], chosen: Sequence[int]) -> bool:
    """Whether these options, by their own places, are the answer; an order must be the order."""
    if kind == ORDER:
        return list(chosen) == list(answer)
    return len(chosen) == len(set(chosen)) and set(chosen) == set(answer)


def passes(*, right: int, asked: int, percent: int, safety_missed: int) -> bool:
    """Enough is right, and of what is about safety all of it."""
    return bool(asked) and not safety_missed and right * 100 >= percent * asked
