"""The counts of a span of days by node, edition and city, from as few rows as there can be."""

from typing import Final

from panshi.handbook.rules.measure import Tally
from panshi.kit.tenancy import Actor

COUNTS: Final = ", ".join(Tally.__dataclass_fields__)
SUMS: Final = ", ".join(f"sum(d.{name}) AS {name}" for name in Tally.__dataclass_fields__)
# Where the span was added up for the whole part of the tree already, its days are not looked at.
COUNTED: Final = f"""
    SELECT node_id, edition_id, city, {COUNTS} FROM handbook_adherencespan
    WHERE org_id = %(top)s AND since = %(since)s AND until = %(until)s
    UNION ALL
    SELECT node_id, edition_id, city, {COUNTS} FROM handbook_adherenceday
    WHERE day >= %(since)s AND day < %(until)s AND (%(org)s::int IS NULL OR org_id = %(org)s)
      AND NOT EXISTS (SELECT FROM handbook_adherencespan
        WHERE org_id = %(top)s AND since = %(since)s AND until = %(until)s)
"""


def part(actor: Actor) -> dict[str, int | None]:
    """The part of the tree that an actor sees, as statements over counts name it."""
    return {"org": actor.single_org_id, "top": actor.org_id}
