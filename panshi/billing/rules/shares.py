"""Sharing what was collected: a waterfall of ordered steps over one cumulative amount.

`waterfall` is a function of all that was collected of a subject so far; what is accrued is its
difference to what was accrued before. So a later payment adds, a refund takes the exact fen back,
and a second run adds nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from typing import Final

from panshi.kit.money import FEN, ZERO, split, to_fen

CHANNEL, OWNER, PARTNER = "CHANNEL", "OWNER", "PARTNER"
PLATFORM, REGION, OPERATOR = "PLATFORM", "REGION", "OPERATOR"
OF_GROSS, OF_NET, OF_REST = "GROSS", "NET", "REST"
"""What a step's percentage is of: all that was collected, that net of VAT, or what is left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one party takes: `percent` (0.2 for 20 %) of a base, plus a fixed `amount` in CNY.

    `above` and `up_to` cut a band out of the base; `minimum` and `cap` bound what is taken. No step
    takes more than is left.
    """

    party: str
    base: str = OF_REST
    percent: Decimal = ZERO
    amount: Decimal = ZERO
    above: Decimal = ZERO
    up_to: Decimal | None = None
    minimum: Decimal = ZERO
    cap: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """What a party gets; what no step takes stays with the operator that collected it."""

    party: str
    amount: Decimal


def net_of(*, collected: Decimal, lines: Sequence[tuple[Decimal, Decimal]]) -> Decimal:
    """Net of VAT of what was collected on a bill of (gross, vat) lines.

    The amount is split by the lines' gross, each part loses its share of the line's VAT; all of it
    gives the bill's net to the fen.
    """
    total = sum((gross for gross, _vat in lines), ZERO)
    if not total:
        return ZERO
    parts = split(collected, [gross for gross, _vat in lines])
    vat = sum(
        (
            to_fen(vat * part / gross)
            for part, (gross, vat) in zip(parts, lines, strict=True)
            if gross
        ),
        ZERO,
    )
    return collected - vat


def _band(step: Step, base: Decimal) -> Decimal:
    top = base if step.up_to is None else min(base, step.up_to)
    return max(top - step.above, ZERO)


def _bounded(step: Step, amount: Decimal, left: Decimal) -> Decimal:
    amount = max(amount, step.minimum)
    if step.cap is not None:
        amount = min(amount, step.cap)
    return max(min(amount, left), ZERO)


def waterfall(*, steps: Sequence[Step], gross: Decimal, net: Decimal) -> list[Part]:
    """Share `net` of what was collected; the parts sum to it exactly.

    Steps of what is left that stand side by side share the same rest, to the fen by largest
    remainder. Nothing collected gives nothing to anyone.
    """
    taken: list[Part] = []
    left = max(net, ZERO)
    number = 0
    while number < len(steps):
        step = steps[number]
        if step.base == OF_REST:
            group = [step]
            while number + len(group) < len(steps) and steps[number + len(group)].base == OF_REST:
                group.append(steps[number + len(group)])
            parts = _share_rest(group, left)
            number += len(group)
        else:
            base = gross if step.base == OF_GROSS else net
            asked = to_fen(_band(step, max(base, ZERO)) * step.percent) + step.amount
            parts = [Part(step.party, _bounded(step, asked if left else ZERO, left))]
            number += 1
        left -= sum((part.amount for part in parts), ZERO)
        taken += parts
    taken.append(Part(OPERATOR, net - sum((part.amount for part in taken), ZERO)))
    return _by_party(taken)


_MISSING: Final = Decimal("0.005")


def _share_rest(group: Sequence[Step], rest: Decimal) -> list[Part]:
    exact = [_band(step, rest) * step.percent for step in group]
    over = rest - sum(exact, ZERO)
    parts = [one.quantize(FEN, rounding=ROUND_DOWN) for one in exact]
    # When all of the rest is given away, so is each fen of it; else the operator keeps the odd one.
    if abs(over) < _MISSING:
        missing = int((rest - sum(parts, ZERO)) / FEN)
        order = sorted(range(len(parts)), key=lambda i: (parts[i] - exact[i], i))
        for i in order[:missing]:
            parts[i] += FEN
    answer, left = [], rest
    for step, part in zip(group, parts, strict=True):
        amount = _bounded(step, part + (step.amount if rest else ZERO), left) if rest else ZERO
        answer.append(Part(step.party, amount))
        left -= amount
    return answer


def _by_party(parts: Sequence[Part]) -> list[Part]:
    sums: dict[str, Decimal] = {}
    for part in parts:
        sums[part.party] = sums.get(part.party, ZERO) + part.amount
    return [Part(party, amount) for party, amount in sums.items()]
