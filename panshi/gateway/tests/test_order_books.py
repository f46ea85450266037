"""Orders on a line … are vetoed while the vehicle moves, lost with the line, told when answered."""

import asyncio
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from panshi.gateway.lines import GbLine
from panshi.gateway.orders import Order, Orders
from panshi.gateway.tests.test_story import report
from panshi.wire import gb32960
from panshi.wire.adapters import ADAPTERS
from panshi.wire.layout import Value

pytestmark = pytest.mark.plain
VIN = "LPS00000000000001"


def frame_at(speed: float) -> bytes:
    said = cast(dict[str, Any], report(at=1_800_000_000))
    said["items"][0]["speed_kmh"] = speed
    body: dict[str, Value] = said
    return gb32960.encode(
        message=gb32960.Message(edition=2016, command=gb32960.REALTIME, vin=VIN, body=body)
    )


def order(kind: str = "SPEED_LIMIT") -> Order:
    data = ADAPTERS["PANSHI_GB"].encode(
        kind=kind, limit_kmh=30, identity=VIN, edition=2016, serial=1, at=datetime.now(UTC)
    )
    return Order(
        command_id="c", code=1, identity=VIN.encode(), adapter="PANSHI_GB", data=data,
        still=kind != "RELEASE",
    )  # fmt: skip


def line(*, speed: float | None, age: float = 5.0) -> GbLine:
    """A line as the gateway has it, whose terminal last spoke `age` seconds before second 100."""
    loop = asyncio.new_event_loop()
    found = GbLine(cast(Any, SimpleNamespace(limits=LIMITS, loop=loop)))
    loop.close()
    if speed is not None:
        found.moved_frame, found.moved_at = frame_at(speed), 100.0 - age
    return found


LIMITS = SimpleNamespace(burst=300)


@pytest.mark.parametrize(
    ("speed", "age", "vetoed"),
    [(0.0, 5.0, False), (0.0, 61.0, True), (0.1, 5.0, True), (48.3, 5.0, True), (None, 5.0, True)],
)
def test_the_last_veto_looks_at_the_newest_frame_of_this_session(
    speed: float | None, age: float, vetoed: bool
) -> None:
    orders = Orders()
    orders.write(order(), line(speed=speed, age=age), now=100.0)
    assert [one.outcome for one in orders.turn()] == (["VETOED"] if vetoed else [])


def test_a_release_reaches_a_moving_vehicle_and_its_answer_is_told() -> None:
    orders, moving = Orders(), line(speed=48.3)
    release = order("RELEASE")
    orders.write(release, moving, now=100.0)
    assert orders.turn() == []
    assert not orders.answered(line(speed=0.0), release.data)
    assert orders.answered(moving, gb32960.reply(frame=release.data, echo=True))
    (heard,) = orders.turn()
    assert (heard.outcome, heard.taken, heard.state) == ("ANSWERED", True, "RELEASE")
    assert not orders.answered(moving, gb32960.reply(frame=release.data, echo=True))


def test_a_line_that_is_gone_loses_the_order() -> None:
    orders, standing = Orders(), line(speed=0.0)
    orders.write(order(), None, now=100.0)
    orders.write(order(), standing, now=100.0)
    orders.left(standing)
    assert [one.outcome for one in orders.turn()] == ["LOST", "LOST"]
