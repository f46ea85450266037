"""Kill -9 of each process under load: back at once, nothing lost, nothing counted twice."""

import asyncio
import signal
import time
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import NamedTuple

import pyarrow.parquet as pq
import pytest

from panshi.gateway.tests.test_story import report
from panshi.gateway.tests.town import Town
from panshi.wire import gb32960
from panshi.wire.client import SignInRefused, Terminal
from panshi.wire.layout import Value
from panshi.wire.reader import LogReader
from panshi.wire.records import Position
from tests.clock import crowd

pytestmark = pytest.mark.slow
Found = Callable[..., Town]
ODOMETER_AT = slice(36, 40)
BACK_WITHIN_S = 10.0
ONCE = ("ingest", "worker", "gateway", "web", "postgres")
AGAIN = ("gateway", "worker", "ingest")
INSULATION = 11  # The bit of this alarm in the general alarm flags.
TROUBLED_EACH = 8


class Fleet:
    """Vehicles that send numbered reports and remember which were answered, through every loss.

    Those in `troubled` report an insulation alarm.
    """

    def __init__(self, town: Town) -> None:
        self.town = town
        self.answered: list[int] = []
        self.newest: dict[str, int] = {}
        self.troubled: set[str] = set()
        self.stopping = False
        self.last_answer_at = time.monotonic()
        self._number = 0

    async def drive(self, vin: str, chance: Random) -> None:
        while not self.stopping:
            try:
                await self._live(vin)
            except (OSError, SignInRefused, TimeoutError):
                await asyncio.sleep(0.2 + chance.random() * 0.5)

    async def _live(self, vin: str) -> None:
        terminal = await Terminal.connect(host="127.0.0.1", port=self.town.gb_port, identity=vin)
        try:
            await terminal.login()
            template, ill = b"", None
            while not self.stopping:
                if ill != (vin in self.troubled):
                    ill = vin in self.troubled
                    bits: list[Value] = [INSULATION] if ill else []
                    template = terminal.frame(gb32960.REALTIME, report(at=time.time(), bits=bits))
                self._number += 1
                number = self._number
                answer = await terminal.ask(_numbered(template, number), within_s=15)
                if answer[3] == gb32960.SUCCESS:
                    self.answered.append(number)
                    self.newest[vin] = number
                    self.last_answer_at = time.monotonic()
                await asyncio.sleep(1.0)
        finally:
            terminal.abort()


def _numbered(template: bytes, number: int) -> bytes:
    """The report with its number in the odometer, and the time by the number, always rising."""
    frame = bytearray(template)
    number_bytes = number.to_bytes(4, "big")
    old = frame[ODOMETER_AT]
    frame[ODOMETER_AT] = number_bytes
    for before, after in zip(old, number_bytes, strict=True):
        frame[-1] ^= before ^ after
    return bytes(frame)


def _stored(town: Town) -> Counter[int]:
    rows = town.ask("SELECT path FROM telematics_historyfile WHERE gateway = %s", town.number)
    numbers = Counter[int]()
    for (path,) in rows:
        table = pq.read_table(town.history / path, columns=["odometer"])
        numbers.update(table["odometer"].to_pylist())
    return numbers


def _logged(town: Town) -> Counter[int]:
    reader = LogReader(folder=town.log)
    numbers, at = Counter[int](), Position(0)
    while (batch := reader.read(at, 10_000)).frames:
        numbers.update(
            int.from_bytes(frame.data[ODOMETER_AT], "big")
            for frame in batch.frames
            if frame.data[2] == gb32960.REALTIME
        )
        at = batch.next
    reader.close()
    return numbers


class Outage(NamedTuple):
    """How long what a process does was gone, and how many times over the cores were wanted."""

    victim: str
    took_s: float
    crowd: float


class Watch:
    """What outsiders see of the town: terminals answered, pages ready, alarms become findings."""

    def __init__(self, town: Town, fleet: Fleet) -> None:
        self.town, self.fleet = town, fleet

    def answers(self, since: float) -> bool:
        return self.fleet.last_answer_at >= since

    def pages(self, _since: float) -> bool:
        return self.town.is_ready()

    def findings(self, _since: float) -> bool:
        rows = self.town.ask("SELECT count(DISTINCT vehicle_id) FROM diagnosis_finding")
        return bool(rows[0][0] == len(self.fleet.troubled))

    def of(self, victim: str) -> list[Callable[[float], bool]]:
        """What must be back after the loss of a process."""
        wanted: dict[str, list[Callable[[float], bool]]] = {
            "gateway": [self.answers],
            "web": [self.pages],
            "ingest": [self.findings],
            "worker": [self.findings],
            "postgres": [self.answers, self.pages, self.findings],
        }
        return wanted[victim]

    async def until_back(self, victim: str, killed_at: float) -> float:
        """Seconds until all of it was back."""
        for holds in self.of(victim):
            while not await asyncio.to_thread(holds, killed_at):
                waited = time.monotonic() - killed_at
                assert waited < 3 * BACK_WITHIN_S * crowd(), (
                    f"{victim}, {holds.__name__}: {self.town.said(victim)[-3000:]}"
                )
                await asyncio.sleep(0.05)
        return time.monotonic() - killed_at


