"""One connection of a terminal: bytes in, frames to the log, answers out when they are on disk."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, Literal, cast

from django.utils import timezone

from panshi.gateway.known import Known, auth_code, code_is_right
from panshi.wire import gb32960, jtt808
from panshi.wire.columns import CODES, GB32960, JTT808
from panshi.wire.errors import WireError
from panshi.wire.framing import Split
from panshi.wire.gb32960_messages import COMMAND
from panshi.wire.jtt808_columns import identity_of
from panshi.wire.records import Frame, Position

if TYPE_CHECKING:
    from panshi.gateway.server import Gateway

GB_CODE: Final = CODES[GB32960]
JT_CODE: Final = CODES[JTT808]
WITHOUT_LOGIN: Final = 1
"""Flag of a record: a report on a line that had not signed in."""
OTHER_TALK: Final = (b"GET ", b"POST", b"HEAD", b"PUT ", b"OPTI", b"SSH-", b"\x16\x03")
SIGN_IN_TRIES: Final = 3
BLOCKED_S: Final = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a line may cost: bytes, seconds, frames a second."""

    frame_bytes: int = 4096
    buffer_bytes: int = 64 * 1024
    garbage_bytes: int = 4096
    incomplete_s: float = 30.0
    silence_s: float = 300.0
    sign_in_s: float = 60.0
    frames_per_s: float = 20.0
    burst: int = 300


class Line(asyncio.Protocol):
    """What both protocols share: cutting the stream, limits, and the way through the log."""

    code: int

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.limits = gateway.limits
        self.known: Known | None = None
        self.identity = b""
        self.epoch = 0
        self.frames = 0
        self.reason = ""
        self.host = ""
        self.opened_at = self.heard_at = gateway.loop.time()
        self.incomplete_since: float | None = None
        self.moved_frame: bytes | None = None
        self.moved_at = 0.0
        self._peer = ""
        self._rest = b""
        self._garbage = 0
        self._tokens = float(self.limits.burst)
        self._counted_at = self.opened_at
        self._held = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own kind of one.
        peer = transport.get_extra_info("peername")
        self.host = str(peer[0]) if peer else ""
        self._peer = f"{peer[0]}:{peer[1]}" if peer else ""
        self.gateway.lines.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        self.gateway.lines.discard(self)
        self.gateway.left(self, self.reason or ("LINE_LOST" if error else "HUNG_UP"))

    def data_received(self, data: bytes) -> None:
        buffer = self._rest + data if self._rest else data
        if self.known is None and not self.frames and buffer.startswith(OTHER_TALK):
            self.refuse("NOT_A_TERMINAL", buffer)
            self.close("NOT_A_TERMINAL")
            return
        frames = self._cut(buffer)
        now = self.gateway.loop.time()
        if self._waits_for_more():
            self.incomplete_since = self.incomplete_since or now
        else:
            self.incomplete_since = None
        if self._garbage > self.limits.garbage_bytes:
            self.close("GARBAGE")
        elif len(self._rest) > self.limits.buffer_bytes:
            self.close("BUFFER_FULL")
        if frames:
            self.heard_at = now
            self._meter(len(frames), now)
        for frame in frames:
            if self.reason:
                return
            self.take(frame)

    def _cut(self, buffer: bytes) -> list[bytes]:
        """The whole frames of the buffer; the rest waits, what is none is counted."""
        frames: list[bytes] = []
        while True:
            found = self.split(buffer)
            frames += found.frames
            if found.garbage:
                self._garbage += found.garbage
                self.refuse("GARBAGE", buffer, found.garbage)
            for rejected in found.rejected:
                self._garbage += len(rejected.frame)
                self.refuse(rejected.reason.upper(), rejected.frame)
                self.rejected(rejected.frame)
            self._rest = found.rest
            if not self.claims_too_much(found.rest) or self._garbage > self.limits.garbage_bytes:
                break
            # What looks like the start of an endless frame must not hide the frames behind it.
            self._garbage += 1
            self.refuse("OVERSIZE", found.rest)
            buffer = found.rest[1:]
        fitting = [frame for frame in frames if len(frame) <= self.limits.frame_bytes]
        if len(fitting) < len(frames):
            self.refuse("OVERSIZE", b"", len(frames) - len(fitting))
        if fitting and not self._rest:
            self._garbage = 0  # Noise on a long-lived line never adds up to its end.
        return fitting

    def _meter(self, count: int, now: float) -> None:
        """Above its rate a line is read more slowly; nothing of it is refused."""
        limits = self.limits
        earned = (now - self._counted_at) * limits.frames_per_s
        self._tokens = min(self._tokens + earned, float(limits.burst)) - count
        self._counted_at = now
        if self._tokens < 0:
            self.hold()
            pause = -self._tokens / limits.frames_per_s
            self.gateway.loop.call_later(pause, self.resume)
        elif self.gateway.is_full:
            self.hold()
            self.gateway.held.add(self)

    def hold(self) -> None:
        if self._transport is not None and not self._held and not self._transport.is_closing():
            self._held = True
            self._transport.pause_reading()

    def resume(self) -> None:
        if self._transport is not None and self._held and not self._transport.is_closing():
            self._held = False
            self._transport.resume_reading()

    def refuse(self, reason: str, sample: bytes = b"", count: int = 1) -> None:
        """Count input that is not taken."""
        source = self.known.identity if self.known is not None else self.host
        self.gateway.books.refused(source=source, reason=reason[:24], sample=sample, count=count)

    def close(self, reason: str) -> None:
        """Hang up, for a reason that the session's row will name."""
        self.reason = self.reason or reason
        if self._transport is not None:
            self._transport.close()

    def write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def lookup(self, identity: str) -> Known | None:
        """The terminal of this name, if it may speak."""
        found = self.gateway.archive.get((self.code, identity))
        return found if found is not None and found.active else None

    def begin(self, known: Known) -> None:
        """This line is the terminal's from now on; an older one of it ends."""
        self.known = known
        self.identity = known.identity.encode()
        self.gateway.entered(self, self._peer)

    def keep(self, frame: bytes, *, flags: int = 0) -> None:
        """Send a frame to the log; `durable` is called when it is on disk."""
        self.frames += 1
        self.gateway.commit.submit(
            frame=Frame(
                received_us=int(time.time() * 1_000_000),
                session=self.epoch,
                protocol=self.code,
                flags=flags,
                identity=self.identity,
                data=frame,
            ),
            done=partial(self._durable, frame),
        )

    def _durable(self, frame: bytes, _end: Position) -> None:
        self.durable(frame)

    def _waits_for_more(self) -> bool:
        return bool(self._rest)

    def split(self, buffer: bytes) -> Split:
        raise NotImplementedError

    def claims_too_much(self, rest: bytes) -> bool:
        return False

    def rejected(self, frame: bytes) -> None:
        """A frame that must be refused; most get no answer."""

    def take(self, frame: bytes) -> None:
        raise NotImplementedError

    def durable(self, frame: bytes) -> None:
        raise NotImplementedError


