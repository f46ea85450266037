"""Pages of connected vehicles, through the server's own door."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone

from panshi.config.home import Home
from panshi.fleet.models import Vehicle
from panshi.kit.clock import local_day
from panshi.kit.tenancy import hq_actor
from panshi.lake import files as lake
from panshi.lake.schema import Rows
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make
from panshi.org.tests.window import page, window
from panshi.telematics import queries, rules, services
from panshi.telematics.models import Device, LiveState, Series
from panshi.telematics.queries import history
from panshi.telematics.tests import make
from panshi.wire import gb32960
from panshi.wire.log import SegmentLog
from panshi.wire.records import Frame

INSULATION = 1 << 11


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A home whose log and history are this test's own."""
    own = Home(tmp_path)
    monkeypatch.setattr(settings, "HOME", own)
    history._lake.cache_clear()
    return own


def reported(org: OrgNode) -> Vehicle:
    vehicle = make.connected(org=org)
    make.record(
        make.seen(
            vehicle,
            soc_pct=57,
            speed_tenths=483,
            voltage_tenths=3417,
            insulation_kohm=31,
            lon_e6=120_155_000,
            lat_e6=30_274_000,
            fix_valid=True,
            alarm_bits=INSULATION,
            alarm_level=3,
        )
    )
    LiveState.objects.filter(id=vehicle.id).update(received_at=timezone.now())
    return vehicle


def test_the_map_lists_vehicles_and_gives_their_points() -> None:
    org = org_make.operator()
    vehicle = reported(org)
    other = reported(org_make.operator())
    browser = window(org, "OPERATIONS")
    text = page(browser.get("/telematics/map/"))
    assert vehicle.vin in text or vehicle.plate[:2] in text
    assert str(other.id) not in text
    answer = browser.get("/telematics/map/points/?bbox=119,29,121,31&zoom=10").json()
    assert [(p[0], p[1], p[2]) for p in answer["points"]] == [(120.155, 30.274, "bad")]
    assert browser.get("/telematics/map/points/?bbox=0,0,1,1&zoom=10").json()["points"] == []


def test_a_far_view_of_many_counts_them_by_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    from panshi.telematics import views

    monkeypatch.setattr(views, "POINTS", 1)
    org = org_make.operator()
    reported(org)
    reported(org)
    answer = window(org, "OPERATIONS").get("/telematics/map/points/?zoom=5").json()
    assert [cell[2] for cell in answer["cells"]] == [2]


def test_the_database_chooses_states_as_the_rules_name_them() -> None:
    org = org_make.operator()
    vehicle = reported(org)
    at = LiveState.objects.get(id=vehicle.id).received_at + timedelta(seconds=30)
    by = hq_actor(org.id)
    for silent_s, speed, charge, current in (
        (30, 31, 1, -200), (30, 30, 1, 0), (30, 0, None, -11), (30, None, None, -10),
        (30, 0, 3, -900), (599, None, None, None), (600, 400, 1, 0), (86_400, 400, 1, 0),
    ):  # fmt: skip
        LiveState.objects.filter(id=vehicle.id).update(
            received_at=at - timedelta(seconds=silent_s),
            speed_tenths=speed,
            charge_state=charge,
            current_tenths=current,
        )
        state = rules.activity(
            silent_s=silent_s, speed_tenths=speed, charge_state=charge, current_tenths=current
        )
        (row,), total = queries.live_page(actor=by, at=at, state=state, sort="age_s")
        assert (row.state, total) == (state, 1)
        others = set(rules.STATES) - {state}
        assert not any(queries.live_page(actor=by, at=at, state=o)[1] for o in others)


def test_a_vehicles_page_shows_its_state_alarms_and_bytes(home: Home) -> None:
    org = org_make.operator()
    vehicle = reported(org)
    message = gb32960.Message(
        edition=2016,
        command=gb32960.LOGIN,
        vin=vehicle.vin,
        body={"time": "2026-11-22T12:00:00+08:00", "serial": 12, "iccid": "8986" + "0" * 16},
    )
    data = gb32960.encode(message=message)
    log = SegmentLog(folder=queries.log_folder(gateway=1), gateway=1, segment_size=1 << 20)
    log.append([Frame(1_795_000_000_000_000, 1, 1, 0, vehicle.vin.encode(), data)])
    log.close()
    LiveState.objects.filter(id=vehicle.id).update(gb_head=32)
    text = page(window(org, "OPERATIONS").get(f"/telematics/vehicles/{vehicle.id}/"))
    for words in ("Insulation", "57", "48.3", "data-octet", "iccid", 'data-start="0"'):
        assert words in text
    assert text.count("data-octet=") == len(data)


