"""Clocks, places, edges, states: plain arithmetic."""

import math

import pytest

from panshi.telematics import rules
from panshi.telematics.rules import Moment
from panshi.wire import columns
from panshi.wire.columns import Reading

pytestmark = pytest.mark.plain
NOON_S = 1_795_320_000


def alarm(bits: int, level: int = 2) -> Reading:
    return Reading(
        columns.GB32960, 2016, columns.REALTIME, 2, "V", "V", alarm_bits=bits, alarm_level=level
    )


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        (NOON_S - 86_400, (NOON_S - 86_400, True)),
        (NOON_S + 500, (NOON_S + 500, True)),
        (NOON_S + 700, (NOON_S, False)),
        (946_684_800, (NOON_S, False)),
        (None, (NOON_S, False)),
    ],
)
def test_a_wrong_clock_counts_as_the_moment_of_arrival(
    time: int | None, expected: tuple[int, bool]
) -> None:
    assert rules.device_time(time=time, received_us=NOON_S * 1_000_000) == expected


def test_edges_come_in_order_and_ignore_what_is_older() -> None:
    readings = [
        (Moment(30, 3), alarm(0b01)),
        (Moment(10, 1), alarm(0b11)),
        (Moment(5, 0), alarm(0b100)),
    ]
    found = list(rules.edges(bits=0b10, since=Moment(7, 0), readings=readings))
    assert [(edge.bit, edge.raised, edge.moment.time) for edge in found] == [
        (0, True, 10),
        (1, False, 30),
    ]


def test_a_level_of_its_own_goes_before_the_highest() -> None:
    reading = alarm(0b11, level=3)._replace(alarm_bit_levels=((1, 1),))
    assert rules.level_of(reading=reading, bit=1) == 1
    assert rules.level_of(reading=reading, bit=0) == 3


def test_gcj02_comes_back_to_wgs84() -> None:
    # Tiananmen in both datums: the known shift is about 500 m.
    lon, lat = rules.to_wgs84(lon=116.403963, lat=39.915119)
    metres = math.hypot((lon - 116.397722) * 85_390, (lat - 39.913716) * 111_000)
    assert metres < 20
    assert rules.to_wgs84(lon=2.35, lat=48.85) == (2.35, 48.85)


def test_a_2025_frames_datum_is_heeded() -> None:
    reading = alarm(0)._replace(
        fix_valid=True, lon_e6=116_403_963, lat_e6=39_915_119, datum=rules.GCJ02
    )
    groups = dict(rules.groups_of(reading))
    assert abs(groups["place"][0] - 116_397_722) < 200


@pytest.mark.parametrize(
    ("silent_s", "speed", "charge", "current", "state"),
    [
        (5.0, 400, 3, 200, "DRIVING"),
        (5.0, 0, 1, -300, "CHARGING"),
        (5.0, 0, None, -300, "CHARGING"),
        (5.0, 0, 3, 5, "STANDING"),
        (900.0, 400, 3, 5, "OFFLINE"),
        (90_000.0, 400, 3, 5, "SILENT"),
    ],
)
def test_states(silent_s: float, speed: int, charge: int | None, current: int, state: str) -> None:
    assert (
        rules.activity(
            silent_s=silent_s, speed_tenths=speed, charge_state=charge, current_tenths=current
        )
        == state
    )
