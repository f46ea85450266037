"""set target, judge targets, acknowledge alert, set budget …"""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from panshi.cockpit import queries, services
from panshi.cockpit.catalogue import Indicator
from panshi.cockpit.events import TargetsJudged
from panshi.cockpit.models import Alert, AlertState, Budget, CostClass
from panshi.cockpit.queries.lists import COST_CLASS_OF
from panshi.cockpit.tests import make
from panshi.kit.refusals import NotPermitted
from panshi.kit.tenancy import hq_actor, system_actor
from panshi.ledger import services as ledger
from panshi.ledger.rules import CHART, EXPENSE
from panshi.ledger.tests import make as ledger_make
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make


def set_target(org: OrgNode, code: str, green: str, red: str, *, month: date = make.DAY) -> None:
    services.set_target(
        org_id=org.id,
        indicator=code,
        month=month,
        green=Decimal(green),
        red=Decimal(red),
        actor=hq_actor(org.id),
        at=make.NOON,
    )


def judge(org: OrgNode, *, at_days: int = 0) -> TargetsJudged:
    return services.judge_targets(
        org_id=org.id, actor=system_actor(org.id), at=make.NOON + timedelta(days=at_days)
    )


def test_the_nearest_node_and_the_latest_month_hold() -> None:
    org = org_make.operator()
    platform = org_make.platform()
    make.reviews(org, *[4] * 20)
    assert make.figure(org, Indicator.SATISFACTION).green == Decimal("4.6")

    set_target(platform, "SATISFACTION", "4.5", "3.5")
    assert make.figure(org, Indicator.SATISFACTION).green == Decimal("4.5")
    set_target(org, "SATISFACTION", "3.9", "3.0", month=date(2027, 5, 9))
    set_target(org, "SATISFACTION", "4.9", "4.8", month=date(2027, 7, 1))

    figure = make.figure(org, Indicator.SATISFACTION)
    assert (figure.green, figure.tone) == (Decimal("3.9"), "ok")


def test_an_amount_of_a_node_above_is_no_target_of_ours() -> None:
    org = org_make.operator()
    set_target(org_make.platform(), "REVENUE", "1000000", "900000")
    assert queries.figures(actor=make.reader(org), at=make.NOON).money.target is None
    set_target(org, "REVENUE", "5000", "4500")
    assert queries.figures(actor=make.reader(org), at=make.NOON).money.target == 5000


@pytest.mark.parametrize(
    ("code", "green", "red"),
    [("SATISFACTION", "4", "4.5"), ("SERVICE_TIME", "90", "60"), ("COLLECTION", "0.9", "-1")],
)
def test_refuses_marks_the_wrong_way_round(code: str, green: str, red: str) -> None:
    with pytest.raises(services.MarksReversed):
        set_target(org_make.operator(), code, green, red)


def test_refuses_an_indicator_that_is_none() -> None:
    with pytest.raises(services.NotMeasured):
        set_target(org_make.operator(), "HAPPINESS", "1", "0")


def test_a_target_is_set_by_those_who_may() -> None:
    org = org_make.operator()
    with pytest.raises(NotPermitted):
        services.set_target(
            org_id=org.id,
            indicator="SATISFACTION",
            month=make.DAY,
            green=Decimal(5),
            red=Decimal(4),
            actor=org_make.actor(org, "cockpit.view"),
            at=make.NOON,
        )


def _bad_days(org: OrgNode, days: int = 3) -> None:
    for n in range(1, days + 1):
        make.reviews(org, 2, 3, at=make.days_before(n))


def test_three_red_days_raise_one_alert() -> None:
    org = org_make.operator()
    _bad_days(org)

    assert judge(org).raised == ("SATISFACTION",)
    assert judge(org).raised == ()

    alert = Alert.objects.get()
    assert (alert.org_id, alert.value) == (org.id, Decimal("2.5"))
    assert alert.cases == 6
    assert queries.open_alert_count(actor=make.reader(org)) == 1


