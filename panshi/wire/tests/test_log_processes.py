"""The log among processes: killed writers, rival writers, readers that follow, a full disk."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest

from panshi.wire.log import LogLocked, SegmentLog
from panshi.wire.reader import LogReader
from panshi.wire.records import Position
from panshi.wire.segments import segments
from panshi.wire.tests.log_writer import SEGMENT_SIZE

pytestmark = pytest.mark.plain

ROUNDS = 12


def start(folder: Path, first: int, *limit: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "panshi.wire.tests.log_writer", folder, first, *limit]
    return subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE)


def acknowledged(writer: subprocess.Popen[bytes], count: int) -> set[int]:
    assert writer.stdout is not None
    return {int(writer.stdout.readline()) for _ in range(count)}


def killed(writer: subprocess.Popen[bytes]) -> set[int]:
    """Kill -9, and what the writer had still acknowledged by then."""
    assert writer.stdout is not None
    writer.kill()
    lines = writer.stdout.read().split(b"\n")
    writer.wait()
    writer.stdout.close()
    return {int(line) for line in lines[:-1]}


def test_every_acknowledged_frame_survives_kill_nine(tmp_path: Path) -> None:
    folder, chance, safe = tmp_path / "1", random.Random(7), set[int]()
    for step in range(ROUNDS):
        writer = start(folder, step * 1_000_000)
        safe |= acknowledged(writer, chance.randrange(1, 800))
        safe |= killed(writer)

    reader, at, seen = LogReader(folder=folder), Position(0), list[int]()
    SegmentLog(folder=folder, gateway=1, segment_size=SEGMENT_SIZE).close()
    while (batch := reader.read(at, 5000)).next != at:
        at = batch.next
        assert batch.lost == ()
        for stored in batch.frames:
            seen.append(stored.received_us)
            assert stored.data == stored.received_us.to_bytes(8, "big") * (len(stored.data) // 8)
    reader.close()

    assert len(segments(folder=folder)) > 1
    assert len(seen) == len(set(seen))
    assert safe <= set(seen)
    assert len(safe) > 1000


def test_a_reader_follows_a_writer_of_another_process_across_segments(tmp_path: Path) -> None:
    folder = tmp_path / "1"
    writer = start(folder, 0)
    safe = acknowledged(writer, 1)
    reader, at, seen, batches = LogReader(folder=folder), Position(0), set[int](), 0

    while len(segments(folder=folder)) < 4 or not safe <= seen:
        safe |= acknowledged(writer, 20)
        batch = reader.read(at, 64)
        assert batch.lost == ()
        seen |= {stored.received_us for stored in batch.frames}
        at, batches = batch.next, batches + 1
        if len(segments(folder=folder)) >= 4:
            safe |= killed(writer) if writer.poll() is None else set()
            while (batch := reader.read(at, 1000)).frames:
                seen |= {stored.received_us for stored in batch.frames}
                at = batch.next
            break

    reader.close()
    assert batches > 3
    assert safe <= seen


def test_a_reader_never_sees_a_frame_before_it_is_durable(tmp_path: Path) -> None:
    log = SegmentLog(folder=tmp_path, gateway=1, segment_size=SEGMENT_SIZE)
    reader, end = LogReader(folder=tmp_path), log.append([])
    reader.read(Position(0), 1)
    path = segments(folder=tmp_path)[0].path
    content = bytearray(path.read_bytes())
    content[end : end + 300] = b"\x33" * 300
    path.write_bytes(content)

    batch = reader.read(Position(0), 10)

    assert (batch.frames, batch.lost) == ((), ())
    reader.close()
    log.close()


def test_a_rival_process_is_refused_while_the_writer_lives(tmp_path: Path) -> None:
    folder = tmp_path / "1"
    writer = start(folder, 0)
    acknowledged(writer, 1)

    with pytest.raises(LogLocked):
        SegmentLog(folder=folder, gateway=1)

    killed(writer)
    SegmentLog(folder=folder, gateway=1, segment_size=SEGMENT_SIZE).close()


def test_a_file_that_may_not_grow_ends_the_writer_without_an_answer(tmp_path: Path) -> None:
    folder = tmp_path / "1"
    writer = start(folder, 0, SEGMENT_SIZE // 2)

    said, _ = writer.communicate(timeout=30)

    assert said == b""
    assert writer.returncode != 0
    log = SegmentLog(folder=folder, gateway=1, segment_size=SEGMENT_SIZE)
    assert log.read(Position(0), 1).frames == ()
    log.close()
