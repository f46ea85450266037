"""Group commit: what closes a group, who hears of it and when."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import pytest

from panshi.wire import group
from panshi.wire.group import GROUP_FRAMES, GroupCommit
from panshi.wire.log import SegmentLog
from panshi.wire.records import MAX_DATA, Frame, FrameTooLong, Position
from panshi.wire.segments import Disk, LogFailed

pytestmark = pytest.mark.plain


class CountingDisk(Disk):
    """Counts the writes and syncs of data; waits at a gate; fails from a given sync on."""

    def __init__(self, *, fails_at: int = 10**9) -> None:
        self.syncs, self.writes, self.fails_at = 0, list[int](), fails_at
        self.gate = threading.Event()
        self.gate.set()

    def write(self, descriptor: int, data: bytes, offset: int) -> None:
        self.writes.append(len(data))
        super().write(descriptor, data, offset)

    def sync_data(self, descriptor: int) -> None:
        self.gate.wait(10)
        self.syncs += 1
        if self.syncs >= self.fails_at:
            raise OSError(5, "Input/output error")
        super().sync_data(descriptor)


def frame(number: int, size: int = 100) -> Frame:
    return Frame(
        received_us=number,
        session=1,
        protocol=2,
        flags=0,
        identity=b"13800001111",
        data=bytes(size),
    )


Story = Callable[[GroupCommit, CountingDisk, list[LogFailed]], Awaitable[None]]


def play(folder: Path, story: Story, *, fails_at: int = 10**9) -> SegmentLog:
    """Run the story with a log of its own; answers the log for reading afterwards."""
    disk, failures = CountingDisk(fails_at=fails_at), list[LogFailed]()
    log = SegmentLog(folder=folder, gateway=1, segment_size=4 * 1024 * 1024, disk=disk)
    disk.writes.clear()

    async def run() -> None:
        loop = asyncio.get_running_loop()
        commit = GroupCommit(log=log, loop=loop, on_failed=failures.append)
        try:
            await story(commit, disk, failures)
        finally:
            disk.gate.set()
            commit.close()
            await asyncio.sleep(0)

    asyncio.run(asyncio.wait_for(run(), 20))
    return log


def numbers(log: SegmentLog) -> list[int]:
    return [stored.received_us for stored in log.read(Position(0), 100_000).frames]


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A group closes when it is full, however slowly a crowded machine fills it."""
    monkeypatch.setattr(group, "GROUP_SECONDS", 60.0)


@pytest.mark.usefixtures("patient")
def test_three_hundred_frames_take_one_write_and_one_sync(tmp_path: Path) -> None:
    async def story(commit: GroupCommit, disk: CountingDisk, _: list[LogFailed]) -> None:
        ends = await asyncio.gather(*(commit.append(frame(n)) for n in range(GROUP_FRAMES)))
        assert len(set(ends)) == 1
        assert (disk.syncs, len(disk.writes)) == (1, 1)
        assert commit.backlog == 0

    log = play(tmp_path, story)
    assert numbers(log) == list(range(300))
    log.close()


@pytest.mark.usefixtures("patient")
def test_a_group_closes_at_300_frames_or_256_kib(tmp_path: Path) -> None:
    async def story(commit: GroupCommit, disk: CountingDisk, _: list[LogFailed]) -> None:
        await asyncio.gather(*(commit.append(frame(n)) for n in range(2 * GROUP_FRAMES)))
        assert disk.syncs == 2
        await asyncio.gather(*(commit.append(frame(n, 100_000)) for n in range(6)))
        assert disk.syncs == 4

    play(tmp_path, story).close()


def test_a_lonely_frame_is_durable_about_ten_milliseconds_later(tmp_path: Path) -> None:
    async def story(commit: GroupCommit, disk: CountingDisk, _: list[LogFailed]) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        await commit.append(frame(1))
        waited = loop.time() - began
        assert 0.009 <= waited < 5
        assert disk.syncs == 1

    play(tmp_path, story).close()


