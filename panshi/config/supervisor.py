"""One process that starts, watches, restarts and stops all others.

Children start in order, each when the one before is ready, and stop in the opposite order. What
dies is started again. Every child leads a session of its own, so that Ctrl-C reaches only the
supervisor, and is told to stop by the kernel when the supervisor is killed; a child of ours must
therefore heed SIGTERM.
"""

import asyncio
import ctypes
import json
import os
import queue
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TextIO

FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 10.0
STEADY_S = 30.0  # A child that lived this long starts again without a pause that grew.
READY_S = 120.0
LONGEST_LINE = 65_536  # Bytes; a longer line is printed in pieces.
WAITING_LINES = 20_000
LAST_WORDS_S = 2.0
STATUS_NAME = "supervisor.json"

_PR_SET_PDEATHSIG = 1
_COLOURS = (36, 33, 32, 35, 34, 96, 93, 92, 95, 94)
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """One process to keep alive.

    `env` is added to our own environment, or replaces it when `inherit` is false. `ready` is asked,
    in a thread, until it says yes; only then the next child starts. `before` runs ahead of every
    start. `stop` is the signal that ends it; after `grace` seconds its whole group is killed. A
    child that runs `once` must end with 0 before the next one starts.
    """

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    inherit: bool = True
    ready: Callable[[], bool] | None = None
    before: Callable[[], None] | None = None
    stop: signal.Signals = signal.SIGTERM
    grace: float = 10.0
    once: bool = False


@dataclass(frozen=True, slots=True)
class ChildStatus:
    """What a child is doing: STARTING, READY, WAITING for its restart, DONE or STOPPED.

    `since` is in Unix seconds; `last_exit` is negative for a signal.
    """

    name: str
    pid: int | None
    state: str
    restarts: int
    since: float
    last_exit: int | None


@dataclass(frozen=True, slots=True)
class Status:
    """The supervisor's process id and its children in order of start."""

    pid: int
    children: tuple[ChildStatus, ...]

    @property
    def ready(self) -> bool:
        """Whether every child is up, or has done what it had to do once."""
        return all(child.state in {"READY", "DONE"} for child in self.children)


def run(
    children: Sequence[Child],
    *,
    status_file: Path | None = None,
    output: TextIO | None = None,
    ready_within: float = READY_S,
) -> int:
    """Supervise until SIGINT, SIGTERM or SIGHUP; the exit code for the command line.

    Blocks; call it in the main thread. 0 after an ordered stop, 1 when a child could not be started
    at all, was not ready within `ready_within` seconds, or, running once for as long as it needs,
    failed. A second signal kills without grace.
    """
    return asyncio.run(_Supervisor(children, status_file, output or sys.stdout, ready_within).run())


def _silence(output: TextIO) -> None:
    """Send what nobody reads any more nowhere: what is buffered must not fail at the exit."""
    with suppress(OSError, ValueError):
        descriptor = output.fileno()
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, descriptor)
        os.close(nowhere)


def read_status(folder: Path) -> Status | None:
    """What the supervisor last wrote to `folder`; None when none is running."""
    try:
        content = json.loads((folder / STATUS_NAME).read_text())
        os.kill(content["pid"], 0)
    except (FileNotFoundError, ProcessLookupError, ValueError):
        return None
    except PermissionError:
        pass  # It runs as another user.
    return Status(content["pid"], tuple(ChildStatus(**child) for child in content["children"]))


class _Post:
    """A child and what became of it."""

    def __init__(self, child: Child, label: str) -> None:
        self.child = child
        self.label = label
        self.process: asyncio.subprocess.Process | None = None
        self.keeper: asyncio.Task[None] | None = None
        self.ready = asyncio.Event()
        self.state = "WAITING"
        self.starts = 0
        self.since = time.time()
        self.last_exit: int | None = None

    def status(self) -> ChildStatus:
        return ChildStatus(
            name=self.child.name,
            pid=self.process.pid if self.process else None,
            state=self.state,
            restarts=max(0, self.starts - 1),
            since=self.since,
            last_exit=self.last_exit,
        )


