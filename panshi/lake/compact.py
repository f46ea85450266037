"""Compaction: many sorted files become one per bucket, and exact duplicates disappear."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from panshi.lake.files import MANY_GATEWAYS, FileInfo, Target, Writer
from panshi.lake.schema import ARROW, BUCKETS, KEY

SORT = (*KEY, "received_ms", "log_position")


class FileMissing(Exception):
    """A file of the list is gone: the manifest has changed, ask it once more."""


class DaysMixed(ValueError):
    """Files of several days, or none at all, were to become one."""


def compact(*, folder: Path, files: Sequence[FileInfo], level: int) -> tuple[FileInfo, ...]:
    """Merge files of one day into one file of `level` per bucket, on disk when this returns.

    Of readings with equal (series, time, kind, crc) the first received stays. Memory holds a few
    row groups of each input, however long the files are. Raises DaysMixed, FileMissing, OSError.
    """
    if len({file.day for file in files}) != 1:
        raise DaysMixed("compaction takes files of one day")
    gateways = {file.gateway for file in files}
    gateway = files[0].gateway if len(gateways) == 1 else MANY_GATEWAYS
    digest = hashlib.sha256("".join(sorted(file.sha256 for file in files)).encode())
    with ExitStack() as stack:
        inputs = [_Input(_opened(folder / file.path, stack)) for file in files]
        writers: dict[int, Writer] = {}
        for table in _merged(inputs):
            buckets = table["series"].to_numpy() % BUCKETS
            for bucket in np.unique(buckets).tolist():
                if bucket not in writers:
                    target = Target(
                        folder=folder,
                        day=files[0].day,
                        bucket=bucket,
                        level=level,
                        gateway=gateway,
                        log_from=min(file.log_from for file in files),
                        log_to=max(file.log_to for file in files),
                        suffix=f"-{digest.hexdigest()[:8]}",
                    )
                    writers[bucket] = stack.enter_context(Writer(target))
                mine = buckets == bucket
                writers[bucket].add(table if mine.all() else table.filter(pa.array(mine)))
    return tuple(writers[bucket].info for bucket in sorted(writers))


class _Input:
    """One sorted file, read row group by row group."""

    def __init__(self, parquet: Any) -> None:
        self._parquet = parquet
        self._group = 0
        self.table = ARROW.empty_table()
        self.refill()

    @property
    def exhausted(self) -> bool:
        return bool(self._group == self._parquet.num_row_groups)

    @property
    def last(self) -> tuple[int, int]:
        """(series, time) of the last row in hand: rows before it are complete."""
        end = self.table.num_rows - 1
        return self.table["series"][end].as_py(), self.table["device_time_ms"][end].as_py()

    def refill(self) -> None:
        if not self.exhausted:
            more = self._parquet.read_row_group(self._group)
            self.table = pa.concat_tables([self.table, _complete(more)]).combine_chunks()
            self._group += 1

    def take_before(self, key: tuple[int, int] | None) -> Any:
        """Give up the rows in front of `key`, or all of them."""
        count = self.table.num_rows
        if key is not None and count:
            series = self.table["series"].to_numpy()
            low = int(np.searchsorted(series, key[0], side="left"))
            high = int(np.searchsorted(series, key[0], side="right"))
            times = self.table["device_time_ms"].slice(low, high - low).to_numpy()
            count = low + int(np.searchsorted(times, key[1], side="left"))
        taken, self.table = self.table.slice(0, count), self.table.slice(count)
        return taken


def _merged(inputs: Sequence[_Input]) -> Iterator[Any]:
    """Sorted tables without duplicates, in order; equal (series, time) never span two of them."""
    while True:
        open_inputs = [source for source in inputs if not source.exhausted]
        for source in open_inputs:
            if not source.table.num_rows:
                source.refill()
        bound = min((source.last for source in open_inputs), default=None)
        parts = [source.take_before(bound) for source in inputs]
        table = _sorted_once(pa.concat_tables(parts))
        if table.num_rows:
            yield table
        if bound is None:
            return
        for source in open_inputs:
            if source.table.num_rows and source.last == bound:
                source.refill()


def _sorted_once(table: Any) -> Any:
    if not table.num_rows:
        return table
    order = np.lexsort([table[name].to_numpy() for name in reversed(SORT)])
    same = np.ones(len(order) - 1, dtype=bool)
    for name in KEY:
        values = table[name].to_numpy()[order]
        same &= values[1:] == values[:-1]
    return table.take(order[np.concatenate([[True], ~same])])


def _complete(table: Any) -> Any:
    """A row group of an older schema, with its missing columns as nulls."""
    arrays = [
        table[field.name].cast(field.type)
        if field.name in table.column_names
        else pa.nulls(table.num_rows, field.type)
        for field in ARROW
    ]
    return pa.Table.from_arrays(arrays, schema=ARROW)


def _opened(path: Path, stack: ExitStack) -> Any:
    try:
        return stack.enter_context(pq.ParquetFile(path))
    except FileNotFoundError as error:
        raise FileMissing(str(path)) from error
