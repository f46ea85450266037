"""The pages of service, supply and people, as a browser asks them."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from panshi.kit.clock import SHANGHAI, day_start, local_day
from panshi.org.tests import make as org_make
from panshi.org.tests.window import Window, page, window
from panshi.people import services as people
from panshi.service import lanes, queries
from panshi.service.models import Visit, VisitState
from panshi.service.tests import make
from panshi.service.tests.make import NOON, City, at_hour

BOARD_QUERIES = 32
TOMORROW = {"city": "杭州", "day": "2026-06-02"}


@pytest.fixture
def where() -> City:
    return make.city(engineers=2)


@pytest.fixture
def client(where: City) -> Window:
    return window(where.org, "OPERATIONS")


def test_the_list_and_record_show_price_people_and_why(client: Window, where: City) -> None:
    booked = make.booking(where, items=("BRAKE_PADS_FRONT",))
    foreign = make.booking(make.city())

    listed = page(client.get(reverse("service-orders"), {"state": "SCHEDULED"}))
    assert "WO-2026-000001" in listed
    assert str(booked.work_order_id) in listed
    assert str(foreign.work_order_id) not in listed

    record = page(client.get(reverse("service-order", args=[booked.work_order_id])))
    assert "408.00" in record
    assert "Why this engineer" in record
    assert "possible, but costs more" in record
    stranger = window(org_make.operator(), "OPERATIONS")
    assert stranger.get(
        reverse("service-order", args=[booked.work_order_id])
    ).status_code == 404  # fmt: skip


def test_the_board_draws_lanes_and_asks_a_fixed_number_of_queries(
    client: Window, where: City
) -> None:
    for hour in (8, 10, 15):
        make.booking(where, items=("WASH",), starts_at=at_hour(hour))
    with CaptureQueriesContext(connection) as few:
        drawn = page(client.get(reverse("service-board"), TOMORROW))
    assert drawn.count('class="lane-visit') == 3
    for hour in (13, 17):
        make.booking(where, items=("WASH",), starts_at=at_hour(hour))
    with CaptureQueriesContext(connection) as many:
        page(client.get(reverse("service-board"), TOMORROW))
    assert len(few) == len(many) <= BOARD_QUERIES


def test_every_lane_fills_the_day_to_the_last_quarter(where: City) -> None:
    make.booking(where, items=("BATTERY_BALANCE",), starts_at=at_hour(13))
    seen = queries.board_day(city="杭州", day=at_hour(9).date(), actor=where.boss, at=NOON)

    for row in lanes.rows(seen, at_hour(9)):
        assert sum(cell.span for cell in row.cells) == lanes.COLUMNS
        assert sum(cell.now for cell in row.cells) == 1


def test_a_visit_is_moved_by_form_after_its_consequences(where: City) -> None:
    # The page reads the clock itself, so the visit stands on a day ahead of it.
    day = local_day(timezone.now()) + timedelta(days=1)
    for user_id in where.engineers:
        people.set_shift(
            user_id=user_id,
            starts_at=day_start(day) + timedelta(hours=8),
            ends_at=day_start(day) + timedelta(hours=18),
            actor=where.boss,
            at=timezone.now(),
        )
    window_start = day_start(day) + timedelta(hours=10)
    booked = make.booking(where, items=("WASH",), starts_at=window_start)
    visit = Visit.objects.get(id=booked.visit_id)
    (other,) = (e for e in where.engineers if e != visit.engineer_id)
    client = window(where.org, "DISPATCHER")
    url = reverse("service-move", args=[visit.id])

    assert 'name="engineer"' in page(client.get(url))
    wish = {"engineer": str(other), "day": str(day), "time": "15:00"}
    shown = page(client.get(url, wish))
    assert "The promised window is broken." in shown
    version = re.search(r'name="version" value="(\d+)"', shown)
    assert version is not None
    refused = client.post(url, {**wish, "version": version[1]})
    assert refused.status_code == 409
    moved = client.post(url, {**wish, "version": version[1], "agreed": "1"})
    assert moved.status_code == 302
    visit.refresh_from_db()
    assert visit.engineer_id == other

    board = f"{reverse('service-board')}?day={day}"
    assert url in page(client.get(board))
    visit.state = VisitState.TRAVELLING
    visit.save(update_fields=["state"])
    assert url not in page(client.get(board))


def test_releasing_needs_the_right_state(client: Window, where: City) -> None:
    booked = make.booking(where)

    answer = client.post(reverse("service-release", args=[booked.work_order_id]))

    assert answer.status_code == 409


def test_prices_and_stock_and_rosters_are_shown(client: Window, where: City) -> None:
    catalogue = page(client.get(reverse("service-catalogue"), {"category": "BEAUTY"}))
    assert "98.00" in catalogue
    assert "120" in page(client.get(reverse("service-prices")))
    assert "服务车 1" in page(client.get(reverse("supply-locations")))
    van = page(client.get(reverse("supply-location", args=[where.vans[0]])))
    assert "HV_SEAL" in van
    assert "licence for high voltage" in page(client.get(reverse("people-engineers")))
    days = {"days_from": "2026-06-01", "days_to": "2026-06-03"}
    assert "2026-06-02 08:00" in page(client.get(reverse("people-shifts"), days))


def test_a_shift_is_set_by_form_and_an_overlap_stays_on_the_page(
    client: Window, where: City
) -> None:
    day = timezone.now().astimezone(SHANGHAI).date() + timedelta(days=3)
    url = reverse("people-new-shift")
    assert client.get(url).status_code == 200
    given = {
        "user_id": str(where.engineers[0]),
        "starts_at": f"{day}T08:00",
        "ends_at": f"{day}T18:00",
    }

    assert client.post(url, given).status_code == 302
    again = client.post(url, given)
    assert again.status_code == 422
    assert "already has a shift" in again.content.decode()
