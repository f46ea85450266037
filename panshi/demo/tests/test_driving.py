"""The simulated vehicles report what real terminals do."""

from datetime import UTC, datetime
from random import Random

import pytest

from panshi.demo import driving, world
from panshi.demo.driving import Driver
from panshi.wire import gb32960, gb32960_columns

pytestmark = pytest.mark.plain
NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)


def _driver(**changes: object) -> Driver:
    made = Driver(
        vin=world.vin(1),
        city=world.HANGZHOU,
        model=world.MODELS[0],
        random=Random(3),
        lon=world.HANGZHOU.lon,
        lat=world.HANGZHOU.lat,
        soc=80.0,
        odometer_km=1000.0,
    )
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def _frame(driver: Driver) -> bytes:
    body = driver.report(NOON)
    return gb32960.encode(
        message=gb32960.Message(edition=2016, command=gb32960.REALTIME, vin=driver.vin, body=body)
    )


def test_a_report_decodes_to_what_the_vehicle_did() -> None:
    driver = _driver()
    for _ in range(30):
        driver.step(10)
    (reading,) = gb32960_columns.read_columns(frame=_frame(driver))
    assert reading.speed_kmh == pytest.approx(driver.speed, abs=0.06)
    assert reading.cells_mv is not None
    assert len(reading.cells_mv) == driver.model.cells


def test_a_vehicle_stays_in_its_city_and_never_runs_empty() -> None:
    driver = _driver()
    for _ in range(5000):
        driver.step(10)
        assert 0 < driver.soc <= 100
    assert driver._distance_km() < 3 * driving.TOWN_RADIUS_KM


def test_poor_insulation_raises_the_alarm_bit() -> None:
    driver = _driver(insulation_kohm=driving.FAULTY_KOHM)
    (reading,) = gb32960_columns.read_columns(frame=_frame(driver))
    assert reading.alarm_bits == 1 << driving.INSULATION_BIT
    assert reading.alarm_level == 2
