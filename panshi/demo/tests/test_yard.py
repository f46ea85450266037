"""The demo company's yard: vehicles in lots, upkeep, a standard, notices of the police."""

from datetime import date, timedelta
from random import Random

from panshi.billing import queries as billing
from panshi.billing.models import DunningCase
from panshi.cockpit import queries as cockpit
from panshi.demo import (
    arrears,
    assets,
    daily,
    handing,
    steering,
    suppliers,
    terminals,
    yard,
)
from panshi.demo.founding import Company
from panshi.demo.tests import make
from panshi.fleet import queries
from panshi.kit import outbox
from panshi.kit.clock import local_day
from panshi.kit.tenancy import hq_actor
from panshi.leasing import queries as leasing
from panshi.leasing.models import RestraintRequest
from panshi.ledger import queries as ledger
from panshi.notify import channels
from panshi.notify.channels import Simulated
from panshi.service import queries as service
from panshi.supply import queries as supply


def _behind(company: Company) -> None:
    """A lease stands at each rung, and two were to be restrained, of which one paid."""
    (operator,) = company.operators
    terminals.fit(company, make.NOON - timedelta(days=40))
    said: list[str] = []
    with outbox.telling_history(), channels.standing_in(Simulated("SMS")):
        arrears.fall_behind(operator, Random(3), make.NOON, said.append)
    assert said == ["杭州绿程新能源: 9 leases behind, two to be restrained, one paid"]
    cases = DunningCase.objects.values_list("rung", "state")
    open_rungs = {rung for rung, state in cases if state == "OPEN"}
    assert open_rungs == {day for day in arrears.LATE[:9] if day != 11}
    restraints = RestraintRequest.objects.values_list("state", "end_reason")
    assert set(restraints) == {("QUEUED", ""), ("STOPPED", "PAID")}


def test_the_yard_is_furnished_and_told_of() -> None:
    company = make.company()
    (operator,) = company.operators
    _behind(company)
    with outbox.telling_history():
        yard.furnish(operator, Random(3), make.NOON, make.quiet)
        yard.write_standard(company, make.NOON)
        yard.find_what_is_due(company, make.NOON)
        assets.enter(operator, make.NOON)
        assets.fine(operator, Random(3), make.NOON)
        handing.expect(operator, Random(3), make.NOON)
        daily.spend(operator, Random(3), make.NOON)
        daily.write(operator, Random(3), make.NOON)
        steering.steer(operator, Random(3), make.NOON)
        steering.crash(operator, Random(3), make.NOON)
        steering.plan_next_city(company, make.NOON)
        assets.depreciate(company, make.NOON)
        suppliers.invoice(operator, make.NOON)
        handing.contest(operator, Random(3), make.NOON)
    lots = queries.lots(actor=operator.actor)
    assert [lot.vehicles for lot in lots] == [2, 1]
    board = queries.idle_board(actor=operator.actor, at=make.NOON)
    assert board.total == 3
    assert any(row.tasks for row in board.rows)
    (standard,) = queries.wear_standards(actor=hq_actor())
    assert standard.published_at == make.NOON
    due = queries.due_calendar(actor=operator.actor, at=make.NOON, within_days=45)
    assert due.total > 0
    assert all(row.kind != "MAINTENANCE" or row.days_left > -30 for row in due.rows)
    moved = [vehicle_id for vehicle_id, _model in operator.vehicles]
    assert queries.lapsed_kinds(vehicle_ids=tuple(moved), actor=hq_actor(), at=make.NOON) == {}
    found = leasing.violations(actor=operator.actor)
    assert found.total == assets.NOTICES
    states = {str(row.state) for row in found.rows}
    assert {"NOTIFIED", "DISPUTED", "CHARGED", "DONE_BY_CUSTOMER"} <= states
    expected = leasing.handings_due(
        until=local_day(make.NOON) + timedelta(days=1), actor=operator.actor
    )
    assert [row.kind for row in expected] == ["IN", "OUT"]
    assert not any(row.deposit_missing for row in expected)
    october = ledger.vehicle_pnl(month=date(2026, 10, 1), actor=operator.actor)
    assert october.cost > 0
    costs = billing.vehicle_costs(actor=operator.actor)
    assert costs.total >= daily.MONTHS * len(operator.vehicles)
    talks = service.conversation_page(actor=operator.actor, state="")
    assert (talks.total, talks.waiting) == (len(daily.TALKS), 2)
    assert len(cockpit.target_rows(actor=operator.actor)) == 3
    budgets = cockpit.budget_against_actual(month=date(2026, 11, 1), actor=operator.actor)
    assert sum(row.planned is not None for row in budgets) == len(steering.COSTS)
    _risks, count = cockpit.risk_rows(actor=operator.actor)
    assert count == len(steering.RISKS)
    accidents = leasing.claims(actor=operator.actor)
    assert {str(row.state) for row in accidents.rows} == {"CLOSED", "ASSESSED", "REPORTED"}
    invoices = supply.supplier_invoices(actor=operator.actor)
    assert [str(row.state) for row in invoices.rows] == ["PAID"]
    handing.lapse(operator, make.NOON)
    lapsed = queries.lapsed_kinds(vehicle_ids=tuple(moved), actor=hq_actor(), at=make.NOON)
    assert [list(kinds) for kinds in lapsed.values()] == [["COMPULSORY_INSURANCE"]]
    (contested,) = leasing.leases(state="SETTLING", actor=operator.actor).rows
    sheet = leasing.settlement_sheet(lease_id=contested.id, actor=operator.actor)
    assert sheet is not None
    assert sheet.disputed == 180
    (plan,) = cockpit.roll_out_plans(actor=operator.actor)
    assert plan.city == steering.NEXT_CITY
