"""A disk that fails or fills up: no answer without data, no second sync."""

from __future__ import annotations

from pathlib import Path

import pytest

from panshi.wire.log import SegmentLog
from panshi.wire.reader import LogReader
from panshi.wire.segments import Disk, LogFailed
from panshi.wire.tests.test_log import SMALL, everything, frame

pytestmark = pytest.mark.plain


def opened(folder: Path, disk: Disk | None = None) -> SegmentLog:
    return SegmentLog(folder=folder, gateway=3, segment_size=SMALL, disk=disk)


class FailingDisk(Disk):
    """Fails its n-th sync of data, or takes no more bytes behind a limit."""

    def __init__(self, *, sync_fails_at: int = 10**9, room: int = 10**9) -> None:
        self.sync_fails_at, self.room = sync_fails_at, room
        self.syncs = 0

    def write(self, descriptor: int, data: bytes, offset: int) -> None:
        self.room -= len(data)
        if self.room < 0:
            super().write(descriptor, data[: len(data) // 2], offset)
            raise OSError(28, "No space left on device")
        super().write(descriptor, data, offset)

    def sync_data(self, descriptor: int) -> None:
        self.syncs += 1
        if self.syncs >= self.sync_fails_at:
            raise OSError(5, "Input/output error")
        super().sync_data(descriptor)


def test_a_failed_sync_is_fatal_and_never_repeated(tmp_path: Path) -> None:
    disk = FailingDisk(sync_fails_at=2)
    log = opened(tmp_path, disk)
    end = log.append([frame(0)])

    for _ in range(3):
        with pytest.raises(LogFailed):
            log.append([frame(1)])

    assert disk.syncs == 2
    assert LogReader(folder=tmp_path).end() == end
    assert everything(tmp_path) == ([0], [])
    log.close()
    opened(tmp_path).close()


def test_a_disk_that_fills_up_acknowledges_nothing_it_cannot_hold(tmp_path: Path) -> None:
    disk = FailingDisk(room=SMALL * 4)
    log, acknowledged = opened(tmp_path, disk), 0
    while disk.room >= 0:
        try:
            log.append([frame(acknowledged, size=800)])
        except LogFailed:
            break
        acknowledged += 1
    log.close()

    again = opened(tmp_path)
    again.append([frame(99_999)])
    again.close()

    numbers, lost = everything(tmp_path)
    assert acknowledged > 50
    assert numbers[:acknowledged] == list(range(acknowledged))
    assert numbers[acknowledged:] in ([99_999], [acknowledged, 99_999])
    assert lost == []
