"""A fleet's worth of full GB/T 32960 reports over TCP, sent by the clock, each with a number."""

from __future__ import annotations

import asyncio
import resource
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import reduce
from operator import xor
from random import Random
from typing import cast

from panshi.wire import gb32960
from panshi.wire.clock import CHINA
from panshi.wire.layout import Value

SEED = 20_261_122
CELLS, PROBES, BODIES = 100, 30, 2048
VIN_AT, TIME_AT, ODOMETER_AT = slice(4, 21), slice(24, 30), slice(36, 40)
TICK_S = 0.005
PATIENCE_S = 20.0
SIGN_INS_AT_ONCE = 200


@dataclass(slots=True)
class Outcome:
    """What was answered: the numbers of the reports, and how long each answer took in ms."""

    numbers: list[int] = field(default_factory=list)
    ack_ms: list[float] = field(default_factory=list)
    sent: int = 0
    lines_lost: int = 0
    seconds: float = 0.0
    cpu_s: float = 0.0

    @property
    def per_s(self) -> float:
        return len(self.numbers) / self.seconds if self.seconds else 0.0


def bodies() -> list[bytes]:
    """Full reports of a van under way, each with other cells; VIN, time and odometer are blank."""
    chance = Random(SEED)
    found = []
    for _ in range(BODIES):
        level = chance.randint(3250, 3340)
        cells = [level + chance.randint(-6, 6) for _ in range(CELLS)]
        temps = [chance.randint(22, 31) for _ in range(PROBES)]
        found.append(_encode(cells, temps, chance))
    return found


def _encode(cells: Sequence[int], temps: Sequence[int], chance: Random) -> bytes:
    high, low = max(cells), min(cells)
    current = round(chance.uniform(-40, 120), 1)
    items: list[Value] = [
        {
            "name": "vehicle", "vehicle_state": 1, "charge_state": 3, "run_mode": 1,
            "speed_kmh": round(chance.uniform(0, 80), 1), "odometer_km": 0.0, "voltage_v": 328.4,
            "current_a": current, "soc_pct": chance.randint(15, 95), "dcdc_state": 1, "gear": 14,
            "insulation_kohm": chance.randint(1500, 2500), "accel_pedal_pct": 12, "brake_pedal": 0,
        },
        {
            "name": "motor",
            "motors": [
                {
                    "index": 1, "state": 1, "controller_temp_c": 44, "speed_rpm": 3100,
                    "torque_nm": 21.7, "temp_c": 53, "controller_voltage_v": 328.0,
                    "controller_current_a": current,
                }
            ],
        },
        {
            "name": "position", "lon": round(120 + chance.random(), 6),
            "lat": round(30 + chance.random(), 6),
        },
        {
            "name": "extreme", "max_v_sub": 1, "max_v_cell": cells.index(high) + 1,
            "max_cell_v": high / 1000, "min_v_sub": 1, "min_v_cell": cells.index(low) + 1,
            "min_cell_v": low / 1000, "max_t_sub": 1, "max_t_probe": 1, "max_temp_c": max(temps),
            "min_t_sub": 1, "min_t_probe": 2, "min_temp_c": min(temps),
        },
        {"name": "alarm", "max_level": 0, "general_bits": []},
        {
            "name": "cell_voltage",
            "packs": [
                {
                    "sub": 1, "voltage_v": 328.4, "current_a": current, "cell_total": len(cells),
                    "start_index": 1, "cell_v": [cell / 1000 for cell in cells],
                }
            ],
        },
        {"name": "cell_temp", "packs": [{"sub": 1, "temps_c": list(temps)}]},
    ]  # fmt: skip
    return gb32960.encode(
        message=gb32960.Message(
            edition=2016,
            command=gb32960.REALTIME,
            vin="",
            body={"time": "2000-00-00T00:00:00+08:00", "items": items},
        )
    )


def _time_bytes(epoch: int) -> bytes:
    at = datetime.fromtimestamp(epoch, CHINA)
    return bytes((at.year - 2000, at.month, at.day, at.hour, at.minute, at.second))