class GbLine(Line):
    """GB/T 32960: a VIN signs in, or reports at once if the archive knows it."""

    code = GB_CODE

    def __init__(self, gateway: Gateway) -> None:
        super().__init__(gateway)
        self._vin = b""
        self._signed_in = False
        self._refused = 0

    def split(self, buffer: bytes) -> Split:
        return gb32960.split(buffer=buffer)

    def claims_too_much(self, rest: bytes) -> bool:
        if len(rest) < gb32960.HEADER_SIZE or rest[:2] not in gb32960.EDITIONS:
            return False
        claimed = (rest[22] << 8 | rest[23]) + gb32960.FRAME_OVERHEAD
        return claimed > self.limits.frame_bytes

    def rejected(self, frame: bytes) -> None:
        if (
            self.known is not None
            and frame[4:21] == self._vin
            and frame[2] in (gb32960.REALTIME, gb32960.REISSUE)
            and frame[3] == COMMAND
        ):
            self.write(gb32960.reply(frame=frame, flag=gb32960.ERROR))

    def take(self, frame: bytes) -> None:
        if frame[3] != COMMAND:
            if not self.gateway.orders.answered(self, frame):
                self.refuse("ANSWER", frame)
            return
        command = frame[2]
        if command == gb32960.PLATFORM_LOGIN:
            self.refuse("PLATFORM_LOGIN", frame)
            self.write(gb32960.reply(frame=frame, flag=gb32960.ERROR))
            return
        if self.known is None and not self._admit(frame):
            return
        if frame[4:21] != self._vin:
            self.refuse("OTHER_IDENTITY", frame)
            self.close("OTHER_IDENTITY")
            return
        if command == gb32960.LOGIN:
            self._signed_in = True
        if command == gb32960.REALTIME:
            self.moved_frame, self.moved_at = frame, self.heard_at
        self.keep(frame, flags=0 if self._signed_in else WITHOUT_LOGIN)

    def _admit(self, frame: bytes) -> bool:
        known = self.lookup(gb32960.vin_of(frame=frame).upper())
        if known is None and not self.gateway.certain:
            self.close("NOT_KNOWN_YET")
            return False
        if known is None:
            self.refuse("UNKNOWN_VIN", frame)
            newest = gb32960.EDITIONS[frame[:2]] == 2025
            flag = gb32960.VIN_UNKNOWN if newest else gb32960.ERROR
            self.write(gb32960.reply(frame=frame, flag=flag, at=timezone.now()))
            self._refused += 1
            if self._refused >= SIGN_IN_TRIES:
                self.close("UNKNOWN_VIN")
            return False
        self._vin = frame[4:21]
        self.begin(known)
        return True

    def durable(self, frame: bytes) -> None:
        if frame[2] == gb32960.TIME_SYNC:
            self.write(gb32960.reply(frame=frame, at=timezone.now()))
            return
        try:
            self.write(gb32960.reply(frame=frame))
        except WireError as problem:
            self.refuse(problem.reason.upper(), frame)
            return
        if frame[2] == gb32960.LOGOUT:
            self.close("LOGGED_OUT")


