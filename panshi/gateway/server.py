"""The TCP door of terminals: one port a protocol, answers only for what is on disk."""

from __future__ import annotations

import asyncio
import logging
import os
import resource
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from panshi.gateway import known
from panshi.gateway.books import Books, Page
from panshi.gateway.lines import BLOCKED_S, SIGN_IN_TRIES, GbLine, JtLine, Limits, Line
from panshi.gateway.orders import Heard, Order, Orders
from panshi.wire.group import GroupCommit
from panshi.wire.log import SegmentLog
from panshi.wire.segments import SEGMENT_SIZE, LogFailed, disk_space

if TYPE_CHECKING:
    from panshi.gateway.directory import Watch

Done = TypeVar("Done")
_log = logging.getLogger(__name__)
FULL = 20_000  # Frames on their way to the disk; beyond, terminals keep their data.
SWEEP_S = 2.0
WRITE_S = 1.0
ORDERS_S = 2.0
DISK_FAILED = 70
CLEAN_STOP_S = 4.0
RETRY_S = 1.0
HEAD_START_S = 2.0
SWITCH_S = 0.001  # The loop must not wait long for a thread that loads or writes.


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Where a gateway listens and keeps its log."""

    log_folder: Path
    snapshot: Path
    secret: bytes
    gateway: int = 1
    bind: str = "0.0.0.0"
    gb_port: int = 32960
    jt_port: int = 8808
    limits: Limits = field(default_factory=Limits)
    segment_size: int = SEGMENT_SIZE


class Gateway:
    """All lines of one process; lives in its event loop."""

    def __init__(self, *, options: Options, log: SegmentLog) -> None:
        self.loop = asyncio.get_running_loop()
        self.options = options
        self.limits = options.limits
        self.secret = options.secret
        self.archive: known.Archive = {}
        self.certain = False  # Whether the archive is the database's, not one kept before.
        self.books = Books()
        self.orders = Orders()
        self.lines: set[Line] = set()
        self.held: set[Line] = set()
        self.sessions: dict[tuple[int, bytes], Line] = {}
        self.failures: dict[str, int] = {}
        self.blocked_until: dict[str, float] = {}
        self.commit = GroupCommit(log=log, loop=self.loop, on_failed=self._disk_failed)
        self._log = log
        self._epoch = time.time_ns() // 1000
        self._changed = asyncio.Event()
        self._desk = ThreadPoolExecutor(1, thread_name_prefix="gateway-books")
        self._full = False
        self._watch: Watch | None = None

    @property
    def is_full(self) -> bool:
        """Whether the disk is so far behind, or so full, that reading has to pause."""
        return self._full or self.commit.backlog > FULL

    def entered(self, line: Line, peer: str) -> None:
        """A terminal signed in on `line`; the newer session wins."""
        assert line.known is not None
        self._epoch = max(self._epoch + 1, time.time_ns() // 1000)
        line.epoch = self._epoch
        key = (line.code, line.identity)
        older = self.sessions.get(key)
        self.sessions[key] = line
        if older is not None and older is not line:
            older.close("REPLACED")
        self.books.opened(device_id=line.known.device_id, epoch=line.epoch, peer=peer)

    def left(self, line: Line, reason: str) -> None:
        """The line is gone."""
        self.held.discard(line)
        self.orders.left(line)
        if line.known is None:
            return
        key = (line.code, line.identity)
        if self.sessions.get(key) is line:
            del self.sessions[key]
        self.books.ended(
            device_id=line.known.device_id, epoch=line.epoch, reason=reason, frames=line.frames
        )

    def failed_sign_in(self, identity: str) -> bool:
        """Count a wrong code; True when it was one too many, and the phone must wait."""
        if len(self.failures) > 10_000:
            self.failures.clear()
        count = self.failures[identity] = self.failures.get(identity, 0) + 1
        if count < SIGN_IN_TRIES:
            return False
        del self.failures[identity]
        self.blocked_until[identity] = self.loop.time() + BLOCKED_S
        return True

    async def run(self, stopping: asyncio.Event) -> None:
        """Serve until told to stop."""
        await self._learn(stopping)
        if stopping.is_set():
            self._finish()
            return
        servers = [
            await self.loop.create_server(
                lambda: GbLine(self), self.options.bind, self.options.gb_port, backlog=4096
            ),
            await self.loop.create_server(
                lambda: JtLine(self), self.options.bind, self.options.jt_port, backlog=4096
            ),
        ]
        tasks = [
            asyncio.create_task(work())
            for work in (self._keep_archive, self._keep_books, self._sweep, self._pass_orders)
        ]
        _log.info(
            "%d terminals known; GB/T 32960 on port %d, JT/T 808 on port %d",
            len(self.archive), self.options.gb_port, self.options.jt_port,
        )  # fmt: skip
        await stopping.wait()
        if self._watch is not None:
            self._watch.stop()
        for server in servers:
            server.close()
        for task in tasks:
            task.cancel()
        for line in list(self.lines):
            line.close("GATEWAY_STOPPED")
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0.05)  # Lines close in the loop's next turns.
        page, number = self.books.turn(), self.options.gateway
        with suppress(TimeoutError):
            await asyncio.wait_for(self._at_desk(lambda: _write(page, number)), CLEAN_STOP_S)
        self._finish()

    def _finish(self) -> None:
        self.commit.close()
        self._log.close()
        self._desk.shutdown(wait=False, cancel_futures=True)

    async def _learn(self, stopping: asyncio.Event) -> None:
        """Know the terminals before the first may knock: a known one must not be called unknown.

        The archive as it was last kept is enough to begin; the database follows.
        """
        kept = known.restore(self.options.snapshot)
        if kept is not None:
            self.archive = kept
            # Terminals that come back are answered first; loading Django takes seconds of a core.
            self.loop.call_later(HEAD_START_S, self._changed.set)
            return
        while not stopping.is_set() and not await self._load():
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), RETRY_S)

    async def _load(self) -> bool:
        found = await self._at_desk(_load)
        if found is None:
            return False
        self.archive, self.certain = found, True
        with suppress(OSError):
            known.save(found, self.options.snapshot)
        if self._watch is None:
            self._watch = await self._at_desk(lambda: _watch(self._tell_changed))
        return True

    def _at_desk(self, work: Callable[[], Done]) -> Awaitable[Done]:
        """Do something with the database, in the one thread that may."""
        return self.loop.run_in_executor(self._desk, work)

    def _tell_changed(self) -> None:
        with suppress(RuntimeError):  # The loop may have ended.
            self.loop.call_soon_threadsafe(self._changed.set)

    async def _keep_archive(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            if not await self._load():
                self._changed.set()
            for line in list(self.sessions.values()):
                if line.known is not None and line.lookup(line.known.identity) is None:
                    line.close("BLOCKED")
            await asyncio.sleep(WRITE_S)

    async def _keep_books(self) -> None:
        before, number, former_closed = self._epoch, self.options.gateway, False
        while True:
            await asyncio.sleep(WRITE_S)
            if not self.certain:
                continue
            if not former_closed:
                former_closed = await self._at_desk(lambda: _close_former(number, before))
            page = self.books.turn()
            if not page.empty and not await self._at_desk(partial(_write, page, number)):
                self.books.put_back(page)

    async def _pass_orders(self) -> None:
        """Take the orders that may be written now to their lines, and tell what became of them."""
        number = self.options.gateway
        while True:
            await asyncio.sleep(ORDERS_S)
            if not self.certain:
                continue
            heard = self.orders.turn()
            orders = await self._at_desk(partial(_orders, number, heard))
            if orders is None:
                self.orders.put_back(heard)
                continue
            for order in orders:
                line = self.sessions.get((order.code, order.identity))
                self.orders.write(order, line, now=self.loop.time())

    async def _sweep(self) -> None:
        """End lines that only hold on: half frames, silence, never a sign-in."""
        while True:
            await asyncio.sleep(SWEEP_S)
            now, limits = self.loop.time(), self.limits
            self._full = not disk_space(folder=self.options.log_folder).accepts_frames
            for line in list(self.lines):
                since = line.incomplete_since
                if since is not None and now - since > limits.incomplete_s:
                    line.close("HALF_FRAME")
                elif line.known is None and now - line.opened_at > limits.sign_in_s:
                    line.close("NEVER_SIGNED_IN")
                elif now - line.heard_at > limits.silence_s:
                    line.close("SILENT")
            if not self.is_full:
                for line in list(self.held):
                    line.resume()
                self.held.clear()
            self.blocked_until = {
                identity: until for identity, until in self.blocked_until.items() if until > now
            }

    def _disk_failed(self, error: LogFailed) -> None:
        """Nothing that came since may be answered; the supervisor starts us on a fresh file."""
        _log.critical("the disk refused the log: %s", error)
        os._exit(DISK_FAILED)


def _office() -> None:
    """Load Django once, in the thread that needs it, while the lines are served already."""
    import django

    django.setup()


def _load() -> known.Archive | None:
    """The archive from the database; None while it is away."""
    _office()
    from django.db import DatabaseError

    from panshi.gateway import directory

    try:
        return directory.known_terminals()
    except DatabaseError as error:
        _log.warning("the archive waits: %s", str(error).strip().split("\n")[0])
        directory.let_go()
        return None


def _watch(changed: Callable[[], None]) -> Watch:
    from panshi.gateway import directory

    watch = directory.Watch(changed=changed)
    watch.start()
    return watch


def _write(page: Page, gateway: int) -> bool:
    _office()
    from panshi.gateway import desk

    return desk.write(page, gateway=gateway)


def _orders(gateway: int, heard: list[Heard]) -> list[Order] | None:
    _office()
    from panshi.gateway import desk

    return desk.pass_orders(gateway=gateway, heard=heard)


def _close_former(gateway: int, before_epoch: int) -> bool:
    _office()
    from panshi.gateway import desk

    return desk.close_former(gateway=gateway, before_epoch=before_epoch)


def raise_file_limit() -> None:
    """As many open lines as the system lets us have."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


async def serve(options: Options) -> None:
    """Serve until SIGTERM or SIGINT. Raises LogLocked, LogFailed, OSError for a taken port."""
    raise_file_limit()
    sys.setswitchinterval(SWITCH_S)
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, stopping.set)
    log = SegmentLog(
        folder=options.log_folder, gateway=options.gateway, segment_size=options.segment_size
    )
    for lost in log.lost:
        _log.error("the log lost %d bytes at %d", lost.end - lost.start, lost.start)
    await Gateway(options=options, log=log).run(stopping)