@pytest.mark.parametrize(
    ("terminals", "kills"),
    [(200, ONCE), pytest.param(500, ONCE + AGAIN, marks=pytest.mark.deep)],
)
def test_nothing_acknowledged_is_lost_or_counted_twice(
    found: Found, terminals: int, kills: tuple[str, ...]
) -> None:
    town = found(terminals, history_s=1.5)
    town.open_for_terminals()
    for name in ("ingest", "worker", "web"):
        town.start(name)
    town.wait(town.is_ready)
    fleet = Fleet(town)
    watch = Watch(town, fleet)
    outages: list[Outage] = []

    async def story() -> None:
        chance = Random(11)
        vans = [asyncio.create_task(fleet.drive(vin, chance)) for vin in town.vins]
        await asyncio.sleep(5)
        for number, victim in enumerate(kills):
            first = number * TROUBLED_EACH
            fleet.troubled |= set(town.vins[first : first + TROUBLED_EACH])
            killed_at = time.monotonic()
            if victim == "postgres":
                town.land.kill_server()
                before = len(fleet.answered)
                await asyncio.sleep(2)
                assert len(fleet.answered) > before, "known terminals are served without it"
                town.land.server.start()  # It must be started by the main thread.
            else:
                town.kill(victim)
                town.start(victim)
            fleet.last_answer_at = 0.0
            outages.append(Outage(victim, await watch.until_back(victim, killed_at), crowd()))
            await asyncio.sleep(3)
        fleet.stopping = True
        await asyncio.gather(*vans)

    asyncio.run(asyncio.wait_for(story(), 300))
    end = LogReader(folder=town.log).end()

    def caught_up() -> bool:
        query = "SELECT position FROM telematics_consumer WHERE gateway = %s"
        positions = [position for (position,) in town.ask(query, town.number)]
        return len(positions) == 2 and min(positions) >= end

    town.wait(caught_up, within_s=60)
    town.wait(lambda: _waiting_deliveries(town) == 0, within_s=60)
    _check_frames(town, fleet)
    findings = town.ask(
        "SELECT vin, count(*) FROM diagnosis_finding f JOIN fleet_vehicle v"
        " ON v.id = f.vehicle_id GROUP BY vin"
    )
    assert dict(findings) == dict.fromkeys(fleet.troubled, 1)
    assert [o for o in outages if o.took_s >= BACK_WITHIN_S * o.crowd] == [], outages


def test_the_worker_outlives_the_database(found: Found) -> None:
    """Its relay and its schedules listen again, in the same process."""
    town = found(1, history_s=1.5)
    town.start("worker")

    def listens() -> bool:
        query = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN %%'"
        query += " AND datname = current_database()"
        return bool(town.ask(query)[0][0] == 2)

    town.wait(listens, within_s=60)
    for _ in range(2):
        town.land.kill_server()
        town.land.server.start()
        town.wait(listens, within_s=60)
    worker = town.processes["worker"]
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(30) == 0, town.said("worker")


def _waiting_deliveries(town: Town) -> int:
    """Facts that no handler has taken, or that a handler gave up."""
    rows = town.ask("SELECT count(*) FROM kit_delivery WHERE done_at IS NULL")
    count: int = rows[0][0]
    return count


def _check_frames(town: Town, fleet: Fleet) -> None:
    logged, stored = _logged(town), _stored(town)
    answered = set(fleet.answered)
    assert len(answered) > len(town.vins)
    assert answered - logged.keys() == set(), "an answered frame is not in the log"
    assert answered - stored.keys() == set(), "an answered frame is not in history"
    assert [number for number, count in stored.items() if count > 1] == []
    assert stored == logged
    live = dict(town.ask("SELECT vin, odometer_tenths FROM telematics_livestate"))
    behind = {vin for vin, number in fleet.newest.items() if live.get(vin, 0) < number}
    assert behind == set()
