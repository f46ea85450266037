"""From 2,000 lines to live state and history: how many full reports a second, how soon answered.

The database of the running home must be fresh: the benchmark founds its own fleet in it.
"""

from __future__ import annotations

import os
import platform
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from statistics import quantiles

import pyarrow.parquet as pq
import uvloop
from django.conf import settings
from django.db import connection

from panshi.bench.load import Outcome, Press, drive
from panshi.fleet import services as fleet
from panshi.fleet.services import NewVehicle
from panshi.kit.clock import local_day
from panshi.kit.tenancy import hq_actor
from panshi.org import queries as org
from panshi.org import services as nodes
from panshi.telematics import queries, services
from panshi.telematics.services import NewDevice
from panshi.wire.reader import LogReader

GATEWAY = 1
BASELINE_S = 8.0
GROUP = 300
READY_S = 120.0
HISTORY_S = 20.0
_LETTERS = dict(zip("ABCDEFGHJKLMNPRSTUVWXYZ", map(int, "12345678123457923456789"), strict=True))
_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)


class HomeInUse(Exception):
    """The home has a company already; a benchmark would add thousands of vehicles to it."""


def measure_ingest(
    *, connections: int = 2000, rate: float = 3000, seconds: float = 60
) -> dict[str, object]:
    """Run gateway and ingest as processes and load them with full reports of 100 cells.

    `lost` counts answered reports that history does not hold, `doubled` those it holds twice.
    `cpu_s` says what the load itself took. `bytes_per_row` is that of made-up readings, which
    repeat. Baselines of the same run: `fdatasync` writes the same
    bytes in groups of 300, `ack_only` answers the same load without disk or decoding. Raises
    HomeInUse.
    """
    vins = _found(connections)
    numbers: Iterator[int] = iter(range(1, 2**31, 100_000_000))
    with _process("panshi.bench.ack_only", str(port := _free_port())), _open(port):
        ack_only = _drive(port, vins, rate, min(BASELINE_S, seconds), next(numbers))
    gb_port, jt_port = _free_port(), _free_port()
    ports = ("--gb-port", str(gb_port), "--jt-port", str(jt_port))
    with (
        _process("panshi", "gateway", "--bind", "127.0.0.1", *ports) as gateway,
        _process("panshi", "ingest", "--history", str(HISTORY_S)) as ingest,
        _open(gb_port),
    ):
        ours = _drive(gb_port, vins, rate, seconds, next(numbers))
        lag_s = _catch_up()
        cpu = {"gateway_cpu_s": _cpu_s(gateway.pid), "ingest_cpu_s": _cpu_s(ingest.pid)}
        memory_mb = _memory_mb(ingest.pid)
        ingest.send_signal(signal.SIGTERM)
        ingest.wait(timeout=READY_S)
    stored, bytes_per_row = _stored()
    bare = _fdatasync(min(BASELINE_S, seconds))
    result = _figures(ours)
    return {
        "bench": "ingest",
        "machine": {
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "system": platform.platform(),
            "load_before": round(os.getloadavg()[2], 2),
        },
        "ours": {
            "connections": connections,
            **result,
            "bytes_per_row": bytes_per_row,
            "lost": sum(1 for number in ours.numbers if number not in stored),
            "doubled": sum(count - 1 for count in stored.values()),
            "sent": ours.sent,
            "lines_lost": ours.lines_lost,
            "final_lag_s": lag_s,
            **cpu,
            "ingest_memory_mb": memory_mb,
        },
        "baseline": {"fdatasync": {"msgs_per_s": bare}, "ack_only": _figures(ack_only)},
        "ratio": {"fdatasync": round(ours.per_s / bare, 3) if bare else None},
        "cpu_s": {"load": round(ours.cpu_s, 1)},
    }


def _figures(outcome: Outcome) -> dict[str, object]:
    cuts = quantiles(outcome.ack_ms, n=100) if len(outcome.ack_ms) > 1 else [0.0] * 99
    return {
        "msgs_per_s": round(outcome.per_s, 1),
        "ack_p50_ms": round(cuts[49], 2),
        "ack_p99_ms": round(cuts[98], 2),
    }


def _drive(port: int, vins: Sequence[str], rate: float, seconds: float, first: int) -> Outcome:
    return uvloop.run(drive(port=port, vins=vins, rate=rate, seconds=seconds, first=first))


