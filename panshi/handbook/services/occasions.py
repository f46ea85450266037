"""What calls for a node, and what is held back because a run is open already."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from panshi.handbook.book import Book, Bound
from panshi.handbook.models import OPEN_STATES, Run, Suppression


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """One thing that calls for a node: a fact, an item of a plural fact, or a person's wish.

    Of a node that gathers, `key` names the group and its window, and `item` this one in it.
    """

    bound: Bound
    edition: Book
    org_id: int
    at: datetime
    key: str
    fact: Mapping[str, Any]
    item: str = ""
    fact_id: UUID | None = None
    fact_name: str = ""
    subject_id: str = ""
    by_hand: bool = False
    reason: str = ""
    parent: Run | None = None


def open_about(
    occasions: list[Occasion],
) -> tuple[dict[tuple[UUID, str], UUID], set[tuple[UUID, str]]]:
    """The open runs, by node and subject, for which others wait; and node and key of those held."""
    asked = [o for o in occasions if o.bound.procedure.unless_open and o.subject_id]
    if not asked:
        return {}, set()
    nodes = {o.bound.node_id for o in asked}
    open_runs = Run.objects.filter(
        node_id__in=nodes, subject_id__in={o.subject_id for o in asked}, state__in=OPEN_STATES
    )
    before = Suppression.objects.filter(
        node_id__in=nodes, occurrence_key__in={o.key for o in asked}
    )
    about = {(node, subject): run for node, subject, run in open_runs.values_list(
        "node_id", "subject_id", "id"
    )}  # fmt: skip
    return about, set(before.values_list("node_id", "occurrence_key"))


def keep_held_back(held_back: list[tuple[Occasion, UUID]], unkept: Collection[UUID]) -> None:
    """Note what began no run beside the run that was open, each occurrence once.

    `unkept` are runs that were not begun after all, as another worker had begun them.
    """
    rows = [
        Suppression(
            org_id=occasion.org_id,
            run_id=run_id,
            node_id=occasion.bound.node_id,
            fact_id=occasion.fact_id,
            fact_name=occasion.fact_name,
            occurrence_key=occasion.key,
            at=occasion.at,
        )
        for occasion, run_id in held_back
        if run_id not in unkept
    ]
    rows.sort(key=lambda row: (row.node_id, row.occurrence_key))
    Suppression.objects.bulk_create(rows, ignore_conflicts=True)
