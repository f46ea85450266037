"""Send recorded frames again, each from its own terminal's line."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from panshi.wire import gb32960, jtt808
from panshi.wire.client import SignInRefused, Stamp, Terminal
from panshi.wire.columns import GB32960, JTT808
from panshi.wire.decode import frame_of
from panshi.wire.errors import WireError
from panshi.wire.gb32960_messages import COMMAND
from panshi.wire.jtt808_columns import identity_of

PORTS = {GB32960: 32960, JTT808: 8808}
ANSWER_S = 10.0


@dataclass(slots=True)
class Outcome:
    """What became of the frames of a file; `refused` counts terminals by why."""

    frames: int = 0
    terminals: int = 0
    sent: int = 0
    answered: int = 0
    without_answer: int = 0
    unreadable: int = 0
    skipped: int = 0
    lines_lost: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Recorded:
    """The frames of one terminal in the order of the file."""

    protocol: str
    identity: str
    edition: int
    frames: list[bytes]


def read_file(file: Path, outcome: Outcome) -> list[Recorded]:
    """Frames by terminal: those a platform sends, answers and sign-ins are left out, since the
    sign-in is made anew."""
    found: dict[tuple[str, str], Recorded] = {}
    with file.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            outcome.frames += 1
            try:
                frame = frame_of(line=line)
                place = _place(frame)
            except ValueError:
                outcome.unreadable += 1
                continue
            if place is None:
                outcome.skipped += 1
                continue
            protocol, identity, edition = place
            known = found.setdefault(
                (protocol, identity), Recorded(protocol, identity, edition, [])
            )
            known.frames.append(frame)
    outcome.terminals = len(found)
    return list(found.values())


def _place(frame: bytes) -> tuple[str, str, int] | None:
    """Protocol, identity and edition of what a terminal reports; None for everything else."""
    if frame[:2] in gb32960.EDITIONS:
        problem = gb32960.check(frame=frame)
        if problem:
            raise problem
        vin = gb32960.vin_of(frame=frame)
        reports = (gb32960.REALTIME, gb32960.REISSUE, gb32960.HEARTBEAT, gb32960.TIME_SYNC)
        if frame[3] != COMMAND or frame[2] not in reports or not vin:
            return None
        return GB32960, vin, gb32960.EDITIONS[frame[:2]]
    packet = jtt808.open_frame(frame=frame)
    handshake = (jtt808.REGISTER, jtt808.AUTHENTICATE, jtt808.GENERAL_ANSWER, jtt808.LOGOUT)
    if packet.msg_id in handshake or packet.msg_id >= 0x8000:
        return None
    return JTT808, identity_of(packet.phone), packet.edition


async def run(*, file: Path, host: str, port: int | None, rate: float, now: bool) -> dict[str, Any]:
    """Send all frames at `rate` a second over all terminals; what became of them."""
    outcome = Outcome()
    recorded = read_file(file, outcome)
    total = sum(len(terminal.frames) for terminal in recorded)
    began = time.monotonic()
    span = total / rate if rate > 0 else 0.0
    await asyncio.gather(
        *(
            _send(terminal, host, port or PORTS[terminal.protocol], span, now, outcome)
            for terminal in recorded
        )
    )
    outcome.seconds = round(time.monotonic() - began, 3)
    return asdict(outcome)


async def _send(
    recorded: Recorded, host: str, port: int, span: float, now: bool, outcome: Outcome
) -> None:
    try:
        terminal = await Terminal.connect(
            host=host,
            port=port,
            protocol=recorded.protocol,
            identity=recorded.identity,
            edition=recorded.edition,
        )
    except OSError as error:
        outcome.refused[str(error)] += 1
        return
    try:
        await terminal.login()
        pause = span / len(recorded.frames)
        due = time.monotonic()
        for frame in recorded.frames:
            due += pause
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            if now and recorded.protocol == GB32960 and frame[2] in (2, 3) and len(frame) > 31:
                frame = Stamp(frame).at(int(time.time()))
            outcome.sent += 1
            try:
                await terminal.ask(frame, within_s=ANSWER_S)
                outcome.answered += 1
            except TimeoutError:
                outcome.without_answer += 1
    except (SignInRefused, WireError) as error:
        outcome.refused[str(error)] += 1
    except ConnectionError:
        outcome.lines_lost += 1
    finally:
        terminal.close()
