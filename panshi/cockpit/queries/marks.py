"""Which marks hold for a node: its own, else those of the nearest node above."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from panshi.cockpit.catalogue import DEFINITIONS, Indicator
from panshi.cockpit.models import Target
from panshi.cockpit.rules import SUM
from panshi.kit.tenancy import Actor, lineage


@dataclass(frozen=True, slots=True)
class Marks:
    green: Decimal | None
    red: Decimal | None


def marks_in_force(*, org_id: int, on: date) -> Mapping[Indicator, Marks]:
    """The marks of every indicator at a node on a day; an amount holds for its own node only."""
    line = lineage(org_id)
    distance = {node: place for place, node in enumerate(line)}
    found = {
        code: Marks(definition.measure.green, definition.measure.red)
        for code, definition in DEFINITIONS.items()
    }
    rows = Target.objects.filter(org_id__in=line, month__lte=on).order_by("month")
    # The furthest first, so that nearer and later marks replace them.
    for row in sorted(rows, key=lambda target: -distance[target.org_id]):
        code = Indicator(row.indicator)
        if DEFINITIONS[code].measure.form == SUM and row.org_id != org_id:
            continue
        found[code] = Marks(row.green, row.red)
    return found


def marks_of(actor: Actor, on: date) -> Mapping[Indicator, Marks]:
    return marks_in_force(org_id=actor.org_id, on=on)
