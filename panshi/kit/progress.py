"""Long work in the tray: a task that a person started, its progress, and how it ended.

A worker reports through `report`, at most twice a second by its own counting; the pages of the
person hear of it through the live stream.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone

from panshi.kit.models import LongTask
from panshi.kit.tenancy import Actor, acting
from panshi.kit.verbs import question

FACT = "kit.TaskProgressed"


class Cancelled(Exception):
    """The person who started the task has cancelled it; the work stops where it stands."""


@dataclass(frozen=True, slots=True)
class TaskRow:
    id: UUID
    title: str
    state: str
    done: int
    total: int
    words: str
    created_at: datetime
    finished_at: datetime | None
    result_url: str

    @property
    def is_running(self) -> bool:
        return self.state in {"QUEUED", "RUNNING"}


def begin(*, actor: Actor, kind: str, title: str, total: int = 0) -> UUID:
    """Put a task into the person's tray, in the running transaction; answers its id."""
    task = LongTask.objects.create(
        org_id=actor.org_id, kind=kind, title=title, by_id=actor.id, total=total
    )
    _tell(task.org_id)
    return task.id


def report(*, task_id: UUID, done: int, total: int, actor: Actor) -> None:
    """Say how far the work has come. Raises Cancelled when nobody waits for it any more.

    Each call is a transaction of its own when called outside one, so others see it at once.
    """
    with acting(actor, to_write=True):
        task = LongTask.objects.select_for_update().get(id=task_id)
        if task.state == "CANCELLED":
            raise Cancelled
        task.state, task.done, task.total = "RUNNING", done, total
        task.save(update_fields=["state", "done", "total"])
        _tell(task.org_id)


def finish(
    *, task_id: UUID, actor: Actor, words: str = "", failed: bool = False, **result: Any
) -> None:
    """End a task; `result` may hold `url`, the page that shows what came of it."""
    with acting(actor, to_write=True):
        task = LongTask.objects.select_for_update().get(id=task_id)
        task.state = "FAILED" if failed else "DONE"
        task.words, task.result, task.finished_at = words, result, timezone.now()
        if not failed:
            task.done = task.total
        task.save(update_fields=["state", "words", "result", "finished_at", "done"])
        _tell(task.org_id)


def cancel(*, task_id: UUID, actor: Actor) -> None:
    """Ask a running task of one's own to stop; a finished one stays as it is."""
    with acting(actor, to_write=True):
        changed = LongTask.objects.filter(
            id=task_id, by_id=actor.id, state__in=("QUEUED", "RUNNING")
        ).update(state="CANCELLED", finished_at=timezone.now())
        if changed:
            _tell(actor.org_id)


def _tell(org_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_notify('live', %s)",
            [json.dumps({"org": org_id, "fact": FACT, "id": "", "customer": None})],
        )


@question
def my_tasks(*, actor: Actor, limit: int = 8) -> list[TaskRow]:
    """The tasks this person started, newest first."""
    rows = LongTask.objects.visible_to(actor).filter(by_id=actor.id).order_by("-created_at")
    return [
        TaskRow(
            t.id, t.title, t.state, t.done, t.total, t.words, t.created_at, t.finished_at,
            str(t.result.get("url", "")),
        )
        for t in rows[:limit]
    ]  # fmt: skip


@question
def running_tasks(*, actor: Actor) -> int:
    """How many of this person's tasks are under way."""
    return (
        LongTask.objects.visible_to(actor)
        .filter(by_id=actor.id, state__in=("QUEUED", "RUNNING"))
        .count()
    )
