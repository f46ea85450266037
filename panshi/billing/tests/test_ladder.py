"""The ladder … from three days before the due day to thirty after it, with a clock of its own."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from django.db import IntegrityError, transaction

from panshi.billing import queries, services
from panshi.billing.models import CaseState, CollectionCall, DunningCase, DunningPolicy, DunningStep
from panshi.billing.rules.dunning import Rung, next_rung, working_day
from panshi.billing.services import NewInstalment
from panshi.billing.tests import make
from panshi.crm.tests import make as crm_make
from panshi.kit.clock import SHANGHAI
from panshi.kit.models import Outbox
from panshi.kit.refusals import IllegalMove
from panshi.kit.tenancy import hq_actor
from panshi.notify import channels
from panshi.notify import services as notify
from panshi.notify.channels import Simulated
from panshi.notify.models import Message
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make

DUE = date(2027, 6, 21)
PHONES = (Simulated("SMS"),)


@pytest.fixture(autouse=True)
def _phones() -> Iterator[None]:
    with channels.standing_in(*PHONES):
        yield


def bill(org: OrgNode) -> UUID:
    customer = crm_make.customer(org=org)
    return make.bill(org, due_on=DUE, customer_id=customer.id).bill_id


def moment(days: int, *, at: time = time(1)) -> datetime:
    return datetime.combine(make.days_after(DUE, days), at, UTC)


def advance(org: OrgNode, days: int, *, at: time = time(1)) -> None:
    """One pass of the ladder at nine in the morning of Shanghai, and what it queued is carried."""
    now = moment(days, at=at)
    services.advance_dunning(on=make.days_after(DUE, days), actor=make.clerk(org), at=now)
    for minutes in (0, 31, 32):
        notify.hand_over_messages(actor=hq_actor(), at=now + timedelta(minutes=minutes))
        notify.collect_receipts(actor=hq_actor(), at=now + timedelta(minutes=minutes, seconds=9))


def fired(org: OrgNode) -> list[int]:
    return list(DunningStep.objects.filter(org=org).order_by("id").values_list("day", flat=True))


def case_of(org: OrgNode) -> DunningCase:
    return DunningCase.objects.get(org=org)


def test_walks_one_debt_to_the_end_with_each_message_proven_and_none_in_quiet_hours() -> None:
    org = org_make.operator()
    bill(org)
    for day in range(-5, 32):
        for hour in (time(0, 10), time(1), time(13)):  # Ten past eight, nine, nine at night.
            advance(org, day, at=hour)

    assert fired(org) == [1, 3, 5, 7, 10, 15, 20, 30]
    texts = list(Message.objects.filter(org=org, channel="SMS").order_by("id"))
    assert [t.template.code if t.template else "" for t in texts] == [
        "RENT_REMINDER", "RENT_DUE", "PAY_LINK", "FORMAL_NOTICE", "REGION_TOLD", "LIMIT_ASKED",
        "INHIBIT_ASKED", "RECOVERY", "DEFAULT_REVIEW",
    ]  # fmt: skip
    for text in texts:
        assert (text.state, text.receipts.count()) == ("DELIVERED", 1)
        assert text.sent_at is not None
        local = text.sent_at.astimezone(SHANGHAI).time()
        assert time(8) <= local < time(21)
        if text.message_class == "COLLECTION":
            assert time(9) <= local < time(20)
    card = queries.arrears_card(
        case_id=case_of(org).id, today=make.days_after(DUE, 31), actor=make.clerk(org)
    )
    assert [step.fired_on is not None for step in card.steps] == [True] * 8
    assert len([m for m in card.messages if m.channel == "SMS"]) == 9


def test_after_an_outage_sends_the_notice_before_it_asks_for_the_limit() -> None:
    org = org_make.operator()
    bill(org)
    advance(org, 11)
    assert fired(org) == [5]
    advance(org, 12)
    assert fired(org) == [5, 7]
    advance(org, 14, at=time(0, 30))
    assert fired(org) == [5, 7]
    advance(org, 14, at=time(2))
    assert fired(org) == [5, 7, 10]


def test_asks_for_no_limit_while_the_notice_is_unproven() -> None:
    org = org_make.operator()
    customer = crm_make.customer(org=org, phone_no="13900000000")
    make.bill(org, due_on=DUE, customer_id=customer.id)
    for day in range(1, 20):
        advance(org, day)
    assert fired(org) == [1, 3, 5, 7]
    advance(org, 20)
    assert fired(org)[-1] == 20


@pytest.mark.plain
def test_the_rule_of_the_next_rung() -> None:
    noon = datetime(2027, 7, 1, tzinfo=UTC)
    rungs = [
        Rung(day=1, code="A", after=1),
        Rung(day=5, code="N", after=5),
        Rung(day=10, code="L", after=11, controls=True, notice_day=5, notice_hours=72),
    ]

    def day(days: int, fired: set[int], hours: int | None = None) -> int | None:
        proven = {} if hours is None else {5: noon - timedelta(hours=hours)}
        found = next_rung(rungs=rungs, days=days, fired=fired, proven=proven, at=noon)
        return found.day if found else None

    assert day(0, set()) is None
    assert day(4, set()) == 1
    assert day(10, {1, 5}, 100) is None  # This operator waits for day eleven.
    assert day(11, {1}) == 5
    assert day(11, {1, 5}) is None
    assert day(11, {1, 5}, 71) is None
    assert day(11, {1, 5}, 72) == 10
    assert day(11, {1, 5, 10}, 99) is None
    assert working_day(date(2027, 6, 26)) == date(2027, 6, 28)


def test_a_kept_promise_sends_nothing_and_a_broken_one_resumes_the_next_day() -> None:
    org = org_make.operator()
    bill(org)
    advance(org, 1)
    by = make.clerk(org)
    promised = make.days_after(DUE, 6)
    with pytest.raises(services.PlanExceedsDebt):
        services.promise_to_pay(
            case_id=case_of(org).id, amount=Decimal("300.01"), by=promised, actor=by, at=moment(1)
        )
    services.promise_to_pay(
        case_id=case_of(org).id, amount=Decimal(300), by=promised, actor=by, at=moment(1)
    )
    for day in range(2, 7):
        advance(org, day)
    assert fired(org) == [1]
    assert case_of(org).hold_kind == "PROMISE"
    advance(org, 7)
    assert fired(org) == [1, 7]
    assert Outbox.objects.filter(org_id=org.id, name="billing.PromiseBroken").count() == 1


def test_instalments_are_the_whole_debt_and_hold_while_they_are_paid() -> None:
    org = org_make.operator()
    customer = crm_make.customer(org=org)
    source = make.bill(org, 100, due_on=DUE, customer_id=customer.id)
    advance(org, 1)
    by = make.clerk(org)
    parts = [
        NewInstalment(due_on=make.days_after(DUE, 5), amount=Decimal(40)),
        NewInstalment(due_on=make.days_after(DUE, 9), amount=Decimal(60)),
    ]
    with pytest.raises(services.PlanExceedsDebt):
        services.agree_instalments(
            case_id=case_of(org).id, instalments=parts[:1], actor=by, at=moment(1)
        )
    services.agree_instalments(case_id=case_of(org).id, instalments=parts, actor=by, at=moment(1))
    services.record_payment(bill_ids=[source.bill_id], amount=Decimal(40), actor=by, at=moment(4))
    for day in range(2, 10):
        advance(org, day)
    assert (fired(org), case_of(org).state) == ([1], CaseState.ON_HOLD)
    advance(org, 10)
    assert (fired(org)[-1], case_of(org).state) == (5, CaseState.OPEN)


def test_payment_withdraws_what_waits_for_the_morning() -> None:
    org = org_make.operator()
    bill_id = bill(org)
    night = moment(1, at=time(14))
    services.advance_dunning(on=make.days_after(DUE, 1), actor=make.clerk(org), at=night)
    waiting = Message.objects.filter(org=org, template__code="PAY_LINK")
    assert set(waiting.values_list("state", flat=True)) == {"QUEUED"}
    make.pay(org, bill_id, at=night + timedelta(minutes=5))
    assert set(waiting.values_list("state", flat=True)) == {"WITHDRAWN"}
    assert case_of(org).state == CaseState.CLEARED


def test_a_call_that_meets_a_dispute_freezes_the_ladder() -> None:
    org = org_make.operator()
    bill(org)
    advance(org, 3)
    call = CollectionCall.objects.get(org=org)
    assert call.call_on == working_day(make.days_after(DUE, 3))
    by = make.clerk(org)
    services.record_call(
        call_id=call.id, outcome="DISPUTED", words="里程不对", actor=by, at=moment(3)
    )
    case = case_of(org)
    assert (case.state, case.hold_kind, case.hold_reason) == ("ON_HOLD", "DISPUTE", "里程不对")
    with pytest.raises(services.CallRecordedAlready):
        services.record_call(call_id=call.id, outcome="NO_ANSWER", words="", actor=by, at=moment(3))
    with pytest.raises(IllegalMove):
        services.hold_case(case_id=case.id, reason="事故", actor=by, at=moment(3))
    advance(org, 8)
    assert fired(org) == [3]


def test_an_operator_moves_a_rung_inside_the_platforms_bounds_only() -> None:
    org = org_make.operator()
    by = make.clerk(org)
    for day, skipped in ((8, False), (5, True)):
        with pytest.raises(services.OutsidePolicyBounds):
            services.set_dunning_policy(
                rung_day=5, day=day, skipped=skipped, actor=by, at=moment(0)
            )
    services.set_dunning_policy(rung_day=5, day=6, skipped=False, actor=by, at=moment(0))
    services.set_dunning_policy(rung_day=3, day=3, skipped=True, actor=by, at=moment(0))
    bill(org)
    for day in range(1, 7):
        advance(org, day)
    assert fired(org) == [1, 5]
    with pytest.raises(IntegrityError), transaction.atomic():
        DunningPolicy.objects.filter(org=org, rung=5).update(day=9)


def test_a_demanded_deposit_is_told_to_the_customer() -> None:
    org = org_make.operator()
    customer = crm_make.customer(org=org)
    make.deposit(org, customer_id=customer.id)
    told = Message.objects.filter(org=org, customer_id=customer.id)
    assert {m.channel for m in told} == {"IN_APP", "SMS"}
    assert "6,400.00" in told[0].subject