@pytest.mark.usefixtures("patient")
def test_all_answers_of_a_group_come_in_one_turn_of_the_loop(tmp_path: Path) -> None:
    async def story(commit: GroupCommit, disk: CountingDisk, _: list[LogFailed]) -> None:
        turns, turn, running = list[int](), 0, True

        async def count() -> None:
            nonlocal turn
            while running:
                turn += 1
                await asyncio.sleep(0)

        counter = asyncio.create_task(count())
        for n in range(GROUP_FRAMES):
            commit.submit(frame=frame(n), done=lambda _: turns.append(turn))
        while len(turns) < GROUP_FRAMES:
            await asyncio.sleep(0)
        running = False
        await counter
        assert len(set(turns)) == 1

    play(tmp_path, story).close()


def test_nobody_hears_anything_before_the_sync_has_returned(tmp_path: Path) -> None:
    async def story(commit: GroupCommit, disk: CountingDisk, _: list[LogFailed]) -> None:
        disk.gate.clear()
        heard = list[Position]()
        commit.submit(frame=frame(1), done=heard.append)
        while not disk.writes:
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.03)
        assert heard == []
        assert commit.backlog == 1
        disk.gate.set()
        while not heard:
            await asyncio.sleep(0.001)

    play(tmp_path, story).close()


def test_frames_of_a_slow_disk_wait_in_groups_and_keep_their_order(tmp_path: Path) -> None:
    async def story(commit: GroupCommit, disk: CountingDisk, _: list[LogFailed]) -> None:
        disk.gate.clear()
        heard = list[int]()

        def hear(number: int, _: Position) -> None:
            heard.append(number)

        for n in range(1000):
            commit.submit(frame=frame(n), done=partial(hear, n))
        disk.gate.set()
        while len(heard) < 1000:
            await asyncio.sleep(0.001)
        assert heard == list(range(1000))
        assert disk.syncs == 4

    log = play(tmp_path, story)
    assert numbers(log) == list(range(1000))
    log.close()


def test_a_failed_sync_answers_nobody_and_calls_the_alarm_once(tmp_path: Path) -> None:
    async def story(commit: GroupCommit, disk: CountingDisk, failures: list[LogFailed]) -> None:
        await commit.append(frame(0))
        heard = list[Position]()
        for n in range(700):
            commit.submit(frame=frame(n), done=heard.append)
        while not failures:
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.05)
        assert heard == []
        assert len(failures) == 1
        assert disk.syncs == 2

    play(tmp_path, story, fails_at=2).close()


def test_closing_writes_what_is_waiting(tmp_path: Path) -> None:
    heard = list[Position]()

    async def story(commit: GroupCommit, disk: CountingDisk, _: list[LogFailed]) -> None:
        for n in range(5):
            commit.submit(frame=frame(n), done=heard.append)

    log = play(tmp_path, story)
    assert numbers(log) == list(range(5))
    assert len(heard) == 5
    log.close()


def test_a_session_that_fails_to_answer_does_not_silence_the_others(tmp_path: Path) -> None:
    async def story(commit: GroupCommit, disk: CountingDisk, _: list[LogFailed]) -> None:
        told, heard = list[object](), list[Position]()
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: told.append(context["exception"]))

        def broken(_: Position) -> None:
            raise ConnectionResetError

        commit.submit(frame=frame(1), done=broken)
        commit.submit(frame=frame(2), done=heard.append)
        while not heard:
            await asyncio.sleep(0.001)
        assert [type(error) for error in told] == [ConnectionResetError]

    play(tmp_path, story).close()


def test_a_cancelled_wait_and_a_frame_too_long_leave_the_group_alone(tmp_path: Path) -> None:
    async def story(commit: GroupCommit, disk: CountingDisk, _: list[LogFailed]) -> None:
        gone = asyncio.create_task(commit.append(frame(1)))
        await asyncio.sleep(0)
        gone.cancel()
        with pytest.raises(FrameTooLong):
            await commit.append(frame(2, MAX_DATA + 1))
        await commit.append(frame(3))

    log = play(tmp_path, story)
    assert numbers(log) == [1, 3]
    log.close()
