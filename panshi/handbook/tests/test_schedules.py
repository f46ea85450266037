"""What the calendar asks for begins with its period, once, and is due when it always was."""

from datetime import UTC, datetime, time, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from panshi.handbook import book, queries, services, tasks, workdays
from panshi.handbook.models import Edition, Run
from panshi.handbook.rules import periods
from panshi.handbook.rules.periods import Rhythm
from panshi.handbook.tests import make
from panshi.kit.clock import SHANGHAI
from panshi.kit.tenancy import hq_actor
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make
from panshi.org.tests.window import page, window

SCHEDULED = ("CS-D-14", "VM-F-01", "CS-B-17-")


def local(day: int, hour: int = 0, *, month: int = 3) -> datetime:
    return datetime(2027, month, day, hour, tzinfo=SHANGHAI)


def begin(at: datetime) -> int:
    return len(services.start_scheduled(actor=hq_actor(org_make.platform().id), at=at).runs)


def operator(city: str = "杭州", *, since: datetime | None = None) -> OrgNode:
    """An operator that is there since late February."""
    node = org_make.operator(city=city)
    OrgNode.objects.filter(id=node.id).update(created_at=since or local(20, month=2))
    return node


def runs(slug: str, node: OrgNode) -> list[Run]:
    return list(Run.objects.filter(node__slug=slug, org=node).order_by("started_at"))


@pytest.mark.parametrize(
    ("every", "keys"),
    [
        ("daily", ["2027-03-30", "2027-03-31", "2027-04-01", "2027-04-02"]),
        ("weekly", []),
        ("monthly", ["2027-04"]),
        ("billing_day", ["2027-04"]),
        ("month_end", ["2027-03"]),
        ("quarterly", ["2027-Q2"]),
        ("half_yearly", []),
        ("yearly", []),
        ("shift", ["2027-03-30T08:00", "2027-03-30T16:00", "2027-03-31T00:00"]),
    ],
)
def test_a_rhythm_names_the_periods_that_begin(every: str, keys: list[str]) -> None:
    since = local(30) - timedelta(seconds=1) if every != "shift" else local(30)
    until = local(2, 9, month=4) if every != "shift" else local(31, 7)
    found = periods.begun(Rhythm(every=every), since, until)
    assert [p.key for p in found] == keys
    assert all(since < p.begins <= until for p in found)


def test_weeks_fortnights_half_years_and_years_begin_on_their_first_day() -> None:
    since, until = local(1, month=1) - timedelta(seconds=1), local(31, month=1)

    def keys(every: str) -> list[str]:
        return [p.key for p in periods.begun(Rhythm(every=every), since, until)]

    assert keys("weekly") == ["2027-W01", "2027-W02", "2027-W03", "2027-W04"]
    assert keys("fortnightly") == ["2027-W02", "2027-W04"]
    assert (keys("half_yearly"), keys("yearly")) == (["2027-H1"], ["2027"])


def test_a_holiday_is_made_ready_a_week_before_it_begins() -> None:
    rhythm = Rhythm(
        every="holiday", at=time(9), before=timedelta(days=7), holidays=workdays.holidays_between
    )
    found = periods.begun(
        rhythm, datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 9, 28, tzinfo=UTC)
    )
    assert [(p.begins.isoformat(), p.key) for p in found] == [
        ("2026-09-18T09:00:00+08:00", "2026-09-25"),
        ("2026-09-24T09:00:00+08:00", "2026-10-01"),
    ]


def test_each_operator_gets_one_run_for_a_period_however_often_it_is_asked() -> None:
    make.edition(*SCHEDULED)
    here, there = operator("杭州"), operator("成都")
    started = begin(local(1, 9))
    assert begin(local(1, 9)) == begin(local(1, 10)) == 0
    for node in (here, there):
        (run,) = runs("month-close", node)
        assert (run.city, run.subject_id) == (node.city, str(node.id))
        assert run.occurrence_key == f"month_end/2027-02/{node.id}/{node.city}"
        assert run.fact["period"] == "2027-02"
        assert [r.started_at for r in runs("monitor-shift", node)][-1] == local(1, 8)
    assert started == Run.objects.count()
    assert not Run.objects.filter(org__kind__in=("PLATFORM", "REGION")).exists()