def _vin(number: int) -> str:
    draft = f"LPSEV4E10RB{number:06d}"
    total = sum(
        (_LETTERS.get(letter) or (int(letter) if letter.isdigit() else 0)) * weight
        for letter, weight in zip(draft, _WEIGHTS, strict=True)
    )
    return f"{draft[:8]}{'0123456789X'[total % 11]}{draft[9:]}"


def _found(connections: int) -> list[str]:
    """A platform, an operator, a model, and as many vehicles with terminals. Raises HomeInUse."""
    if org.platform_id() is not None:
        raise HomeInUse("give the benchmark a home of its own")
    (settings.HOME.run / f"devices-{GATEWAY}.json").unlink(missing_ok=True)
    at = datetime.now(UTC)
    top = nodes.found_platform(name="Bench", city="", actor=hq_actor(), at=at).node_id
    actor = hq_actor(top)
    region = nodes.create_node(
        name="Region", kind="REGION", parent_id=top, city="杭州", actor=actor, at=at
    ).node_id
    operator = nodes.create_node(
        name="Operator", kind="OPERATOR", parent_id=region, city="杭州", actor=actor, at=at
    ).node_id
    fleet.publish_vehicle_model(
        org_id=top,
        code="BENCH",
        maker="Bench",
        name="Van",
        vehicle_class="VAN",
        battery_kwh=Decimal(42),
        gvw_kg=2500,
        range_km=260,
        service_km=10_000,
        actor=actor,
        at=at,
    )
    vins = [_vin(number) for number in range(connections)]
    received = fleet.receive_vehicles(
        vehicles=[
            NewVehicle(org_id=operator, vin=vin, model_code="BENCH", city="杭州", use="LEASE")
            for vin in vins
        ],
        actor=hq_actor(operator),
        at=at,
    )
    services.register_devices(
        devices=[
            NewDevice(protocol="GB32960", identity=vin, vehicle_id=vehicle_id)
            for vin, vehicle_id in zip(vins, received.vehicle_ids, strict=True)
        ],
        actor=hq_actor(operator),
        at=at,
    )
    connection.close()
    return vins


@contextmanager
def _process(module: str, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-m", module, *words])
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def _open(port: int) -> Iterator[None]:
    """Wait until somebody listens on the port."""
    deadline = time.monotonic() + READY_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 0.5).close()
            break
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
    yield


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _catch_up() -> float:
    """Seconds until live state has all that is in the log."""
    began = time.monotonic()
    reader = LogReader(folder=queries.log_folder(gateway=GATEWAY))
    try:
        end = reader.end()
        while time.monotonic() - began < READY_S:
            positions = queries.consumer_positions(gateway=GATEWAY, actor=hq_actor())
            connection.close()
            if positions.get("live", 0) >= end:
                break
            time.sleep(0.05)
    finally:
        reader.close()
    return round(time.monotonic() - began, 2)


def _stored() -> tuple[Counter[int], float]:
    """The numbers that history holds, each with how often, and the bytes of a row."""
    today: date = local_day(datetime.now(UTC))
    files = queries.history_files(
        first_day=today - timedelta(days=1), last_day=today, actor=hq_actor()
    )
    connection.close()
    numbers = Counter[int]()
    for file in files:
        table = pq.read_table(settings.HOME.history / file.path, columns=["odometer"])
        numbers.update(table["odometer"].to_pylist())
    rows = sum(file.rows for file in files)
    return numbers, round(sum(file.bytes for file in files) / rows, 1) if rows else 0.0


def _fdatasync(seconds: float) -> float:
    """Frames a second that the bare disk takes: one write and one sync for each 300 of them."""
    group = Press().group(GROUP)
    folder = Path(tempfile.mkdtemp(prefix="bench-sync-", dir=settings.HOME.path))
    try:
        descriptor = os.open(folder / "bare", os.O_CREAT | os.O_WRONLY)
        groups, began = 0, time.perf_counter()
        while time.perf_counter() - began < seconds:
            os.write(descriptor, group)
            os.fdatasync(descriptor)
            groups += 1
        elapsed = time.perf_counter() - began
        os.close(descriptor)
    finally:
        shutil.rmtree(folder)
    return round(groups * GROUP / elapsed, 1)


def _cpu_s(pid: int) -> float:
    """User and system seconds of a process so far."""
    words = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return round((int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK"), 1)


def _memory_mb(pid: int) -> float:
    """Resident memory of a process."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return round(int(line.split()[1]) / 1024, 1)
    return 0.0