class Press:
    """Stamps VIN, time and number into a body; three slices and one XOR a report."""

    def __init__(self) -> None:
        self._bodies = [bytearray(body) for body in bodies()]
        self._bases = [body[-1] for body in self._bodies]
        for body in self._bodies:
            # Blank fields are zeros but for the time's own bytes, so the check byte is theirs.
            if any(body[VIN_AT]) or any(body[TIME_AT]) or any(body[ODOMETER_AT]):
                raise ValueError("a field that is stamped is not blank")

    def group(self, frames: int) -> bytes:
        """So many reports one behind the other, for the bare disk."""
        return b"".join(bytes(self._bodies[at % BODIES]) for at in range(frames))

    def report(self, *, number: int, vin: bytes, vin_fold: int, time_bytes: bytes) -> bytes:
        place = number % BODIES
        body = self._bodies[place]
        odometer = number.to_bytes(4, "big")
        body[VIN_AT], body[TIME_AT], body[ODOMETER_AT] = vin, time_bytes, odometer
        folded = reduce(xor, time_bytes) ^ reduce(xor, odometer)
        body[-1] = self._bases[place] ^ vin_fold ^ folded
        return bytes(body)


class _Van(asyncio.Protocol):
    def __init__(self, vin: str, outcome: Outcome) -> None:
        self.vin = vin.encode()
        self.vin_fold = reduce(xor, self.vin)
        self.signed_in = asyncio.get_running_loop().create_future()
        self.waiting: deque[tuple[int, float]] = deque()
        self._outcome = outcome
        self._rest = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        if not self.signed_in.done():
            self.signed_in.set_exception(error or ConnectionError("hung up at sign-in"))

    def data_received(self, data: bytes) -> None:
        found = gb32960.split(buffer=self._rest + data)
        self._rest = found.rest
        now = time.perf_counter()
        for answer in found.frames:
            if answer[2] == gb32960.LOGIN:
                if not self.signed_in.done():
                    self.signed_in.set_result(answer[3])
            elif self.waiting:
                number, sent_at = self.waiting.popleft()
                if answer[3] == gb32960.SUCCESS:
                    self._outcome.numbers.append(number)
                    self._outcome.ack_ms.append((now - sent_at) * 1000)

    def send(self, number: int, frame: bytes) -> bool:
        if self._transport is None:
            return False
        self.waiting.append((number, time.perf_counter()))
        self._transport.write(frame)
        return True

    async def sign_in(self) -> None:
        message = gb32960.Message(
            edition=2016,
            command=gb32960.LOGIN,
            vin=self.vin.decode(),
            body={"time": "2026-11-22T00:00:00+08:00", "serial": 1, "iccid": "0" * 20},
        )
        assert self._transport is not None
        self._transport.write(gb32960.encode(message=message))
        flag = await asyncio.wait_for(self.signed_in, PATIENCE_S)
        if flag != gb32960.SUCCESS:
            raise ConnectionError(f"{message.vin} was refused with flag {flag}")

    def hang_up(self) -> None:
        if self._transport is not None:
            self._transport.close()


async def drive(
    *, port: int, vins: Sequence[str], rate: float, seconds: float, first: int = 1
) -> Outcome:
    """Connect all vehicles, sign them in, send `rate` reports a second in turns, wait for answers.

    Reports are numbered from `first` on, in the odometer's field. Raises OSError, TimeoutError.
    """
    outcome, press = Outcome(), Press()
    loop = asyncio.get_running_loop()
    gate = asyncio.Semaphore(SIGN_INS_AT_ONCE)
    vans: list[_Van] = []

    async def join(vin: str) -> None:
        async with gate:
            _transport, van = await loop.create_connection(
                lambda: _Van(vin, outcome), "127.0.0.1", port
            )
            await van.sign_in()
            vans.append(van)

    await asyncio.gather(*(join(vin) for vin in vins))
    used = resource.getrusage(resource.RUSAGE_SELF)
    began = time.perf_counter()
    total = int(rate * seconds)
    while outcome.sent < total:
        due = min(total, int((time.perf_counter() - began) * rate))
        stamp = _time_bytes(int(time.time()))
        while outcome.sent < due:
            number = first + outcome.sent
            van = vans[outcome.sent % len(vans)]
            frame = press.report(
                number=number, vin=van.vin, vin_fold=van.vin_fold, time_bytes=stamp
            )
            outcome.lines_lost += not van.send(number, frame)
            outcome.sent += 1
        await asyncio.sleep(TICK_S)
    deadline = time.perf_counter() + PATIENCE_S
    while any(van.waiting for van in vans) and time.perf_counter() < deadline:
        await asyncio.sleep(0.02)
    outcome.seconds = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_SELF)
    outcome.cpu_s = after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime
    for van in vans:
        van.hang_up()
    return outcome
