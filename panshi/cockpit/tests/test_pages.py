"""The cockpit's pages, asked as a browser asks them."""

import re
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from panshi.billing.tests import make as billing_make
from panshi.cockpit import services, shown
from panshi.cockpit.catalogue import DEFINITIONS
from panshi.cockpit.models import Alert, Risk, RollOutPlan, Target
from panshi.cockpit.queries import BehindRow
from panshi.cockpit.tests import make
from panshi.kit.clock import local_day
from panshi.kit.ids import uuid7
from panshi.kit.tenancy import hq_actor, system_actor
from panshi.org import services as org
from panshi.org.models import OrgNode, User
from panshi.org.tests import make as org_make
from tests.windows import Window

PAGES = (
    "/cockpit/", "/cockpit/figures/", "/cockpit/wall/", "/cockpit/wall/figures/",
    "/cockpit/targets/", "/cockpit/alerts/", "/cockpit/budget/", "/cockpit/risks/",
    "/cockpit/risks/new/", "/cockpit/plans/",
    *(f"/cockpit/indicators/{d.slug}/" for d in DEFINITIONS.values()),
)  # fmt: skip


def person(node: OrgNode, *roles: str) -> User:
    fact = org.create_user(
        org_id=node.id,
        username=f"lin{User.objects.count()}",
        full_name="林小燕",
        roles=roles or ("DECISION_MAKER",),
        password="Lvtu-2027-wuliu",
        actor=hq_actor(node.id),
        at=timezone.now(),
    )
    return User.objects.get(id=fact.user_id)


