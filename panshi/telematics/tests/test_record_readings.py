"""Record readings …"""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from panshi.fleet.models import Vehicle
from panshi.kit.ids import uuid7
from panshi.kit.models import Outbox
from panshi.kit.tenancy import Actor, hq_actor
from panshi.org.tests import make as org_make
from panshi.telematics import queries, services
from panshi.telematics.models import AlarmEpisode, Consumer, Device, LiveState
from panshi.telematics.services import PositionMoved, Seen
from panshi.telematics.tests import make

INSULATION = 1 << 11


def live(vehicle: Vehicle) -> LiveState:
    return LiveState.objects.get(id=vehicle.id)


def facts(name: str) -> list[Any]:
    published = Outbox.objects.filter(name=f"telematics.{name}").order_by("id")
    return [row.payload for row in published]


def test_fills_each_group_with_its_own_time() -> None:
    vehicle = make.connected()
    make.record(
        make.seen(vehicle, speed_tenths=483, soc_pct=57, voltage_tenths=3417),
        make.seen(vehicle, after_s=5, lon_e6=121_473_701, lat_e6=31_230_416, fix_valid=True),
        make.seen(vehicle, after_s=9, max_cell_mv=3299, min_cell_mv=3200, max_temp_c=28),
    )
    row = live(vehicle)
    assert (row.speed_tenths, row.soc_pct, row.voltage_tenths) == (483, 57, 3417)
    assert (row.lon_e6, row.lat_e6) == (121_473_701, 31_230_416)
    assert row.motion_at == row.energy_at == make.NOON
    assert row.place_at == make.NOON + timedelta(seconds=5)
    assert row.health_at == make.NOON + timedelta(seconds=9)
    assert row.org_id == vehicle.org_id


def test_lets_a_tracker_blank_nothing_that_the_t_box_said() -> None:
    vehicle = make.connected()
    make.device(vehicle, protocol="JTT808", identity="013912345678")
    make.record(make.seen(vehicle, soc_pct=57, speed_tenths=100))
    make.record(
        make.seen(vehicle, after_s=30, protocol="JTT808", identity="13912345678", speed_tenths=120)
    )
    row = live(vehicle)
    assert (row.soc_pct, row.speed_tenths) == (57, 120)
    assert row.gb_head is not None
    assert row.jt_head is not None
    assert row.gb_head < row.jt_head


def test_ignores_an_older_reading() -> None:
    vehicle = make.connected()
    make.record(make.seen(vehicle, after_s=60, soc_pct=50))
    make.record(make.seen(vehicle, soc_pct=99))
    assert live(vehicle).soc_pct == 50


def test_keeps_the_last_valid_place() -> None:
    vehicle = make.connected()
    make.record(make.seen(vehicle, lon_e6=120_155_000, lat_e6=30_274_000, fix_valid=True))
    make.record(make.seen(vehicle, after_s=9, lon_e6=1, lat_e6=1, fix_valid=False))
    make.record(make.seen(vehicle, after_s=9, lon_e6=0, lat_e6=0, fix_valid=True))
    assert live(vehicle).lon_e6 == 120_155_000


def test_raises_and_clears_an_alarm_once_each() -> None:
    vehicle = make.connected()
    first = make.record(
        make.seen(vehicle, alarm_bits=0, alarm_level=0),
        make.seen(vehicle, after_s=10, alarm_bits=INSULATION, alarm_level=3, insulation_kohm=31),
        make.seen(vehicle, after_s=20, alarm_bits=INSULATION, alarm_level=3),
    )
    again = make.record(make.seen(vehicle, after_s=30, alarm_bits=INSULATION, alarm_level=3))
    over = make.record(make.seen(vehicle, after_s=40, alarm_bits=0, alarm_level=0))

    assert (first.raised, again.raised, over.cleared) == (1, 0, 1)
    episode = AlarmEpisode.objects.get(vehicle=vehicle)
    assert (episode.code, episode.level) == ("GB-11", 3)
    assert episode.opened_at == make.NOON + timedelta(seconds=10)
    assert episode.closed_at == make.NOON + timedelta(seconds=40)
    raised = facts("AlarmsRaised")
    assert len(raised) == 1
    (alarm,) = raised[0]["alarms"]
    assert (alarm["bit"], alarm["insulation_kohm"], alarm["vin"]) == (11, 31.0, vehicle.vin)
    assert len(facts("AlarmsCleared")) == 1


def test_tells_of_an_alarm_that_came_and_went_in_one_batch() -> None:
    vehicle = make.connected()
    told = make.record(
        make.seen(vehicle, after_s=1, alarm_bits=INSULATION, alarm_level=2),
        make.seen(vehicle, after_s=2, alarm_bits=0, alarm_level=0),
    )
    assert (told.raised, told.cleared) == (1, 1)
    assert AlarmEpisode.objects.get(vehicle=vehicle).closed_at is not None


