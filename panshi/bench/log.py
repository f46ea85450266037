"""How close the segment log comes to the bare disk: same bytes, same run, turn by turn."""

from __future__ import annotations

import asyncio
import os
import platform
import shutil
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from random import Random

from panshi.wire.group import GroupCommit
from panshi.wire.log import SegmentLog
from panshi.wire.records import Frame, Position, pack_records
from panshi.wire.segments import SEGMENT_SIZE, Disk, LogFailed, disk_space

ROUNDS = 5
SEED = 20_261_121
GROUPS = (100, 300)
FRAME_BYTES = 480  # A full GB/T 32960 report with 100 cells and 30 probes.
DEVICES = 30_000
IN_FLIGHT = 2  # Groups: one is packed while the other is synced.


@dataclass(frozen=True, slots=True)
class Rate:
    frames: int
    seconds: float

    @property
    def per_s(self) -> float:
        return self.frames / self.seconds


def measure_log(folder: Path, seconds: float) -> dict[str, object]:
    """Frames per second at 100 and 300 frames a group beside bare loops over the same bytes.

    Runs about `seconds` in scratch files under `folder`, in five rounds that take turns. `ours`
    packs, chains and appends whole groups (`frames_per_s_…`), and hands frames one by one from an
    event loop that hears each answer (`loop_frames_per_s_…`). The baseline `bare` appends ready
    bytes to a growing file with one `write` and one `fdatasync` a group; `bare_zeroed` does so
    over blocks written before, as the log does. Raises LogFailed, OSError.
    """
    scratch = Path(tempfile.mkdtemp(prefix="bench-log-", dir=folder))
    slot = seconds / (ROUNDS * len(GROUPS) * 4)
    frames = _frames()
    ours: dict[int, list[float]] = {size: [] for size in GROUPS}
    looped: dict[int, list[float]] = {size: [] for size in GROUPS}
    bare: dict[int, list[float]] = {size: [] for size in GROUPS}
    zeroed: dict[int, list[float]] = {size: [] for size in GROUPS}
    try:
        for turn in range(ROUNDS):
            for size in GROUPS:
                log_folder = scratch / f"log-{turn}-{size}"
                ours[size].append(_append(log_folder, frames, size, slot).per_s)
                shutil.rmtree(log_folder)
                looped[size].append(_through_the_loop(log_folder, frames, size, slot).per_s)
                shutil.rmtree(log_folder)
                group = _bytes_of(frames[:size])
                for zero, rates in ((False, bare), (True, zeroed)):
                    rate = _bare_loop(scratch / "bare", group, size, slot, zero=zero)
                    rates[size].append(rate.per_s)
    finally:
        shutil.rmtree(scratch)
    return {
        "bench": "log",
        "machine": _machine(folder),
        "seed": SEED,
        "rounds": ROUNDS,
        "ours": _medians(ours)
        | {f"loop_{name}": rate for name, rate in _medians(looped).items()}
        | {"frame_bytes": FRAME_BYTES},
        "baseline": {"bare": _medians(bare), "bare_zeroed": _medians(zeroed)},
        "ratio": _ratios("bare", ours, bare)
        | _ratios("bare_zeroed", ours, zeroed)
        | _ratios("loop_bare", looped, bare),
    }


def _frames() -> list[Frame]:
    chance = Random(SEED)
    order = chance.sample(range(DEVICES), max(GROUPS) * 20)
    return [
        Frame(
            received_us=1_700_000_000_000_000 + index,
            session=device,
            protocol=1,
            flags=0,
            identity=b"LSVNV2182E%07d" % device,
            data=chance.randbytes(FRAME_BYTES),
        )
        for index, device in enumerate(order)
    ]


def _bytes_of(frames: list[Frame]) -> bytes:
    pieces: list[bytes] = []
    pack_records(frames=frames, offset=0, limit=SEGMENT_SIZE, heads={}, pieces=pieces)
    return b"".join(pieces)


def _append(folder: Path, frames: list[Frame], size: int, seconds: float) -> Rate:
    log = SegmentLog(folder=folder, gateway=1)
    try:
        groups, began = 0, time.perf_counter()
        until = began + seconds
        while time.perf_counter() < until:
            start = groups * size % (len(frames) - size + 1)
            log.append(frames[start : start + size])
            groups += 1
        return Rate(frames=groups * size, seconds=time.perf_counter() - began)
    finally:
        log.close()


def _through_the_loop(folder: Path, frames: list[Frame], size: int, seconds: float) -> Rate:
    log = SegmentLog(folder=folder, gateway=1)
    try:
        return asyncio.run(_feed(log, frames, size, seconds))
    finally:
        log.close()


async def _feed(log: SegmentLog, frames: list[Frame], size: int, seconds: float) -> Rate:
    """Keep two groups of `size` frames in flight, as sessions that wait for their answers do."""
    loop = asyncio.get_running_loop()
    failures: list[LogFailed] = []
    answered = asyncio.Event()
    durable = 0

    def done(_: Position) -> None:
        nonlocal durable
        durable += 1
        if durable % size == 0:
            answered.set()

    commit = GroupCommit(log=log, loop=loop, on_failed=failures.append, group_frames=size)
    sent, began = 0, time.perf_counter()
    until = began + seconds
    while time.perf_counter() < until and not failures:
        while sent - durable <= (IN_FLIGHT - 1) * size:
            start = sent % (len(frames) - size + 1)
            for frame in frames[start : start + size]:
                commit.submit(frame=frame, done=done)
            sent += size
        answered.clear()
        await answered.wait()
    rate = Rate(frames=durable, seconds=time.perf_counter() - began)
    commit.close()
    if failures:
        raise failures[0]
    return rate


def _bare_loop(path: Path, group: bytes, size: int, seconds: float, *, zero: bool) -> Rate:
    descriptor = os.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY)
    try:
        if zero:
            Disk().fill(descriptor, SEGMENT_SIZE)
        os.fsync(descriptor)
        groups, offset, began = 0, 0, time.perf_counter()
        until = began + seconds
        while time.perf_counter() < until:
            os.pwrite(descriptor, group, offset)
            os.fdatasync(descriptor)
            groups += 1
            offset += len(group)
            if offset + len(group) > SEGMENT_SIZE and zero:
                offset = 0
        return Rate(frames=groups * size, seconds=time.perf_counter() - began)
    finally:
        os.close(descriptor)
        path.unlink()


def _medians(rates: dict[int, list[float]]) -> dict[str, float]:
    return {
        f"frames_per_s_{size}": round(statistics.median(values), 1)
        for size, values in rates.items()
    }


def _ratios(
    name: str, ours: dict[int, list[float]], baseline: dict[int, list[float]]
) -> dict[str, float]:
    """Round by round, so that a slow moment of the disk weighs on both sides alike."""
    return {
        f"{name}_{size}": round(
            statistics.median(a / b for a, b in zip(ours[size], baseline[size], strict=True)), 3
        )
        for size in GROUPS
    }


def _machine(folder: Path) -> dict[str, object]:
    return {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "system": platform.platform(),
        "free_bytes": disk_space(folder=folder).free_bytes,
    }
