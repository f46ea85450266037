"""A terminal as a client: signs in, sends frames, waits for their answers. Plain asyncio."""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from datetime import UTC, datetime
from functools import reduce
from operator import xor
from typing import cast

from panshi.wire import gb32960, jtt808
from panshi.wire.clock import CHINA, wire_time
from panshi.wire.columns import GB32960, JTT808
from panshi.wire.layout import Value, Values

ANSWER_S = 30.0


class SignInRefused(Exception):
    """The platform does not know the terminal, or its code."""


class Terminal(asyncio.Protocol):
    """One connection of one terminal, `GB32960` by VIN or `JTT808` by phone.

    Answers are matched in the order of what was sent, as both standards have it. A future that is
    answered holds the answer's bytes; when the line is lost it raises ConnectionError.
    """

    def __init__(self, *, protocol: str, identity: str, edition: int) -> None:
        self.protocol, self.identity, self.edition = protocol, identity, edition
        self.answered = 0
        self.obeyed: list[bytes] = []
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[tuple[int, asyncio.Future[bytes]]] = deque()
        self._rest = b""
        self._transport: asyncio.Transport | None = None
        self._serials = itertools.count(1)
        self.lost = self._loop.create_future()

    @classmethod
    async def connect(
        cls,
        *,
        host: str,
        port: int,
        protocol: str = GB32960,
        identity: str,
        edition: int | None = None,
    ) -> Terminal:
        """Open a line; nothing is sent yet. Raises OSError."""
        chosen = edition or (2016 if protocol == GB32960 else 2019)
        loop = asyncio.get_running_loop()
        _transport, terminal = await loop.create_connection(
            lambda: cls(protocol=protocol, identity=identity, edition=chosen), host, port
        )
        return terminal

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own kind of one.

    def connection_lost(self, error: Exception | None) -> None:
        for _key, waiting in self._waiting:
            if not waiting.done():
                waiting.set_exception(ConnectionError("the line was lost"))
                waiting.exception()  # Nobody has to look at it.
        self._waiting.clear()
        if not self.lost.done():
            self.lost.set_result(None)

    def data_received(self, data: bytes) -> None:
        codec = gb32960 if self.protocol == GB32960 else jtt808
        found = codec.split(buffer=self._rest + data)
        self._rest = found.rest
        for frame in found.frames:
            self._heard(frame)

    def _heard(self, frame: bytes) -> None:
        key = self._answer_key(frame)
        if key == -1 and self.protocol == GB32960 and frame[2] == gb32960.CONTROL:
            self._obey(frame)
            return
        for at, (wanted, waiting) in enumerate(self._waiting):
            if wanted == key:
                del self._waiting[at]
                self.answered += 1
                if not waiting.done():
                    waiting.set_result(frame)
                return

    def _obey(self, frame: bytes) -> None:
        """Take an order and say so by repeating it, as a terminal does that has done it."""
        self.obeyed.append(frame)
        self.write(gb32960.reply(frame=frame, echo=True))

    def _answer_key(self, frame: bytes) -> int:
        """What an answer answers: a command byte or a serial number; -1 for an order."""
        if self.protocol == GB32960:
            return frame[2] if frame[3] != 0xFE else -1
        packet = jtt808.open_frame(frame=frame, tolerant=True)
        if packet.msg_id in (jtt808.ACKNOWLEDGE, jtt808.REGISTER_ANSWER):
            return packet.body[0] << 8 | packet.body[1]
        return -1

    def send(self, frame: bytes) -> asyncio.Future[bytes]:
        """Write one frame; the future holds its answer. Raises ConnectionError."""
        if self._transport is None or self._transport.is_closing():
            raise ConnectionError("the line is closed")
        is_gb = self.protocol == GB32960
        answer = self.expect(frame[2] if is_gb else jtt808.open_frame(frame=frame).serial)
        self._transport.write(frame)
        return answer

    def expect(self, key: int) -> asyncio.Future[bytes]:
        """Wait for an answer to a command byte or a serial number, written by other means."""
        answer: asyncio.Future[bytes] = self._loop.create_future()
        self._waiting.append((key, answer))
        return answer

    def write(self, data: bytes) -> None:
        """Write bytes as they are, frames or not; no answer is waited for."""
        if self._transport is None or self._transport.is_closing():
            raise ConnectionError("the line is closed")
        self._transport.write(data)

    async def ask(self, frame: bytes, *, within_s: float = ANSWER_S) -> bytes:
        """Write one frame and wait for its answer. Raises ConnectionError, TimeoutError."""
        async with asyncio.timeout(within_s):
            return await self.send(frame)

    async def login(self, *, at: datetime | None = None, iccid: str = "") -> None:
        """Sign in; JT/T 808 registers first and uses the code it gets. Raises SignInRefused."""
        now = at or datetime.now(UTC)
        if self.protocol == GB32960:
            body: Values = {
                "time": wire_time(at=now),
                "serial": next(self._serials),
                "iccid": iccid or "89860000000000000000",
            }
            answer = await self.ask(self.frame(gb32960.LOGIN, body))
            if answer[3] != gb32960.SUCCESS:
                raise SignInRefused(f"{self.identity}: flag {answer[3]}")
            return
        registration: dict[str, Value] = {
            "province": 33,
            "city": 100,
            "maker": "PANSH",
            "model": "T1",
            "terminal_id": self.identity[-7:],
            "plate_color": 5,
            "plate": "",
        }
        answer = await self.ask(self.frame(jtt808.REGISTER, registration))
        given = jtt808.read(frame=answer).body
        if given.get("result") != 0:
            raise SignInRefused(f"{self.identity}: result {given.get('result')}")
        code: dict[str, Value] = {"auth_code": given["auth_code"]}
        if self.edition == 2019:
            code |= {"imei": "0" * 15, "software": "1.0"}
        answer = await self.ask(self.frame(jtt808.AUTHENTICATE, code))
        if jtt808.read(frame=answer).body.get("result") != 0:
            raise SignInRefused(f"{self.identity}: the code was refused")

    def frame(self, kind: int, body: Values) -> bytes:
        """A frame of this terminal: `kind` is a command byte or a message id."""
        if self.protocol == JTT808:
            return jtt808.encode(
                message=jtt808.Message(
                    msg_id=kind,
                    edition=self.edition,
                    phone=self.identity,
                    serial=next(self._serials) & 0xFFFF,
                    body=body,
                )
            )
        return gb32960.encode(
            message=gb32960.Message(
                edition=self.edition, command=kind, vin=self.identity, body=body
            )
        )

    async def report(self, body: Values, *, reissue: bool = False) -> bytes:
        """Send a report with the keys of `panshi decode` and wait for its answer."""
        if self.protocol == JTT808:
            return await self.ask(self.frame(jtt808.LOCATION, body))
        return await self.ask(self.frame(gb32960.REISSUE if reissue else gb32960.REALTIME, body))

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Cut the line."""
        if self._transport is not None:
            self._transport.abort()


class Stamp:
    """A GB/T 32960 report encoded once, then given other times: only seven bytes change."""

    def __init__(self, frame: bytes) -> None:
        self._frame = bytearray(frame)
        self._base = frame[-1] ^ reduce(xor, frame[24:30])

    def at(self, epoch: int) -> bytes:
        """The same report at another second since 1970 UTC."""
        moment = datetime.fromtimestamp(epoch, CHINA)
        time = bytes(
            (
                moment.year - 2000,
                moment.month,
                moment.day,
                moment.hour,
                moment.minute,
                moment.second,
            )
        )
        self._frame[24:30] = time
        self._frame[-1] = self._base ^ reduce(xor, time)
        return bytes(self._frame)
