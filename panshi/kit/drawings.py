"""The arithmetic of small drawings made on the server."""

from collections.abc import Sequence
from decimal import Decimal


def sparkline(
    values: Sequence[float | None], *, width: int, height: int, margin: int = 2
) -> tuple[list[str], tuple[float, float] | None]:
    """Points of one polyline for each unbroken run of values, and where the last value stands.

    The lowest value lies at the foot, the highest at the top; equal values lie in the middle.
    """
    known = [v for v in values if v is not None]
    if not known:
        return [], None
    low, high = min(known), max(known)
    step = (width - 2 * margin) / max(len(values) - 1, 1)

    def place(at: int, value: float) -> tuple[float, float]:
        rise = (value - low) / (high - low) if high > low else 0.5
        return round(margin + at * step, 1), round(
            height - margin - rise * (height - 2 * margin), 1
        )

    runs: list[list[tuple[float, float]]] = [[]]
    for at, value in enumerate(values):
        if value is None:
            runs.append([])
        else:
            runs[-1].append(place(at, value))
    lines = [" ".join(f"{x},{y}" for x, y in run) for run in runs if len(run) > 1]
    last = next((place(i, v) for i, v in reversed(list(enumerate(values))) if v is not None), None)
    return lines, last


def share(part: float | Decimal | None, whole: float | Decimal) -> float:
    """`part` in hundredths of `whole`, between 0 and 100; 0 when either is missing."""
    if part is None or not whole:
        return 0.0
    return round(min(max(float(part) / float(whole), 0.0), 1.0) * 100, 1)