Verdict = Literal[0, 1, 2, 3, 4]


class JtLine(Line):
    """JT/T 808: a phone registers, gets a code, authenticates with it, then reports."""

    code = JT_CODE

    def __init__(self, gateway: Gateway) -> None:
        super().__init__(gateway)
        self._authenticated = False
        self._claimed: Known | None = None
        self._serial = 0

    def split(self, buffer: bytes) -> Split:
        return jtt808.split(buffer=buffer)

    def _waits_for_more(self) -> bool:
        # One delimiter alone may be the end of a frame that was refused.
        return len(self._rest) > 1

    def take(self, frame: bytes) -> None:
        packet = jtt808.open_frame(frame=frame)
        if packet.msg_id == jtt808.GENERAL_ANSWER:
            if not self.gateway.orders.answered(self, frame):
                self.refuse("ANSWER", frame)
            return
        identity = identity_of(packet.phone)
        if self.known is not None and identity != self.known.identity:
            self.refuse("OTHER_IDENTITY", frame)
            self.close("OTHER_IDENTITY")
            return
        if packet.msg_id == jtt808.REGISTER:
            self._register(frame, identity)
        elif packet.msg_id == jtt808.AUTHENTICATE:
            self._authenticate(frame, identity)
        elif self._authenticated:
            if packet.msg_id == jtt808.LOCATION:
                self.moved_frame, self.moved_at = frame, self.heard_at
            self.keep(frame)
        else:
            self.refuse("NOT_SIGNED_IN", frame)
            self._answer(frame, 1)

    def _register(self, frame: bytes, identity: str) -> None:
        known = self.lookup(identity)
        if known is None and not self.gateway.certain:
            self.close("NOT_KNOWN_YET")
            return
        if known is None:
            self.refuse("UNKNOWN_PHONE", frame)
            self._answer(frame, 4)
            return
        self._claimed = known
        self.identity = known.identity.encode()
        self.keep(frame)

    def _authenticate(self, frame: bytes, identity: str) -> None:
        known = self.lookup(identity)
        code = jtt808.read(frame=frame).body.get("auth_code")
        if self.gateway.blocked_until.get(identity, 0.0) > self.gateway.loop.time():
            self.close("BLOCKED")
            return
        right = (
            known is not None
            and isinstance(code, str)
            and code_is_right(secret=self.gateway.secret, known=known, code=code)
        )
        if known is None or not right:
            self.refuse("WRONG_CODE" if known else "UNKNOWN_PHONE", frame)
            self._answer(frame, 1)
            if self.gateway.failed_sign_in(identity):
                self.close("WRONG_CODE")
            return
        self.gateway.failures.pop(identity, None)
        self._authenticated = True
        if self.known is None:
            self.begin(known)
        self.keep(frame)

    def _answer(self, frame: bytes, result: Verdict, code: str = "") -> None:
        self._serial = (self._serial + 1) & 0xFFFF
        self.write(
            jtt808.reply(
                frame=frame,
                serial=self._serial,
                result=result,
                auth_code=code,
                at=timezone.now(),
            )
        )

    def durable(self, frame: bytes) -> None:
        message = frame[1] << 8 | frame[2]
        if message == jtt808.REGISTER and self._claimed is not None:
            code = auth_code(secret=self.gateway.secret, known=self._claimed)
            self._answer(frame, 0, code)
            return
        self._answer(frame, 0)
        if message == jtt808.LOGOUT:
            self.close("LOGGED_OUT")