def test_raises_nothing_for_a_late_alarm() -> None:
    vehicle = make.connected()
    make.record(make.seen(vehicle, after_s=60, alarm_bits=0, alarm_level=0))
    assert make.record(make.seen(vehicle, alarm_bits=INSULATION, alarm_level=3)).raised == 0


def test_publishes_one_fact_for_each_node() -> None:
    org = org_make.operator()
    fleet = [make.connected(org=org) for _ in range(3)]
    make.record(*(make.seen(v, alarm_bits=INSULATION, alarm_level=2) for v in fleet))
    (fact,) = facts("AlarmsRaised")
    assert len(fact["alarms"]) == 3


def test_refuses_a_piece_of_the_log_that_another_ingest_took() -> None:
    vehicle = make.connected()
    seen = make.seen(vehicle, soc_pct=50)
    make.record(seen)
    with pytest.raises(PositionMoved):
        services.record_readings(
            gateway=1, start=0, end=500, seen=[seen], actor=hq_actor(1), at=make.NOON
        )


def test_never_lets_a_position_go_back() -> None:
    make.record(make.seen(make.connected(), position=800))
    with pytest.raises(IntegrityError, match="would go back"), transaction.atomic():
        Consumer.objects.update(position=8)


def test_notes_the_first_report_of_a_terminal() -> None:
    vehicle = make.connected()
    make.record(make.seen(vehicle, soc_pct=50))
    make.record(make.seen(vehicle, after_s=5, soc_pct=50))
    assert Device.objects.get(identity=vehicle.vin).first_report_at == make.NOON
    assert len(facts("TerminalActivated")) == 1


def test_shows_a_lessee_its_vehicle_and_nobody_elses() -> None:
    mine, other = uuid7(), uuid7()
    vehicle = make.connected(customer_id=mine, use="EXTERNAL")
    make.record(make.seen(vehicle, soc_pct=50, speed_tenths=0))

    def customer(customer_id: UUID) -> Actor:
        node = vehicle.org_id
        return Actor(id=uuid7(), org_id=node, org_ids=(node,), customer_id=customer_id)

    def sees(customer_id: UUID) -> bool:
        by = customer(customer_id)
        return queries.vehicle_now(vehicle_id=vehicle.id, actor=by, at=make.NOON) is not None

    assert sees(mine)
    assert not sees(other)


def test_shows_no_other_operator_the_vehicle() -> None:
    vehicle = make.connected()
    make.record(make.seen(vehicle, soc_pct=50))
    stranger = org_make.actor(org_make.operator(), "telematics.view")
    assert queries.live_board(actor=stranger, at=make.NOON) == []
    assert queries.position_of(vehicle_ids=(vehicle.id,), actor=stranger) == {}


FIELDS = {
    "soc_pct": st.integers(0, 100),
    "speed_tenths": st.integers(0, 1200),
    "max_cell_mv": st.integers(3000, 3600),
    "alarm_bits": st.sampled_from([0, 1, INSULATION]),
}


@st.composite
def shuffled(draw: st.DrawFn) -> tuple[list[tuple[int, dict[str, int]]], list[int], list[int]]:
    """Readings with times that repeat, an order for them, and where batches end."""
    readings = draw(
        st.lists(
            st.tuples(st.integers(0, 5), st.fixed_dictionaries({}, optional=FIELDS)),
            min_size=1,
            max_size=8,
        )
    )
    order = draw(st.permutations(range(len(readings))))
    cuts = draw(st.lists(st.integers(1, len(readings)), max_size=3))
    return readings, list(order), sorted({*cuts, len(readings)})


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(shuffled())
def test_ends_equal_in_any_order_and_split(
    case: tuple[list[tuple[int, dict[str, int]]], list[int], list[int]],
) -> None:
    readings, order, cuts = case
    one, two = make.connected(), make.connected()

    def told(vehicle: Vehicle) -> list[Seen]:
        return [
            make.seen(vehicle, after_s=after, position=8 * (at + 8), **fields)
            for at, (after, fields) in enumerate(readings)
        ]

    def state(vehicle: Vehicle) -> dict[str, object]:
        row = LiveState.objects.filter(id=vehicle.id).values().get()
        own = ("id", "org_id", "vehicle_id", "vin", "series", "created_at")
        return {key: value for key, value in row.items() if key not in own}

    make.record(*told(one))
    late, begin = told(two), 0
    for cut in cuts:
        make.record(*(late[at] for at in order[begin:cut]))
        begin = cut
    assert state(one) == state(two)
