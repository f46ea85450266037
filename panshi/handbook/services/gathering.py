"""Facts that come in numbers are joined: one open run per group and window, an item for each."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from django.db import connection

from panshi.handbook.models import OPEN_STATES, Run

ITEMS: Final = "items"
_KEY: Final = "item"
_LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 8))"


class Groups:
    """The gathering runs of one batch: those that stand, read once a group, and those it begins.

    A group is a node and an occurrence key. What comes after its run was closed begins a further
    run, so nothing that happened late in a day is lost in a list that nobody looks at any more.
    """

    def __init__(self) -> None:
        self._runs: dict[tuple[UUID, str], list[Run]] = {}
        self._grown: dict[UUID, Run] = {}

    def join(self, node_id: UUID, group: str, item: str, fields: Mapping[str, Any]) -> bool:
        """Whether an item needs no run of its own: an open one takes it, or has it already."""
        runs = self._standing(node_id, group)
        if any(item in _keys(run) for run in runs):
            return True
        run = next((r for r in runs if r.state in OPEN_STATES), None)
        if run is None:
            return False
        run.fact[ITEMS].append({**fields, _KEY: item})
        if not run._state.adding:
            self._grown[run.id] = run
        return True

    def begin(self, run: Run, item: str) -> None:
        """Let a fresh run gather for its group, beginning with its own fact."""
        runs = self._standing(run.node_id, run.occurrence_key)
        run.fact = {**run.fact, ITEMS: [{**run.fact, _KEY: item}]}
        if runs:
            run.occurrence_key = f"{run.occurrence_key}#{len(runs) + 1}"
        runs.append(run)

    def write(self) -> None:
        """Keep what runs of earlier batches have taken."""
        Run.objects.bulk_update(self._grown.values(), ["fact"])

    def _standing(self, node_id: UUID, group: str) -> list[Run]:
        if (node_id, group) not in self._runs:
            with connection.cursor() as cursor:
                cursor.execute(_LOCK, [f"{node_id}/{group}"])
            found = Run.objects.filter(node_id=node_id, occurrence_key__startswith=group)
            mine = (r for r in found.order_by("id") if r.occurrence_key.split("#")[0] == group)
            self._runs[node_id, group] = list(mine)
        return self._runs[node_id, group]


def _keys(run: Run) -> set[str]:
    return {item.get(_KEY, "") for item in run.fact.get(ITEMS, ())}
