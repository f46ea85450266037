"""The service history of the demo is played through verbs."""

from datetime import timedelta
from random import Random

import pytest

from panshi.cockpit import queries as cockpit
from panshi.demo import exams, jobs, past
from panshi.demo.founding import Company, Say
from panshi.demo.tests import make
from panshi.handbook import queries as handbook
from panshi.handbook.tests import make as handbook_make
from panshi.kit import outbox
from panshi.kit.clock import local_day
from panshi.kit.tenancy import hq_actor
from panshi.service import queries as service


def _serve(company: Company, say: Say) -> None:
    with outbox.telling_history():
        jobs.import_handbook(company, make.NOON, content=handbook_make.played())
        jobs.serve_through(company.operators[0], Random(5), make.NOON, say)
        past.remember(company.operators[0], Random(5), make.NOON)
        exams.set_and_sit(company, make.NOON, Random(5))
        jobs.count(company, make.NOON)


@pytest.mark.deep
def test_two_months_of_service_leave_work_that_is_counted_right() -> None:
    company = make.company()
    said: list[str] = []

    _serve(company, said.append)

    actor = company.operators[0].actor
    orders = service.work_orders(actor=actor, size=200).rows
    states = [str(order.state) for order in orders]
    assert states.count("CLOSED") > 5
    today = local_day(make.NOON)
    board = [o for o in orders if o.starts_at and local_day(o.starts_at) == today]
    assert 4 <= len(board) <= jobs.TODAY
    assert {o.state for o in board} & {"SCHEDULED"}
    assert any(o.starts_at and local_day(o.starts_at) > today for o in orders)
    assert all(o.starts_at and o.starts_at <= make.NOON for o in orders if o.state == "CLOSED")
    assert len(handbook.supervision(actor=hq_actor(), at=make.NOON).by_city) == 1
    assert "orders" in said[0]

    (city,) = handbook.city_curve(actor=hq_actor(), at=make.NOON).cities
    assert (city.city, city.weeks, city.mature) == ("杭州", 60, True)
    assert (city.tally.adherence or 0) > 0.5

    (exam,) = handbook.exams(actor=actor)
    results = handbook.exam_page(exam_id=exam.id, actor=actor, at=make.NOON)
    assert (results.sat, results.passed) == (2, 1)
    assert any(row.missed for row in results.questions)

    differences = cockpit.check_indicators(
        since=today - timedelta(days=jobs.DAYS), until=today + timedelta(days=1), actor=hq_actor()
    )
    assert differences == []
