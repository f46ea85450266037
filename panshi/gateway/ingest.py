"""The ingest loop: from the log into live state each second, and into history each minute."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
from django.db import DatabaseError, connection
from django.utils import timezone

from panshi.gateway import desk, directory
from panshi.gateway.books import Books
from panshi.gateway.directory import Archive
from panshi.gateway.rows import Kept, rows_of
from panshi.kit.clock import local_day
from panshi.kit.tenancy import Actor, hq_actor
from panshi.lake import files as lake
from panshi.lake import schema
from panshi.org import queries as org
from panshi.telematics import queries, services
from panshi.telematics.queries import CODES
from panshi.telematics.services import PositionMoved, Seen
from panshi.wire import columns, gb32960_columns, jtt808_columns
from panshi.wire.columns import GB32960, Reading
from panshi.wire.errors import WireError
from panshi.wire.reader import LogReader
from panshi.wire.records import Position, Stored
from panshi.wire.segments import trim, trim_point

_log = logging.getLogger(__name__)
FRAMES = 5_000
LIVE, HISTORY = "live", "history"
ROWS_AT_ONCE = 200_000
LOG_BYTES = 20 * 1024**3
HOUSEKEEPING_S = 600.0
IDLE_S = 0.1
RETRY_S = 0.5
FACTS = frozenset(
    {columns.REALTIME, columns.REISSUE, columns.LOCATION_ANSWER, columns.CONTROL_ANSWER}
)
GB_CODE = CODES[GB32960]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Which log to read, where history lies, and how often, in seconds."""

    log_folder: Path
    history_folder: Path
    gateway: int = 1
    live_s: float = 1.0
    history_s: float = 60.0


class Piece(NamedTuple):
    """A decoded piece [start, end) of the log."""

    start: int
    end: int
    seen: list[Seen]
    kept: list[Kept]


class Decoder:
    """Frames to readings with their vehicles; refused frames are counted, none stops the loop."""

    def __init__(self, *, archive: Archive, books: Books) -> None:
        self.archive = archive
        self.unknown = Counter[str]()
        self._books = books

    def decode(self, frames: Sequence[Stored], *, start: int, end: int) -> Piece:
        """The readings of frames that begin at `start` or behind it."""
        seen: list[Seen] = []
        kept: list[Kept] = []
        for stored in frames:
            try:
                for reading in _readings(stored):
                    self._place(stored, reading, seen, kept)
            except WireError as problem:
                source = stored.identity.decode("latin-1")[:48]
                self._books.refused(
                    source=source, reason=problem.reason.upper(), sample=stored.data
                )
        return Piece(start, end, seen, kept)

    def _place(self, stored: Stored, reading: Reading, seen: list[Seen], kept: list[Kept]) -> None:
        known = self.archive.get((stored.protocol, stored.identity.decode("latin-1")))
        if known is None:
            self.unknown[stored.identity.decode("latin-1")] += 1
            return
        received_us = stored.received_us
        at, clock_right = services.device_time(time=reading.time, received_us=received_us)
        fitted = known.fitted_at(at)
        if fitted is not None:
            seen.append(Seen(fitted, reading, at, received_us, stored.position))
        if reading.kind in FACTS:
            kept.append(
                Kept(
                    fitted.series if fitted is not None else known.series,
                    at * 1000,
                    received_us // 1000,
                    stored.position,
                    clock_right,
                    reading,
                    stored.data,
                )
            )


def _readings(stored: Stored) -> list[Reading]:
    if stored.protocol == GB_CODE:
        return gb32960_columns.read_columns(frame=stored.data, tolerant=True)
    return jtt808_columns.read_columns(frame=stored.data, tolerant=True)


