"""Verbs of history: what was written and how far, in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor, acting
from panshi.kit.verbs import verb
from panshi.lake.files import FileInfo
from panshi.telematics.events import HistoryCompacted
from panshi.telematics.models import Consumer, FileState, HistoryFile

LIVE = "live"
HISTORY = "history"


class PositionMoved(Refusal):
    """Another ingest owns the log: what this one was about to count has been counted."""


class RangeOverlaps(Refusal):
    pass


class FilesReplaced(Refusal):
    """The files that were merged are not the manifest's any more."""


def take_position(*, name: str, gateway: int, start: int, end: int) -> None:
    """Move a consumer from `start` to `end` in the running transaction. Raises PositionMoved."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO telematics_consumer (name, gateway, position) VALUES (%s, %s, 0)"
            " ON CONFLICT (name, gateway) DO NOTHING",
            [name, gateway],
        )
    moved = Consumer.objects.filter(name=name, gateway=gateway, position=start).update(position=end)
    if not moved:
        raise PositionMoved(
            _("Consumer %(name)s of gateway %(gateway)s has moved on.")
            % {"name": name, "gateway": gateway}
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryCommitted:
    files: int
    rows: int
    end: int


def _row(info: FileInfo) -> HistoryFile:
    return HistoryFile(
        path=info.path,
        day=info.day,
        bucket=info.bucket,
        level=info.level,
        rows=info.rows,
        series_min=info.series_min,
        series_max=info.series_max,
        time_min_ms=info.time_min_ms,
        time_max_ms=info.time_max_ms,
        gateway=info.gateway,
        log=(info.log_from, info.log_to),
        bytes=info.bytes,
        sha256=info.sha256,
        schema=info.schema,
    )


def commit_history(
    *, gateway: int, start: int, end: int, files: Sequence[FileInfo], actor: Actor
) -> HistoryCommitted:
    """List the files that hold the readings of [start, end) of a log, and move `history` there.

    Called each minute, so it publishes no fact. Raises PositionMoved, RangeOverlaps; then nothing
    is listed.
    """
    with acting(actor, to_write=True):
        actor.must("telematics.commit_history", actor.org_id)
        take_position(name=HISTORY, gateway=gateway, start=start, end=end)
        try:
            with transaction.atomic():
                HistoryFile.objects.bulk_create([_row(info) for info in files])
        except IntegrityError as error:
            raise RangeOverlaps(_("A piece of the log is already in history.")) from error
    return HistoryCommitted(files=len(files), rows=sum(info.rows for info in files), end=end)


@verb
def replace_history(
    *, replaced: Sequence[str], files: Sequence[FileInfo], actor: Actor, at: datetime
) -> HistoryCompacted:
    """Let merged files stand for those at the paths `replaced`. Raises FilesReplaced."""
    actor.must("telematics.replace_history", actor.org_id)
    old = HistoryFile.objects.select_for_update().filter(path__in=replaced, state=FileState.LIVE)
    before = list(old.order_by("id"))
    if len(before) != len(replaced):
        raise FilesReplaced(_("The files have been merged meanwhile."))
    HistoryFile.objects.filter(id__in=[row.id for row in before]).update(
        state=FileState.REPLACED, replaced_at=at
    )
    HistoryFile.objects.bulk_create([_row(info) for info in files])
    return HistoryCompacted(
        org_id=actor.org_id,
        actor_id=actor.id,
        at=at,
        day=before[0].day.isoformat() if before else "",
        files_before=len(before),
        files_after=len(files),
    )


def drop_replaced(*, before: datetime, actor: Actor) -> tuple[str, ...]:
    """Forget files replaced before a moment; answers their paths, which may now be removed."""
    with acting(actor, to_write=True):
        gone = HistoryFile.objects.filter(state=FileState.REPLACED, replaced_at__lt=before)
        paths = tuple(gone.values_list("path", flat=True))
        gone.delete()
    return paths