class _Supervisor:
    def __init__(
        self,
        children: Sequence[Child],
        status_file: Path | None,
        output: TextIO,
        ready_within: float,
    ) -> None:
        names = ["panshi", *(child.name for child in children)]
        width = max(map(len, names))
        bright = output.isatty() and "NO_COLOR" not in os.environ
        self._labels = {
            name: f"\x1b[{_COLOURS[n % len(_COLOURS)]}m{name:<{width}} |\x1b[0m"
            if bright
            else f"{name:<{width}} |"
            for n, name in enumerate(names)
        }
        self._children = children
        self._status_file = status_file
        self._ready_within = ready_within
        self._posts: list[_Post] = []
        self._code = 0
        self._lines: queue.Queue[str | None] = queue.Queue(WAITING_LINES)
        self._lost = 0
        self._writer = threading.Thread(target=self._write, args=[output], daemon=True)

    async def run(self) -> int:
        self._stopping = asyncio.Event()
        self._hurry = asyncio.Event()
        self._listen()
        self._posts = [_Post(child, self._labels[child.name]) for child in self._children]
        self._writer.start()
        try:
            for post in self._posts:
                post.keeper = asyncio.create_task(self._keep(post))
                if not await self._came_up(post):
                    break
            else:
                self._say("all processes are up")
            await self._stopping.wait()
        finally:
            self._stopping.set()
            for post in reversed(self._posts):
                await self._end(post)
            if self._status_file is not None:
                self._status_file.unlink(missing_ok=True)
            with suppress(queue.Full):
                self._lines.put_nowait(None)
            self._writer.join(LAST_WORDS_S)
        return self._code

    def _listen(self) -> None:
        loop = asyncio.get_running_loop()

        def heard(sign: signal.Signals) -> None:
            if self._stopping.is_set():
                self._say(f"{sign.name} again: killing what is left")
                self._hurry.set()
            else:
                self._say(f"{sign.name}: stopping")
                self._stopping.set()

        for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(sign) is not signal.SIG_IGN:  # nohup asks us not to hear SIGHUP.
                loop.add_signal_handler(sign, heard, sign)

    async def _came_up(self, post: _Post) -> bool:
        """Wait until `post` is ready; False when everything has to stop."""
        signs = [asyncio.create_task(event.wait()) for event in (post.ready, self._stopping)]
        patience = None if post.child.once else self._ready_within
        await asyncio.wait(signs, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
        for sign in signs:
            sign.cancel()
        if self._stopping.is_set():
            return False
        if not post.ready.is_set():
            self._fail(f"{post.child.name} was not ready within {self._ready_within:.0f} s")
            return False
        return True

    async def _keep(self, post: _Post) -> None:
        """Start the child again and again until we stop."""
        pause = FIRST_PAUSE_S
        loop = asyncio.get_running_loop()
        while not self._stopping.is_set():
            began = loop.time()
            if not await self._live(post):
                return
            if loop.time() - began >= STEADY_S:
                pause = FIRST_PAUSE_S
            self._mark(post, "WAITING")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause)
            pause = min(2 * pause, LONGEST_PAUSE_S)

    async def _live(self, post: _Post) -> bool:
        """One life of the child; False when it shall not be started again."""
        child = post.child
        try:
            if child.before is not None:
                child.before()
            process, stream, pipe = await self._spawn(child)
        except Exception as error:
            first = post.starts == 0
            if first:
                self._fail(f"{child.name} cannot start: {error}")
            else:
                self._say(f"{child.name} cannot start: {error}")
            return not first
        post.process = process
        post.starts += 1
        self._mark(post, "STARTING")
        pump = asyncio.create_task(self._pump(post, stream))
        asking = asyncio.create_task(self._ask(post))
        if self._stopping.is_set():
            _signal(process, child.stop)
        code = await process.wait()
        asking.cancel()
        _kill_group(process.pid)  # What it left behind may hold its port.
        await asyncio.wait({pump}, timeout=0.3)
        pump.cancel()
        pipe.close()
        post.process, post.last_exit = None, code
        post.ready.clear()
        if child.once and code == 0:
            post.ready.set()
            self._mark(post, "DONE")
            return False
        if self._stopping.is_set():
            return False
        if child.once:
            self._fail(f"{child.name} failed {_exit_text(code)}")
            return False
        self._say(f"{child.name} ended {_exit_text(code)}; starting it again")
        return True

    async def _spawn(
        self, child: Child
    ) -> tuple[asyncio.subprocess.Process, asyncio.StreamReader, asyncio.ReadTransport]:
        loop = asyncio.get_running_loop()
        # A pipe of our own: asyncio's would make `wait` wait for grandchildren that hold it open.
        reading, writing = os.pipe()
        try:
            own = {**os.environ, "PYTHONUNBUFFERED": "1"} if child.inherit else {}
            process = await asyncio.create_subprocess_exec(
                *child.argv,
                env={**own, **child.env},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=writing,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_following(os.getpid()),
            )
        except BaseException:
            os.close(reading)
            raise
        finally:
            os.close(writing)
        stream = asyncio.StreamReader()
        pipe, _protocol = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(stream), os.fdopen(reading, "rb", 0)
        )
        return process, stream, pipe

    async def _ask(self, post: _Post) -> None:
        """Mark the child ready when it says so; a child without a question is ready at once."""
        child = post.child
        if child.once:
            return
        complaint = ""
        while child.ready is not None:
            try:
                if await asyncio.to_thread(child.ready):
                    break
            except Exception as error:
                if str(error) != complaint:
                    complaint = str(error)
                    self._say(f"{child.name} is not ready: {complaint}")
            await asyncio.sleep(0.05)
        post.ready.set()
        self._mark(post, "READY")

    async def _end(self, post: _Post) -> None:
        if post.keeper is None:
            return
        if post.process is not None:
            _signal(post.process, post.child.stop)
            hurry = asyncio.create_task(self._hurry.wait())
            await asyncio.wait(
                {post.keeper, hurry},
                timeout=post.child.grace,
                return_when=asyncio.FIRST_COMPLETED,
            )
            hurry.cancel()
            if not post.keeper.done() and post.process is not None:
                self._say(f"{post.child.name} did not stop; killing it")
                _kill_group(post.process.pid)
        await post.keeper
        if post.state != "DONE":
            self._mark(post, "STOPPED")

    async def _pump(self, post: _Post, stream: asyncio.StreamReader) -> None:
        rest = b""
        while chunk := await stream.read(LONGEST_LINE):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                self._print(post.label, line.decode(errors="replace"))
            if len(rest) >= LONGEST_LINE:
                self._print(post.label, rest.decode(errors="replace"))
                rest = b""
        if rest:
            self._print(post.label, rest.decode(errors="replace"))

    def _say(self, text: str) -> None:
        self._print(self._labels["panshi"], text)

    def _fail(self, text: str) -> None:
        self._say(text)
        self._code = 1
        self._stopping.set()

    def _print(self, label: str, text: str) -> None:
        text = _UNPRINTABLE.sub(lambda found: f"\\x{ord(found[0]):02x}", text.rstrip("\r"))
        try:
            if self._lost:
                self._lines.put_nowait(f"({self._lost} lines were lost: the output was blocked)\n")
                self._lost = 0
            self._lines.put_nowait(f"{time.strftime('%H:%M:%S')} {label} {text}\n")
        except queue.Full:
            self._lost += 1

    def _write(self, output: TextIO) -> None:
        """Print in a thread of its own: a terminal that is held must not stop the supervision."""
        while (line := self._lines.get()) is not None:
            try:
                output.write(line)
                output.flush()
            except BrokenPipeError:
                _silence(output)
            except (OSError, ValueError):
                continue  # The terminal is gone; the work goes on.

    def _mark(self, post: _Post, state: str) -> None:
        post.state, post.since = state, time.time()
        if self._status_file is None:
            return
        children = tuple(each.status() for each in self._posts)
        temporary = self._status_file.with_suffix(".part")
        try:
            temporary.write_text(json.dumps(asdict(Status(os.getpid(), children))))
            temporary.replace(self._status_file)
        except OSError as error:
            self._say(f"the status cannot be written: {error}")


def _following(parent: int) -> Callable[[], None] | None:
    """What a child does before exec: ask the kernel for SIGTERM when `parent` dies."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)

    def follow() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # It died before we asked.
            os._exit(1)

    return follow


def _signal(process: asyncio.subprocess.Process, sign: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        process.send_signal(sign)


def _kill_group(leader: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def _exit_text(code: int) -> str:
    return f"by signal {-code}" if code < 0 else f"with code {code}"
