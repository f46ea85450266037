"""The demo's leases change as the stories of the trade do."""

from datetime import timedelta
from decimal import Decimal
from random import Random
from uuid import UUID

from panshi.billing import queries as billing
from panshi.billing import services as bills
from panshi.billing.models import Callback
from panshi.demo import cash, history
from panshi.demo.changes import BEGINS, Changes
from panshi.demo.tests import make
from panshi.kit import outbox
from panshi.kit.clock import add_months, day_start, month_start
from panshi.kit.tenancy import hq_actor
from panshi.leasing import queries as leasing


def test_a_31st_a_swap_a_pause_an_early_return_and_how_they_pay() -> None:
    company = make.company(vehicles=16)
    (operator,) = company.operators
    random, at = Random(5), make.NOON
    start = add_months(month_start(at.date()), -8)
    waiting: history.Waiting = [
        (vehicle_id, model, Decimal(2_500))
        for vehicle_id, model in operator.vehicles[make.LEASES :]
    ]
    running: list[history.Running] = []
    story = Changes(operator)
    desk, said = cash.Desk(operator), list[str]()
    with outbox.telling_history():
        for number in range(BEGINS, BEGINS + 8):
            month = add_months(start, number - BEGINS)
            story.play(number, month, running, waiting, random, at)
            moment = day_start(month) + timedelta(hours=12)
            while number == BEGINS and len(waiting) > 2:
                running.append(history.lease_out(operator, *waiting.pop(), month, moment, random))
            bills.run_bills(cut_off=month, actor=operator.actor, at=moment)
            bills.issue_bills(draft_hours=0, actor=operator.actor, at=moment)
        desk.keep(set(), last=True)
        desk.keep(set(), last=False)
        desk.open(random, at, said.append)
    rows = leasing.leases(actor=operator.actor).rows
    cards = [leasing.lease_card(lease_id=row.id, actor=operator.actor) for row in rows]
    assert sorted(a.kind for card in cards for a in card.amendments) == ["PAUSE", "SWAP"]
    assert [card.row.starts_on.day for card in cards if card.alignment == "ANCHOR"] == [31, 31]
    (ended,) = [card for card in cards if card.settled_at]
    sheet = leasing.settlement_sheet(lease_id=ended.row.id, actor=operator.actor)
    assert sheet is not None
    assert {"EARLY_FEE", "DAMAGE", "KM_OVERAGE"} < {line.product_code for line in sheet.lines}
    paused = next(card for card in cards for a in card.amendments if a.kind == "PAUSE")
    charges = billing.charges_of_plan(
        plan_id=paused.plan_id or UUID(int=0), today=at.date(), actor=operator.actor
    )
    assert any(charge.credited for charge in charges)
    assert said == ["bank file: 37 lines booked, 3 wait for a person"]
    yesterday = at.date() - timedelta(days=1)
    checked = bills.check_channel(
        channel="SIM", day=yesterday, actor=hq_actor(company.platform_id), at=at
    )
    assert (checked.lines, checked.differences) == (cash.PAYERS, 2)
    told = Callback.objects.values_list("verdict", "times")
    assert {"ACCEPTED", "FORGED", "AMOUNT"} <= {verdict for verdict, _times in told}
    assert sum(times for _verdict, times in told) > cash.PAYERS