class Ingest:
    """One consumer of one gateway's log, from the positions that the database has.

    `live` moves each second with the live states, `history` each minute with the manifest; after
    any fault both begin again at what was committed, so nothing is lost and nothing counts twice.
    """

    def __init__(self, *, options: Options) -> None:
        self._options = options
        self._reader = LogReader(folder=options.log_folder)
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="history")
        self._books = Books()
        self._changed = threading.Event()
        self._decoder: Decoder | None = None
        self._actor: Actor | None = None
        self._positions = {LIVE: 0, HISTORY: 0}
        self._at = 0
        self._tables: list[Any] = []
        self._rows = 0
        self._flushed_at = time.monotonic()
        self._flush: Future[int] | None = None
        self._kept_house_at = 0.0

    def run(self, stopping: threading.Event) -> None:
        """Read until told to stop; then what has been read goes to history."""
        watch = directory.Watch(changed=self._changed.set)
        watch.start()
        while not stopping.is_set():
            try:
                self._begin()
                while not stopping.is_set():
                    self._turn(stopping)
                self._flush_now()
            except (DatabaseError, PositionMoved) as error:
                _log.warning("starting over: %s", str(error).strip().split("\n")[0])
                directory.let_go()
                stopping.wait(RETRY_S)
            finally:
                self._abandon()
        watch.stop()
        self._writer.shutdown()
        self._reader.close()

    def _begin(self) -> None:
        """Take positions and archive as the database has them."""
        platform = org.platform_id()
        connection.close()
        self._actor = hq_actor(platform or 0)
        found = queries.consumer_positions(gateway=self._options.gateway, actor=self._actor)
        self._positions = {name: found.get(name, 0) for name in (LIVE, HISTORY)}
        self._at = min(self._positions.values())
        self._changed.clear()
        self._decoder = Decoder(archive=directory.load(), books=self._books)
        self._flushed_at = time.monotonic()

    def _abandon(self) -> None:
        """Forget what was read and not committed; a flush under way ends first."""
        if self._flush is not None:
            with suppress(DatabaseError, PositionMoved):
                self._flush.result()
        self._flush = None
        self._tables, self._rows = [], 0

    def _turn(self, stopping: threading.Event) -> None:
        """One second's work."""
        began = time.monotonic()
        if self._changed.is_set() and self._decoder is not None:
            self._changed.clear()
            self._decoder.archive = directory.load()
        batch = self._reader.read(Position(self._at), FRAMES)
        for lost in batch.lost:
            _log.error("the log lost %d bytes at %d", lost.end - lost.start, lost.start)
        if batch.next > self._at:
            self._take(batch.frames, int(batch.next))
        self._finish_flush()
        if self._due():
            self._start_flush()
        self._write_books()
        if began - self._kept_house_at > HOUSEKEEPING_S:
            self._keep_house()
            self._kept_house_at = began
        if len(batch.frames) < FRAMES:
            pause = self._options.live_s if batch.frames else IDLE_S
            stopping.wait(max(0.0, pause - (time.monotonic() - began)))

    def _take(self, frames: Sequence[Stored], end: int) -> None:
        assert self._decoder is not None
        assert self._actor is not None
        start = self._at
        piece = self._decoder.decode(frames, start=start, end=end)
        live_at = self._positions[LIVE]
        if end > live_at:
            fresh = piece.seen
            if start < live_at:
                fresh = [one for one in fresh if one.position >= live_at]
            services.record_readings(
                gateway=self._options.gateway,
                start=live_at,
                end=end,
                seen=fresh,
                actor=self._actor,
                at=timezone.now(),
            )
            self._positions[LIVE] = end
        kept = piece.kept
        history_at = self._positions[HISTORY]
        if start < history_at:
            kept = [one for one in kept if one.position >= history_at]
        if kept:
            self._tables.append(rows_of(kept).table())
            self._rows += len(kept)
        self._at = end

    def _due(self) -> bool:
        if self._flush is not None or self._at <= self._positions[HISTORY]:
            return False
        waited = time.monotonic() - self._flushed_at
        return waited >= self._options.history_s or self._rows >= ROWS_AT_ONCE

    def _start_flush(self) -> None:
        tables, self._tables, self._rows = self._tables, [], 0
        start, end = self._positions[HISTORY], self._at
        self._flush = self._writer.submit(self._write_history, tables, start, end)
        self._flushed_at = time.monotonic()

    def _finish_flush(self, *, wait: bool = False) -> None:
        """Note that a flush is committed. Raises what it raised."""
        if self._flush is not None and (wait or self._flush.done()):
            flush, self._flush = self._flush, None
            self._positions[HISTORY] = flush.result()

    def _flush_now(self) -> None:
        self._finish_flush(wait=True)
        if self._at > self._positions[HISTORY]:
            self._start_flush()
            self._finish_flush(wait=True)

    def _write_history(self, tables: list[Any], start: int, end: int) -> int:
        """Write the files, then list them and move the position in one transaction."""
        assert self._actor is not None
        gateway, folder = self._options.gateway, self._options.history_folder
        written: tuple[lake.FileInfo, ...] = ()
        if tables:
            written = lake.write(
                folder=folder,
                rows=schema.rows_of(pa.concat_tables(tables)),
                gateway=gateway,
                log_from=start,
                log_to=end,
                current_day=local_day(timezone.now()),
            )
        try:
            services.commit_history(
                gateway=gateway, start=start, end=end, files=written, actor=self._actor
            )
        except DatabaseError:
            directory.let_go()
            raise
        finally:
            connection.close()
        return end

    def _write_books(self) -> None:
        page = self._books.turn()
        if not page.empty and not desk.write(page, gateway=self._options.gateway):
            self._books.put_back(page)

    def _keep_house(self) -> None:
        """Give up segments that every consumer has passed."""
        now = time.time()
        with suppress(OSError):
            point = trim_point(
                folder=self._options.log_folder,
                consumed=Position(min(self._positions.values())),
                at_us=int(now * 1e6),
                size_limit=LOG_BYTES,
            )
            trim(folder=self._options.log_folder, before=point)


def serve(options: Options, stopping: threading.Event) -> None:
    """Ingest until told to stop."""
    Ingest(options=options).run(stopping)
