"""Figures … are what the books say, and the rows behind them add up to them."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from panshi.billing.tests import make as billing_make
from panshi.cockpit import queries, services
from panshi.cockpit.catalogue import NOW_ONLY, Indicator
from panshi.cockpit.models import IndicatorDay
from panshi.cockpit.queries import BehindRow, Board
from panshi.cockpit.tests import make
from panshi.diagnosis import services as diagnosis
from panshi.fleet.tests import make as fleet_make
from panshi.handbook.tests import make as handbook_make
from panshi.kit.tenancy import hq_actor
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make
from panshi.telematics import queries as telematics
from panshi.telematics.events import AlarmRow
from panshi.telematics.queries.figures import ONLINE_WITHIN_S
from panshi.telematics.tests import make as telematics_make


def board(org: OrgNode, *, at: datetime = make.NOON, **more: str) -> Board:
    return queries.figures(actor=make.reader(org), at=at, **more)


def test_revenue_is_net_by_source_and_gross_as_billed() -> None:
    org = org_make.operator()
    make.revenue(org, 1000)
    make.revenue(org, 200, account="6001.service", on=date(2027, 6, 3))
    make.revenue(org, 40, account="6051", on=date(2027, 6, 4))

    money = board(org).money

    assert (money.today, money.month) == (Decimal(1000), Decimal(1240))
    assert dict(money.by_source) == {"RENTAL": 1000, "SERVICE": 200, "OTHER": 40}
    assert (money.gross_today, money.gross_month) == (Decimal(1130), Decimal("1401.20"))


def test_growth_compares_with_as_many_days_of_last_month() -> None:
    org = org_make.operator()
    make.revenue(org, 1200)
    make.revenue(org, 1000, on=date(2027, 5, 21))
    make.revenue(org, 9000, on=date(2027, 5, 22))
    assert board(org).money.growth == Decimal("0.2")


def test_growth_of_a_long_month_never_reaches_into_the_next() -> None:
    org = org_make.operator()
    make.revenue(org, 500, on=date(2027, 3, 31))
    make.revenue(org, 1000, on=date(2027, 2, 28))
    money = board(org, at=datetime(2027, 3, 31, 4, tzinfo=UTC)).money
    assert money.growth == Decimal("-0.5")


def test_a_bill_counts_as_revenue_the_moment_it_is_raised_and_collected_when_paid() -> None:
    org = org_make.operator()
    before = board(org)
    bill = billing_make.bill(org, 300)
    raised = board(org)
    billing_make.pay(org, bill.bill_id)
    paid = board(org)

    assert before.money.today == 0
    assert raised.money.today > 0
    assert raised.figures[Indicator.COLLECTION].value == 0
    assert paid.figures[Indicator.COLLECTION].value == 1
    assert raised.money.receivable == bill.total
    assert paid.money.receivable == 0


def test_rent_paid_in_advance_counts_on_the_days_that_earn_it() -> None:
    org = org_make.operator()
    first = make.DAY.replace(day=1)
    billing_make.plan(org, price=3000, anchor_on=first)
    billing_make.run(org, first)

    money = board(org).money
    behind = queries.rows_behind(
        indicator="REVENUE", period="MONTH", actor=make.reader(org), at=make.NOON
    )

    net = Decimal("2654.87")
    day = make.DAY.day
    assert money.month == (net * day / 30).quantize(Decimal("0.01"))
    assert Decimal("88.4") < money.today < Decimal("88.6")
    assert behind.numerator == money.month
    assert behind.total == 1
    assert behind.rows[0].subject_type == "BILL"


def test_collection_leaves_out_what_is_not_due_yet_and_deposits() -> None:
    org = org_make.operator()
    billing_make.bill(org, 300, due_on=make.DAY + timedelta(days=1))
    billing_make.deposit(org)
    assert board(org).figures[Indicator.COLLECTION].value is None


def test_utilisation_asks_for_today_and_keeps_the_days_before() -> None:
    org = org_make.operator()
    for state in ("LEASED", "LEASED", "LEASED", "IDLE"):
        fleet_make.vehicle(org=org, state=state)
    services.keep_vehicle_days(actor=hq_actor(org.id), at=make.days_before(1))
    services.keep_vehicle_days(actor=hq_actor(org.id), at=make.days_before(1))
    fleet_make.vehicle(org=org, state="IDLE")

    figures = board(org).figures

    utilisation, idle = figures[Indicator.UTILISATION], figures[Indicator.IDLE_DAYS]
    assert utilisation.numerator == 6
    assert utilisation.denominator == 9
    assert idle.value == Decimal(30) * 3 / 9


def test_a_customers_own_vehicle_is_no_vehicle_of_the_pool() -> None:
    org = org_make.operator()
    fleet_make.vehicle(org=org, state="LEASED")
    fleet_make.vehicle(org=org, use="EXTERNAL", customer_id=org_make.actor(org).id, papers=False)
    assert board(org).figures[Indicator.UTILISATION].denominator == 1


def test_complaints_rest_on_closed_orders_and_leased_vehicles() -> None:
    org = org_make.operator()
    for _ in range(60):
        fleet_make.vehicle(org=org, state="LEASED", papers=False)
    services.keep_vehicle_days(actor=hq_actor(org.id), at=make.NOON)
    make.closed(org, make.opened(org))
    assert board(org).figures[Indicator.COMPLAINTS].denominator == 3


def test_adherence_is_the_handbooks_own() -> None:
    org = org_make.operator()
    handbook_make.edition()
    run = handbook_make.reminder(org)

    figure = board(org, at=run.due_at + timedelta(minutes=1)).figures[Indicator.ADHERENCE]

    assert figure.value == 0
    assert figure.denominator == 1
    early = board(org, at=run.due_at - timedelta(minutes=1)).figures[Indicator.ADHERENCE]
    assert early.denominator == 0


def test_findings_stand_by_severity() -> None:
    org = org_make.operator()
    _finding(org)
    seen = board(org)
    assert seen.severities == ((2, 1),)
    assert seen.figures[Indicator.FINDINGS].value == 1


def _finding(org: OrgNode) -> None:
    vehicle = fleet_make.vehicle(org=org)
    alarm = AlarmRow(
        vehicle_id=vehicle.id,
        vin=vehicle.vin,
        source="GB",
        code="11",
        bit=11,
        level=1,
        raised_at=make.NOON,
        insulation_kohm=120.0,
        voltage_v=540.0,
    )
    diagnosis.judge_alarms(
        org_id=org.id, alarms=(alarm,), actor=org_make.actor(org, "*"), at=make.NOON
    )


def test_a_vehicle_is_online_as_long_as_the_live_board_says_so() -> None:
    org = org_make.operator()
    telematics_make.record(telematics_make.seen(telematics_make.connected(org=org)))
    for after, online in ((ONLINE_WITHIN_S - 1, 1), (ONLINE_WITHIN_S, 0)):
        at = telematics_make.NOON + timedelta(seconds=after)
        figure = board(org, at=at).figures[Indicator.ONLINE]
        rows = telematics.live_board(actor=make.reader(org), at=at)
        assert figure.numerator == online
        assert figure.denominator == 1
        assert [row.state not in ("OFFLINE", "SILENT") for row in rows] == [bool(online)]


def test_a_city_and_a_period_narrow_what_is_counted() -> None:
    org = org_make.operator(city="杭州")
    make.reviews(org, 5, at=make.days_before(3))
    make.reviews(org, 1, at=make.days_before(10))

    def stars(**more: str) -> Decimal | None:
        return make.figure(org, Indicator.SATISFACTION, **more).value

    assert stars() == 3
    assert stars(period="WEEK") == 5
    assert stars(period="TODAY") is None
    assert stars(city="杭州") == 3
    assert stars(city="宁波") is None
    assert stars(period="nonsense") == 3


def test_few_cases_have_no_grade() -> None:
    org = org_make.operator()
    make.reviews(org, *[2] * 19)
    assert make.figure(org, Indicator.SATISFACTION).tone == ""
    make.reviews(org, 2)
    assert make.figure(org, Indicator.SATISFACTION).tone == "bad"


def test_the_trend_has_gaps_where_nothing_was_counted() -> None:
    org = org_make.operator()
    make.reviews(org, 4, at=make.days_before(1))
    trend = make.figure(org, Indicator.SATISFACTION).trend
    assert trend[-2:] == (4.0, None)
    assert len(trend) == 30


def test_one_operator_never_counts_anothers_and_the_platform_counts_all() -> None:
    ours, theirs = org_make.operator(), org_make.operator()
    make.revenue(ours, 100)
    make.revenue(theirs, 900)
    fleet_make.vehicle(org=ours, state="LEASED")
    fleet_make.vehicle(org=theirs, state="IDLE")
    _finding(theirs)
    billing_make.pay(theirs, billing_make.bill(theirs, 300).bill_id)

    mine = board(ours)
    platform = queries.figures(actor=hq_actor(org_make.platform().id), at=make.NOON)

    assert mine.money.today == 100
    assert mine.figures[Indicator.UTILISATION].value == 1
    assert mine.figures[Indicator.COLLECTION].value is None
    assert mine.severities == ()
    assert platform.money.today > 1000
    assert platform.figures[Indicator.UTILISATION].denominator == 3


def _busy(org: OrgNode) -> None:
    make.revenue(org, 1000)
    make.revenue(org, 77, account="6001.service", on=date(2027, 6, 2))
    billing_make.pay(org, billing_make.bill(org, 300).bill_id)
    billing_make.bill(org, 200)
    make.reviews(org, 5, 4, 3)
    for _ in range(3):
        make.closed(org, make.opened(org), minutes=35)
    make.cancelled(org, make.opened(org))
    fleet_make.vehicle(org=org, state="LEASED")
    fleet_make.vehicle(org=org, state="IDLE", city="宁波")
    services.keep_vehicle_days(actor=hq_actor(org.id), at=make.days_before(1))
    _finding(org)


# Findings have no city of their own, and online vehicles are tried above.
BY_CITY = [code for code in Indicator if code not in {Indicator.ADHERENCE, *NOW_ONLY}]


@pytest.mark.parametrize(
    ("code", "city"),
    [(code, "") for code in Indicator if code != Indicator.ADHERENCE]
    + [(code, "杭州") for code in BY_CITY],
)
def test_the_rows_behind_a_figure_add_up_to_it(code: Indicator, city: str) -> None:
    org = org_make.operator()
    _busy(org)
    reader = make.reader(org)

    figure = queries.figures(actor=reader, at=make.NOON, city=city).figures[code]
    page = queries.figure_page(indicator=code, actor=reader, at=make.NOON, city=city)
    rows: list[BehindRow] = []
    while True:
        behind = queries.rows_behind(
            indicator=code, actor=reader, at=make.NOON, city=city, limit=2, offset=len(rows)
        )
        rows += behind.rows
        if not behind.rows:
            break

    assert (page.figure.numerator, page.figure.denominator) == (
        figure.numerator,
        figure.denominator,
    )
    assert len(rows) == behind.total
    assert sum(row.numerator for row in rows) == behind.numerator == figure.numerator
    if figure.denominator:
        assert sum(row.denominator for row in rows) == behind.denominator == figure.denominator


def test_asks_a_fixed_number_of_questions() -> None:
    org = org_make.operator()
    _busy(org)
    reader = make.reader(org)
    queries.figures(actor=reader, at=make.NOON)  # The node's lineage is kept in memory after this.
    with CaptureQueriesContext(
        connection,
    ) as asked:
        queries.figures(actor=reader, at=make.NOON)
    _busy(org)
    with CaptureQueriesContext(connection) as again:
        queries.figures(actor=reader, at=make.NOON)
    statements = [q["sql"] for q in asked if q["sql"].lstrip().startswith(("SELECT", "WITH"))]
    statements = [sql for sql in statements if "set_config" not in sql]
    assert len(asked) == len(again)
    assert len(statements) == 12


def test_today_is_not_counted_twice_once_it_was_kept() -> None:
    org = org_make.operator()
    fleet_make.vehicle(org=org, state="LEASED")
    services.keep_vehicle_days(actor=hq_actor(org.id), at=make.NOON)
    assert board(org).figures[Indicator.UTILISATION].denominator == 1
    assert IndicatorDay.objects.filter(indicator=Indicator.UTILISATION).count() == 1