def test_two_red_days_and_today_raise_none() -> None:
    org = org_make.operator()
    _bad_days(org, 2)
    make.reviews(org, 1)
    assert judge(org).raised == ()


def test_a_share_wholly_beyond_red_raises_at_once() -> None:
    org = org_make.operator()
    yesterday = make.days_before(1)
    for n in range(40):
        order = make.opened(org, at=yesterday)
        if n < 20:
            make.closed(org, order, at=yesterday)
    assert "COMPLETION" in judge(org).raised


def test_an_alert_clears_once_the_figure_is_off_red() -> None:
    org = org_make.operator()
    _bad_days(org)
    judge(org)
    assert judge(org).cleared == ()

    make.reviews(org, *[5] * 40, at=make.days_before(1))

    assert judge(org).cleared == ("SATISFACTION",)
    assert Alert.objects.get().state == AlertState.CLEARED
    assert queries.open_alert_count(actor=make.reader(org)) == 0


def test_one_operators_alert_is_not_anothers() -> None:
    ours, theirs = org_make.operator(), org_make.operator()
    _bad_days(theirs)
    assert judge(ours).raised == ()
    judge(theirs)
    assert queries.alert_rows(actor=make.reader(ours)) == ((), 0)


def test_an_alert_is_taken_in_hand_once() -> None:
    org = org_make.operator()
    _bad_days(org)
    judge(org)
    alert = Alert.objects.get()

    def take() -> None:
        services.acknowledge_alert(
            alert_id=alert.id, note="加派质检", actor=make.reader(org), at=make.NOON
        )

    take()
    with pytest.raises(services.AlreadyAcknowledged):
        take()
    (row,), total = queries.alert_rows(actor=make.reader(org))
    assert (row.state, row.note, total) == (AlertState.ACKNOWLEDGED, "加派质检", 1)


def test_a_stranger_finds_no_alert() -> None:
    org, stranger = org_make.operator(), org_make.operator()
    _bad_days(org)
    judge(org)
    with pytest.raises(Alert.DoesNotExist):
        services.acknowledge_alert(
            alert_id=Alert.objects.get().id, note="x", actor=make.reader(stranger), at=make.NOON
        )


def test_the_database_keeps_one_open_alert_per_indicator() -> None:
    org = org_make.operator()
    _bad_days(org)
    judge(org)
    with pytest.raises(IntegrityError), transaction.atomic():
        Alert.objects.create(
            org=org, indicator="SATISFACTION", value=1, red=2, cases=3, raised_at=make.NOON
        )


def _budget(org: OrgNode, amount: int) -> None:
    services.set_budget(
        org_id=org.id,
        month=make.DAY,
        cost_class="MATERIAL",
        amount=Decimal(amount),
        actor=hq_actor(org.id),
        at=make.NOON,
    )


def test_a_budget_keeps_its_versions_and_the_last_counts() -> None:
    org = org_make.operator()
    _budget(org, 5000)
    _budget(org, 6000)
    ledger.post_entries(
        entries=[ledger_make.entry(org, ("6401.service", 1500), ("1002", -1500), kind="PART_USED")],
        actor=hq_actor(org.id),
        at=make.NOON,
    )

    rows = {
        row.cost_class: row
        for row in queries.budget_against_actual(month=make.DAY, actor=make.reader(org))
    }

    material = rows[CostClass.MATERIAL]
    assert material.planned == 6000
    assert material.actual == 1500
    assert rows[CostClass.LABOUR].planned is None
    assert sorted(Budget.objects.values_list("version", flat=True)) == [1, 2]


def test_a_budget_is_never_rewritten() -> None:
    org = org_make.operator()
    _budget(org, 5000)
    with pytest.raises(services.MarksReversed):
        _budget(org, -1)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE cockpit_budget SET amount = 1")


@pytest.mark.plain
def test_every_expense_account_has_exactly_one_class() -> None:
    assert set(COST_CLASS_OF) == {code for code, kind, _en, _zh in CHART if kind == EXPENSE}