def test_a_vehicle_that_never_reported_says_so(home: Home) -> None:
    org = org_make.operator()
    vehicle = make.connected(org=org)
    text = page(window(org, "OPERATIONS").get(f"/telematics/vehicles/{vehicle.id}/"))
    assert "has not reported yet" in text


def test_a_strangers_vehicle_is_not_found(home: Home) -> None:
    vehicle = reported(org_make.operator())
    browser = window(org_make.operator(), "OPERATIONS")
    device = Device.objects.get(identity=vehicle.vin)
    for path in ("", "now/", "frame/", "track/", "track/points/"):
        assert browser.get(f"/telematics/vehicles/{vehicle.id}/{path}").status_code == 404
    assert browser.get(f"/telematics/devices/{device.id}/").status_code == 404


def test_a_days_track_comes_from_history(home: Home) -> None:
    org = org_make.operator()
    vehicle = make.connected(org=org)
    number = Series.objects.get(vehicle=vehicle).number
    start = timezone.now() - timedelta(seconds=30)
    times = [int(start.timestamp() * 1000) + 10_000 * step for step in range(3)]
    rows = Rows(
        count=3,
        columns={
            "series": [number] * 3,
            "device_time_ms": times,
            "received_ms": times,
            "kind": [1] * 3,
            "crc": [1, 2, 3],
            "log_position": [64, 128, 192],
            "flags": [0] * 3,
            "lon": [120_155_000, 120_156_000, 120_157_000],
            "lat": [30_274_000] * 3,
            "odometer": [1000, 1005, 1010],
            "soc": [570, 560, 550],
            "speed": [400, 410, 420],
        },
    )
    day = local_day(start)
    written = lake.write(
        folder=home.history, rows=rows, gateway=1, log_from=0, log_to=256, current_day=day
    )
    services.commit_history(
        gateway=1, start=0, end=256, files=written, actor=hq_actor(org_make.platform().id)
    )
    browser = window(org, "OPERATIONS")
    text = page(browser.get(f"/telematics/vehicles/{vehicle.id}/track/?day={day}"))
    assert "120.156" in text
    assert "1.0 km by the odometer" in text
    answer = browser.get(f"/telematics/vehicles/{vehicle.id}/track/points/?day={day}").json()
    assert len(answer["lines"][0]) == 3
    assert answer["bounds"] == [[120.155, 30.274], [120.157, 30.274]]


def test_terminals_show_their_sessions_and_what_was_refused() -> None:
    org = org_make.operator()
    vehicle = make.connected(org=org)
    device = Device.objects.get(identity=vehicle.vin)
    actor = hq_actor(org_make.platform().id)
    at = timezone.now()
    session = services.NewSession(device_id=device.id, epoch=7, peer="10.1.2.3:4000", opened_at=at)
    services.open_sessions(gateway=1, sessions=[session], actor=actor, at=at)
    hour = at.replace(minute=0, second=0, microsecond=0)
    reject = services.Reject(
        hour=hour, source=vehicle.vin, reason="CHECKSUM", count=3, samples=(b"##\x02",)
    )
    services.count_rejects(gateway=1, rejects=[reject], actor=actor, at=at)
    services.count_rejects(gateway=1, rejects=[reject], actor=actor, at=at)
    browser = window(org, "OPERATIONS")
    assert "10.1.2.3:4000" in page(browser.get("/telematics/devices/"))
    text = page(browser.get(f"/telematics/devices/{device.id}/"))
    for words in ("CHECKSUM", ">6<", "232302", "10.1.2.3:4000"):
        assert words in text


def test_pages_are_refused_without_the_permission() -> None:
    org = org_make.operator()
    browser = window(org, "WAREHOUSE")
    assert browser.get("/telematics/map/").status_code in (403, 409)