def words(answer: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_page_opens_empty_in_both_languages(language: str) -> None:
    window = Window(person(org_make.operator()), language=language)
    for url in PAGES:
        answer = window.get(url)
        assert answer.status_code == 200, url
        if "figures/" not in url:
            assert answer.content.decode().count("<h1>") == 1, url
    text = window.get("/cockpit/figures/").content.decode()
    assert ("今日资金" in text, "Revenue" in text) == (language != "en", language == "en")


def test_every_page_is_closed_to_those_who_may_not_see_it() -> None:
    window = Window(person(org_make.operator(), "DISPATCHER"))
    assert {window.get(url).status_code for url in PAGES} == {409}


def test_an_unknown_indicator_is_not_found() -> None:
    assert Window(person(org_make.operator())).get("/cockpit/indicators/luck/").status_code == 404


def test_shows_todays_money_first_and_a_bill_at_once() -> None:
    node = org_make.operator()
    window = Window(person(node))
    assert "¥0.00" in words(window.get("/cockpit/figures/"))

    bill = billing_make.bill(node, 10_600, at=timezone.now(), due_on=local_day(timezone.now()))
    answer = window.get("/cockpit/figures/")

    assert f"¥{bill.total:,.2f} billed" in words(answer)
    assert "¥9.38 k" in words(answer)
    assert 'title="¥9,380.53"' in answer.content.decode()
    assert answer.content.decode().index("Today") < answer.content.decode().index("Satisfaction")


def test_an_open_page_listens_for_every_fact_that_changes_a_figure() -> None:
    text = Window(person(org_make.operator())).get("/cockpit/").content.decode()
    found = re.search(r'id="cockpit-figures" data-live="([^"]+)"', text)
    assert found is not None
    names = set(found[1].split())
    assert {"billing.*", "cockpit.*", "fleet.*", "handbook.*", "diagnosis.*"} <= names


def test_the_rows_of_a_figure_can_be_paged_and_exported() -> None:
    node = org_make.operator()
    now = timezone.now()
    make.reviews(node, *[5, 4] * 12, at=now)
    window = Window(person(node))

    first = window.get("/cockpit/indicators/satisfaction/?period=TODAY")
    second = window.get("/cockpit/indicators/satisfaction/?period=TODAY&page=2")
    file = window.get("/cockpit/indicators/satisfaction/?period=TODAY&export=csv")

    assert "24 records" in words(first)
    assert "4.5" in words(first)
    assert second.content.decode().count("Reviewed") == 4
    assert file.status_code == 200
    assert "108" in words(first)


def test_only_the_table_or_the_figure_comes_when_only_that_is_asked() -> None:
    window = Window(person(org_make.operator()))
    url = "/cockpit/indicators/satisfaction/"
    asks = {"HX-Request": "true"}
    table = window.get(url, headers={**asks, "HX-Target": "section#table-rows-satisfaction"})
    figure = window.get(url, headers={**asks, "HX-Target": "div#figure"})
    assert "<h1>" not in table.content.decode()
    assert "table-rows-satisfaction" in table.content.decode()
    assert figure.content.decode().lstrip().startswith('<div id="figure"')


def test_asks_a_fixed_number_of_questions() -> None:
    node = org_make.operator()
    window = Window(person(node))
    window.get("/cockpit/figures/")
    with CaptureQueriesContext(connection) as empty:
        window.get("/cockpit/figures/")
    make.reviews(node, 5, 4, 3, at=timezone.now())
    make.revenue(node, 100)
    with CaptureQueriesContext(connection) as full:
        window.get("/cockpit/figures/")
    assert len(full) == len(empty)


@pytest.mark.parametrize("subject", sorted(shown.RECORDS))
def test_the_record_behind_a_row_has_a_page(subject: str) -> None:
    row = BehindRow(
        day=make.DAY,
        what="CLOSED",
        label="",
        city="",
        org_name="",
        numerator=Decimal(1),
        denominator=Decimal(1),
        subject_type=subject,
        subject_id=uuid7(),
    )
    assert "<a href=" in shown.record_link(row)


def test_a_target_is_set_by_form_and_a_wrong_one_says_so() -> None:
    node = org_make.operator()
    window = Window(person(node))
    values = {"indicator": "REVENUE", "month": "2027-06-15", "green": "90000", "red": "80000"}

    wrong = window.post("/cockpit/targets/", {**values, "red": "95000"})
    right = window.post("/cockpit/targets/", values)

    assert (wrong.status_code, right.status_code) == (422, 302)
    target = Target.objects.get()
    assert target.month.day == 1
    assert target.green == 90000
    assert "¥90,000.00" in words(window.get("/cockpit/targets/"))


def test_an_alert_is_taken_in_hand() -> None:
    node = org_make.operator()
    for n in range(1, 4):
        make.reviews(node, 1, at=make.days_before(n))
    services.judge_targets(org_id=node.id, actor=system_actor(node.id), at=make.NOON)
    window = Window(person(node))
    alert = Alert.objects.get()

    assert "Satisfaction is 1; the red mark is 4.2." in words(window.get("/cockpit/alerts/"))
    answer = window.post(f"/cockpit/alerts/{alert.id}/acknowledge/", {"note": "回访客户"})
    assert answer.status_code == 302
    assert "回访客户" in words(window.get("/cockpit/alerts/"))


def test_a_budget_is_set_by_form() -> None:
    window = Window(person(org_make.operator()))
    answer = window.post(
        "/cockpit/budget/", {"month": "2027-06-02", "cost_class": "LABOUR", "amount": "74400"}
    )
    assert answer.status_code == 302
    assert "¥74,400.00" in words(window.get(answer.headers["Location"])).replace("¥ ", "¥")


def test_a_risk_is_recorded_and_reviewed() -> None:
    node = org_make.operator()
    owner = person(node)
    window = Window(owner)
    values = {
        "title": "数据出境",
        "risk_class": "DATA",
        "text": "",
        "likelihood": "2",
        "impact": "5",
        "residual_likelihood": "1",
        "residual_impact": "5",
        "controls": "indicator:COMPLAINTS\r\nnode:data-protection",
        "owner_id": str(owner.id),
        "review_on": "2099-01-01",
    }

    wrong = window.post("/cockpit/risks/new/", {**values, "controls": "小心"})
    right = window.post("/cockpit/risks/new/", values)

    assert (wrong.status_code, right.status_code) == (422, 302)
    risk = Risk.objects.get()
    page = f"/cockpit/risks/{risk.id}/"
    review = {"residual_likelihood": "2", "residual_impact": "2", "review_on": "2099-06-01"}
    assert window.post(page, {**review, "review_on": "2020-01-01"}).status_code == 422
    assert window.post(page, review).status_code == 302
    assert "2099-06-01" in words(window.get(page))
    assert "10 → 4" in words(window.get("/cockpit/risks/"))


def test_a_city_is_planned_and_its_gate_opened() -> None:
    node = org_make.operator()
    owner = person(node)
    window = Window(owner)
    values = {
        "city": "嘉兴", "owner_id": str(owner.id), "opens_on": "2099-09-01", "budget": "800000",
    }  # fmt: skip
    assert window.post("/cockpit/plans/", values).status_code == 302
    plan = RollOutPlan.objects.get()
    gate = f"/cockpit/plans/{plan.id}/gate/"
    assert window.post(gate, {"to_phase": "BUILD"}).status_code == 422
    given = {"to_phase": "BUILD", "evidence": "就绪节点 12/12"}
    assert window.post(gate, given).status_code == 409  # No playbook is in force.
    answer = window.post(gate, given | {"exception_ends_on": "2099-12-01"})
    assert answer.status_code == 302
    assert "就绪节点 12/12" in words(window.get("/cockpit/plans/"))


def test_the_home_page_bears_the_figures() -> None:
    text = words(Window(person(org_make.operator())).get("/"))
    assert "Revenue this month" in text


def test_a_strangers_records_are_not_found() -> None:
    ours, theirs = org_make.operator(), org_make.operator()
    window = Window(person(theirs))
    for n in range(1, 4):
        make.reviews(ours, 1, at=make.days_before(n))
    services.judge_targets(org_id=ours.id, actor=system_actor(ours.id), at=make.NOON)
    alert = Alert.objects.get()
    answer = window.post(f"/cockpit/alerts/{alert.id}/acknowledge/", {"note": "x"})
    assert answer.status_code == 404
