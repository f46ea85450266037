"""Vehicles of the demo keep their line to a gateway, and one of them gets a fault."""

import asyncio
import os
import signal
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import pairwise
from random import Random
from uuid import uuid4

import pytest

from panshi.demo import life, traffic, world
from panshi.demo.driving import FAULTY_KOHM, FIRM_KOHM, Driver
from panshi.demo.traffic import Car, Road
from panshi.wire import gb32960

pytestmark = pytest.mark.plain


class Counter:
    """A gateway of one page: answers every frame, remembers commands, hangs up when told to."""

    def __init__(self, *, hang_up_after: int = 0) -> None:
        self.commands: list[int] = []
        self.lines = 0
        self._hang_up_after = hang_up_after
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Road:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        return Road(port=port, report_s=0.02, first_pause_s=0.01)

    async def __aexit__(self, *_error: object) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.lines += 1
        rest = b""
        while data := await reader.read(65_536):
            found = gb32960.split(buffer=rest + data)
            rest = found.rest
            for frame in found.frames:
                self.commands.append(frame[2])
                if len(self.commands) == self._hang_up_after:
                    writer.close()
                    return
                writer.write(gb32960.reply(frame=frame, at=datetime.now(UTC)))
        writer.close()


def _car(serial: int = 1, *, org_id: int = 1, leased: bool = True, online: bool = False) -> Car:
    driver = Driver(
        vin=world.vin(serial),
        city=world.HANGZHOU,
        model=world.MODELS[0],
        random=Random(serial),
        lon=world.HANGZHOU.lon,
        lat=world.HANGZHOU.lat,
        soc=80.0,
        odometer_km=1000.0,
    )
    return Car(uuid4(), org_id, leased, driver, online)


async def _until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not true():
            await asyncio.sleep(0.005)


def test_a_vehicle_signs_in_reports_and_signs_out() -> None:
    async def play() -> list[int]:
        gateway, stopping = Counter(), asyncio.Event()
        async with gateway as road:
            driving = asyncio.create_task(traffic.drive(_car(), road=road, stopping=stopping))
            await _until(lambda: gateway.commands.count(gb32960.REALTIME) >= 3)
            stopping.set()
            await asyncio.wait_for(driving, 3)
        return gateway.commands

    commands = asyncio.run(play())
    assert commands[0] == gb32960.LOGIN
    assert commands[-1] == gb32960.LOGOUT
    assert set(commands[1:-1]) == {gb32960.REALTIME}


def test_all_vehicles_sign_out_when_the_process_is_told_to_stop() -> None:
    async def play() -> list[int]:
        gateway = Counter()
        async with gateway as road:
            driving = asyncio.create_task(
                life.drive_until_told(
                    [_car(1), _car(2)], road=road, first_org_id=None, random=Random(1)
                )
            )
            await _until(lambda: gateway.commands.count(gb32960.REALTIME) >= 4)
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.wait_for(driving, 5)
        return gateway.commands

    assert asyncio.run(play()).count(gb32960.LOGOUT) == 2


def test_the_first_alarm_comes_when_the_setting_says(monkeypatch: pytest.MonkeyPatch) -> None:
    assert life.first_alarm_s() == 90
    monkeypatch.setenv("PANSHI_DEMO_ALARM_S", "5")
    assert life.first_alarm_s() == 5


def test_a_vehicle_comes_back_when_the_line_is_lost() -> None:
    async def play() -> Counter:
        gateway, stopping = Counter(hang_up_after=3), asyncio.Event()
        async with gateway as road:
            driving = asyncio.create_task(traffic.drive(_car(), road=road, stopping=stopping))
            await _until(lambda: gateway.commands.count(gb32960.LOGIN) == 2)
            stopping.set()
            await asyncio.wait_for(driving, 3)
        return gateway

    assert asyncio.run(play()).lines == 2


def test_a_vehicle_waits_longer_and_longer_while_nobody_answers() -> None:
    tries: list[float] = []

    async def play() -> None:
        stopping = asyncio.Event()
        loop = asyncio.get_running_loop()

        async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            tries.append(loop.time())
            writer.close()
            if len(tries) == 5:
                stopping.set()

        server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        road = Road(port=port, first_pause_s=0.02)
        async with server:
            await asyncio.wait_for(traffic.drive(_car(), road=road, stopping=stopping), 5)

    asyncio.run(play())
    pauses = [after - before for before, after in pairwise(tries)]
    assert pauses[-1] > 2 * pauses[0]


def test_the_first_fault_comes_to_the_visitors_operator_and_passes() -> None:
    async def play() -> tuple[int, list[int], int]:
        stopping = asyncio.Event()
        fleet = [_car(n, org_id=n, online=True) for n in (1, 2, 3)]
        unlucky = asyncio.create_task(
            traffic.misfortunes(
                fleet,
                stopping=stopping,
                first_s=0.01,
                first_org_id=2,
                every_s=60.0,
                lasts_s=0.1,
                random=Random(1),
            )
        )
        theirs = fleet[1].driver
        await _until(lambda: theirs.insulation_kohm == FAULTY_KOHM)
        others = [fleet[n].driver.insulation_kohm for n in (0, 2)]
        await _until(lambda: theirs.insulation_kohm == FIRM_KOHM)
        stopping.set()
        await asyncio.wait_for(unlucky, 3)
        return theirs.insulation_kohm, others, len(fleet)

    assert asyncio.run(play()) == (FIRM_KOHM, [FIRM_KOHM, FIRM_KOHM], 3)


def test_only_a_leased_vehicle_on_the_line_gets_a_fault() -> None:
    idle, away = _car(1, leased=False, online=True), _car(2)
    assert traffic.unlucky([idle, away], Random(1), None) is None
    able = _car(3, online=True)
    assert traffic.unlucky([idle, away, able], Random(1), 99) is able


@pytest.mark.parametrize(
    ("sizes", "total", "shares"),
    [([82, 46, 48], 60, [28, 16, 16]), ([2, 3], 60, [2, 3]), ([1, 1, 1], 2, [1, 1, 0])],
)
def test_vehicles_are_spread_over_the_operators(
    sizes: list[int], total: int, shares: list[int]
) -> None:
    assert traffic.quotas(sizes, total) == shares
