"""From a terminal's line to live state and history, and back as an answer."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime

import pyarrow.parquet as pq
import pytest

from panshi.gateway.tests.town import Town
from panshi.wire import gb32960, jtt808
from panshi.wire.client import SignInRefused, Terminal
from panshi.wire.clock import wire_time
from panshi.wire.columns import JTT808
from panshi.wire.layout import Value

pytestmark = pytest.mark.slow
Found = Callable[..., Town]


def report(*, at: float, soc: int = 57, bits: list[Value] | None = None) -> dict[str, Value]:
    """A GB/T 32960 report with 100 cells at a moment in seconds since 1970 UTC."""
    return {
        "time": wire_time(at=datetime.fromtimestamp(at, UTC)),
        "items": [
            {
                "name": "vehicle",
                "vehicle_state": 1,
                "charge_state": 3,
                "run_mode": 1,
                "speed_kmh": 48.3,
                "odometer_km": 93266.1,
                "voltage_v": 341.7,
                "current_a": -12.5,
                "soc_pct": soc,
                "dcdc_state": 1,
                "gear": 14,
                "insulation_kohm": 1784,
                "accel_pedal_pct": 12,
                "brake_pedal": 0,
            },
            {"name": "position", "lon": 120.155, "lat": 30.274},
            {"name": "alarm", "max_level": 3 if bits else 0, "general_bits": bits or []},
            {
                "name": "cell_voltage",
                "packs": [
                    {
                        "sub": 1,
                        "voltage_v": 341.4,
                        "current_a": -12.5,
                        "cell_total": 100,
                        "start_index": 1,
                        "cell_v": [(3200 + number) / 1000 for number in range(100)],
                    }
                ],
            },
        ],
    }


def rows_in_history(town: Town, column: str = "crc") -> list[int]:
    files = town.ask(
        "SELECT path FROM telematics_historyfile WHERE gateway = %s ORDER BY id", town.number
    )
    return [
        value
        for (path,) in files
        for value in pq.read_table(town.history / path, columns=[column])[column].to_pylist()
    ]


def test_a_report_reaches_live_state_history_and_its_answer(found: Found) -> None:
    town = found(2)
    town.open_for_terminals()
    town.start("ingest")
    now = int(time.time())

    async def drive() -> None:
        terminal = await Terminal.connect(
            host="127.0.0.1", port=town.gb_port, identity=town.vins[0]
        )
        await terminal.login()
        answer = await terminal.report(report(at=now, soc=57, bits=[11]))
        assert (answer[2], answer[3]) == (gb32960.REALTIME, gb32960.SUCCESS)
        await terminal.report(report(at=now + 1, soc=56))
        await terminal.report(report(at=now - 60, soc=99), reissue=True)
        tracker = await Terminal.connect(
            host="127.0.0.1", port=town.jt_port, protocol=JTT808, identity=town.phone
        )
        await tracker.login()
        await tracker.report(
            {
                "alarm": "00000000",
                "status": "00000003",
                "lat": 30.3,
                "lon": 120.2,
                "alt_m": 10,
                "speed_kmh": 30.0,
                "direction": 90,
                "time": wire_time(at=datetime.fromtimestamp(now + 5, UTC)),
                "extras": [],
            }
        )
        tracker.close()
        terminal.close()

    asyncio.run(drive())
    town.wait(lambda: len(rows_in_history(town)) == 4)
    live = town.ask(
        "SELECT soc_pct, speed_tenths, lon_e6, gb_alarm_bits, gb_head, jt_head, max_cell_mv"
        " FROM telematics_livestate"
    )
    assert len(live) == 1
    soc, speed, lon, bits, gb_head, jt_head, _cell = live[0]
    assert (soc, speed, lon, bits) == (56, 300, 120_200_000, 0)
    assert gb_head > 0
    assert jt_head > 0
    episodes = town.ask("SELECT code, closed_at IS NOT NULL FROM telematics_alarmepisode")
    assert episodes == [("GB-11", True)]
    ended = "SELECT count(*) FROM telematics_session WHERE closed_at IS NOT NULL"
    town.wait(lambda: town.ask(ended) == [(2,)])
    assert town.stop("gateway") == 0
    assert town.stop("ingest") == 0


def test_strangers_are_told_so_and_counted(found: Found) -> None:
    town = found(1)
    town.open_for_terminals()

    async def knock(identity: str, edition: int) -> int:
        terminal = await Terminal.connect(
            host="127.0.0.1", port=town.gb_port, identity=identity, edition=edition
        )
        try:
            await terminal.login()
        except SignInRefused as refused:
            return int(str(refused)[-1])
        finally:
            terminal.close()
        return gb32960.SUCCESS

    async def knock_by_phone() -> None:
        terminal = await Terminal.connect(
            host="127.0.0.1", port=town.jt_port, protocol=JTT808, identity="13800000000"
        )
        with pytest.raises(SignInRefused, match="result 4"):
            await terminal.login()
        code = {"auth_code": "0" * 16, "imei": "0" * 15, "software": "1"}
        answer = await terminal.ask(terminal.frame(jtt808.AUTHENTICATE, code))
        assert jtt808.read(frame=answer).body["result"] == 1
        terminal.close()

    async def story() -> None:
        assert await knock("LSVAA4182E2123456", 2025) == gb32960.VIN_UNKNOWN
        assert await knock("LSVAA4182E2123456", 2016) == gb32960.ERROR
        assert await knock(town.vins[0], 2016) == gb32960.SUCCESS
        await knock_by_phone()

    asyncio.run(story())
    town.wait(
        lambda: (
            town.ask(
                "SELECT reason, sum(count)::int FROM telematics_rejectcount GROUP BY 1 ORDER BY 1"
            )
            == [("UNKNOWN_PHONE", 2), ("UNKNOWN_VIN", 2)]
        )
    )


def test_the_newer_session_of_a_vehicle_wins(found: Found) -> None:
    town = found(1)
    town.open_for_terminals()

    async def story() -> None:
        older = await Terminal.connect(host="127.0.0.1", port=town.gb_port, identity=town.vins[0])
        await older.login()
        newer = await Terminal.connect(host="127.0.0.1", port=town.gb_port, identity=town.vins[0])
        await newer.login()
        await asyncio.wait_for(older.lost, 5)
        await newer.report(report(at=time.time()))
        newer.close()

    asyncio.run(story())
    town.wait(
        lambda: (
            [
                reason
                for (reason,) in town.ask("SELECT reason FROM telematics_session ORDER BY epoch")
            ]
            in (["REPLACED", "HUNG_UP"], ["HUNG_UP"])
        )
    )


def test_a_vehicle_entered_later_is_let_in(found: Found) -> None:
    town = found(1)
    town.open_for_terminals()
    vin = town.vins[0]

    async def signs_in() -> bool:
        terminal = await Terminal.connect(host="127.0.0.1", port=town.gb_port, identity=vin)
        try:
            await terminal.login()
        except (SignInRefused, ConnectionError):
            return False  # Refused, or hung up on before the archive has been asked.
        finally:
            terminal.close()
        return True

    with town.land.connect(town.database) as superuser:
        superuser.execute("UPDATE telematics_device SET state = 'BLOCKED'")
        superuser.execute("NOTIFY devices")
    town.wait(lambda: not asyncio.run(signs_in()))
    with town.land.connect(town.database) as superuser:
        superuser.execute("UPDATE telematics_device SET state = 'ACTIVE'")
        superuser.execute("NOTIFY devices")
    town.wait(lambda: asyncio.run(signs_in()))