def test_a_month_that_begins_on_a_sunday_is_due_by_workdays() -> None:
    make.edition(*SCHEDULED)
    node = operator(since=local(20, month=7))
    begin(local(2, 10, month=8))
    (run,) = runs("month-close", node)
    assert run.started_at == local(1, month=8)  # A Sunday.
    assert run.due_at == local(4, 18, month=8)


def test_after_an_outage_missed_periods_begin_late_and_old_shifts_not_at_all() -> None:
    make.edition(*SCHEDULED)
    node = operator()
    begin(local(20, 9))
    (run,) = runs("month-close", node)
    assert (run.started_at, run.due_at) == (local(1), local(3, 18))
    assert len(runs("monitor-shift", node)) == 3 * 3 + 2


def test_nothing_begins_for_what_was_there_before_the_operator_or_the_edition() -> None:
    edition = make.edition(*SCHEDULED)
    node = operator(since=local(1, 9))
    begin(local(1, 10))
    assert runs("month-close", node) == runs("monitor-shift", node) == []
    begin(local(1, 16))
    assert len(runs("monitor-shift", node)) == 1

    Edition.objects.filter(id=edition.id).update(created_at=local(1, 20))
    book.forget()
    begin(local(2, 1))
    assert [r.started_at for r in runs("monitor-shift", node)][1:] == [local(2)]


def test_more_operators_ask_no_more_questions() -> None:
    make.edition(*SCHEDULED)
    asked = []
    for month in (4, 5):
        for _node in range(3):
            org_make.operator()
        begin(local(1, 9, month=month) - timedelta(hours=2))
        with CaptureQueriesContext(connection) as queries_:
            begin(local(1, 9, month=month))
        asked.append(len(queries_))
    assert asked[0] == asked[1]


def test_a_quiet_quarter_of_an_hour_writes_nothing() -> None:
    make.edition(*SCHEDULED)
    org_make.operator()
    at = datetime.now(UTC) + timedelta(days=2)
    tasks.start_what_the_calendar_asks(at)
    count = Run.objects.count()
    assert count > 0
    assert not services.any_period_begun(actor=hq_actor(), at=at)
    tasks.start_what_the_calendar_asks(at)
    assert Run.objects.count() == count


def test_regular_work_stands_apart_from_what_must_be_taken_today() -> None:
    make.edition(*SCHEDULED)
    node = operator(since=local(1))
    at = local(1, 9)
    begin(at)
    person = make.person(node, "OPERATIONS")
    inbox = queries.inbox(actor=person, at=at)
    assert {r.slug for r in inbox.untaken} == {"monitor-shift"}
    assert [r.subject for r in inbox.untaken] == ["2027-03-01T08:00"]
    assert inbox.count == queries.inbox_count(actor=person, at=at) == 2  # The night's is overdue.
    first = queries.first_tasks(actor=person, at=at, count=2)
    assert first == [*inbox.untaken, *inbox.overdue]
    assert queries.first_tasks(actor=person, at=at, count=1) == first[:1]
    adviser = make.person(node, "SALES")
    before = queries.inbox(actor=adviser, at=at)
    assert [r.slug for r in before.untaken] == ["usage-report"]  # By the evening of the first.
    Run.objects.filter(node__slug="usage-report").update(take_by=local(2, 18))
    after = queries.inbox(actor=adviser, at=at)
    assert [r.slug for r in after.routine] == ["usage-report"]
    assert after.count == queries.inbox_count(actor=adviser, at=at) == 0


def test_the_inbox_groups_the_regular_work_by_rhythm() -> None:
    make.edition(*SCHEDULED)
    node = org_make.operator()
    now = datetime.now(UTC)
    services.start_scheduled(actor=hq_actor(), at=now + timedelta(days=33))
    Run.objects.filter(org=node).update(
        take_by=now + timedelta(days=2), due_at=now + timedelta(days=3)
    )
    shown = page(window(node, "SALES").get(reverse("handbook-inbox")))
    assert "Every month · 1" in shown
