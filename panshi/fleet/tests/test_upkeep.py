"""Upkeep of standing vehicles: planned from days and charge, finished by evidence."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, transaction

from panshi.fleet import queries, services
from panshi.fleet.events import IdleChargeDrifted, VehicleIdled
from panshi.fleet.models import UpkeepTask, Vehicle
from panshi.fleet.rules import upkeep as rules
from panshi.fleet.services import EvidenceMissing, LevelNow, ReadingContradictsTerminal
from panshi.fleet.tests import make
from panshi.fleet.tests.make import NOON
from panshi.kit import facts
from panshi.kit.models import Outbox
from panshi.kit.refusals import IllegalMove
from panshi.kit.tenancy import hq_actor
from panshi.org.tests import make as org_make

TODAY = NOON.date()


def _plan(
    vehicle: Vehicle, days: int, soc: int | None = None, reserved_from: datetime | None = None
) -> int:
    at = NOON + timedelta(days=days)
    level = LevelNow(
        vehicle_id=vehicle.id,
        soc_pct=None if soc is None else Decimal(soc),
        soc_at=None if soc is None else at,
        reserved_from=reserved_from,
    )
    return services.plan_upkeep(levels=[level], actor=hq_actor(), at=at).opened


def _kinds(vehicle: Vehicle) -> set[str]:
    open_tasks = UpkeepTask.objects.filter(vehicle=vehicle, state="OPEN")
    return set(open_tasks.values_list("kind", flat=True))


def _task(vehicle: Vehicle, kind: str) -> UpkeepTask:
    return UpkeepTask.objects.get(vehicle=vehicle, kind=kind, state="OPEN")


def test_days_idle_open_their_tasks_once() -> None:
    vehicle = make.vehicle(state="IDLE")
    assert _plan(vehicle, 2) == 0
    assert _plan(vehicle, 3) == 1
    assert _plan(vehicle, 3) == 0
    assert _kinds(vehicle) == {"CHECK_CALL"}
    _plan(vehicle, 30)
    assert _kinds(vehicle) == {"CHECK_CALL", "START", "TYRES", "FULL_CHECK"}


def test_a_task_comes_again_after_its_days_and_a_ready_vehicle_stands_too() -> None:
    vehicle = make.vehicle(state="IDLE")
    _plan(vehicle, 5)
    services.make_ready(vehicle_id=vehicle.id, actor=hq_actor(), at=NOON + timedelta(days=6))
    _plan(vehicle, 7)
    services.finish_upkeep(
        task_id=_task(vehicle, "START").id,
        volts=Decimal("12.6"),
        actor=hq_actor(),
        at=NOON + timedelta(days=8),
    )
    _plan(vehicle, 14)
    assert "START" not in _kinds(vehicle)
    _plan(vehicle, 15)
    assert "START" in _kinds(vehicle)


def test_a_drifted_charge_opens_a_task_after_three_days_and_is_told() -> None:
    vehicle = make.vehicle(state="IDLE")
    _plan(vehicle, 0, soc=35)
    _plan(vehicle, 1, soc=60)  # Back in the band: the days count anew.
    _plan(vehicle, 2, soc=30)
    _plan(vehicle, 4, soc=29)
    assert "CHARGE" not in _kinds(vehicle)
    _plan(vehicle, 5, soc=28)
    _plan(vehicle, 6, soc=27)
    assert "CHARGE" in _kinds(vehicle)
    told = [
        facts.from_plain(row.name, row.payload)
        for row in Outbox.objects.filter(name="fleet.IdleChargeDrifted")
    ]
    (fact,) = told
    assert isinstance(fact, IdleChargeDrifted)
    assert (fact.soc_pct, fact.days, fact.target_low) == (Decimal(28), 3, Decimal(50))


def test_a_full_battery_drifts_as_well() -> None:
    vehicle = make.vehicle(state="IDLE")
    for day in range(4):
        _plan(vehicle, day, soc=96)
    assert "CHARGE" in _kinds(vehicle)


def test_a_reservation_within_two_days_asks_for_charge_and_wash() -> None:
    vehicle = make.vehicle(state="READY")
    _plan(vehicle, 0, soc=60, reserved_from=NOON + timedelta(hours=49))
    assert _kinds(vehicle) == set()
    _plan(vehicle, 0, soc=60, reserved_from=NOON + timedelta(hours=47))
    assert _kinds(vehicle) == {"PREPARE"}


def test_a_vehicle_that_leaves_needs_its_tasks_no_longer() -> None:
    vehicle = make.vehicle(state="READY")
    _plan(vehicle, 3)
    services.deploy_vehicle(vehicle_id=vehicle.id, actor=hq_actor(), at=NOON + timedelta(days=4))
    _plan(vehicle, 4)
    assert list(UpkeepTask.objects.values_list("state", flat=True)) == ["VOID"]
    assert queries.idle_board(actor=hq_actor(), at=NOON).total == 0


def test_days_idle_are_told_at_three_seven_fourteen_and_thirty() -> None:
    vehicle = make.vehicle(state="READY")
    for day in range(9):
        _plan(vehicle, day)
    told = [
        facts.from_plain(row.name, row.payload)
        for row in Outbox.objects.filter(name="fleet.VehicleIdled").order_by("id")
    ]
    assert [fact.days for fact in told if isinstance(fact, VehicleIdled)] == [3, 7]


def test_false_evidence_is_refused() -> None:
    vehicle = make.vehicle(state="IDLE")
    for day in range(4):
        _plan(vehicle, day, soc=30)
    task, by = _task(vehicle, "CHARGE"), org_make.actor(vehicle.org, "fleet.finish_upkeep")
    soon = NOON + timedelta(days=3, minutes=20)
    with pytest.raises(EvidenceMissing):
        services.finish_upkeep(task_id=task.id, note="充好了", actor=by, at=soon)
    with pytest.raises(EvidenceMissing):
        services.finish_upkeep(task_id=task.id, soc_pct=Decimal(71), actor=by, at=soon)
    with pytest.raises(ReadingContradictsTerminal):
        services.finish_upkeep(task_id=task.id, soc_pct=Decimal(60), actor=by, at=soon)
    task.refresh_from_db()
    assert task.state == "OPEN"
    _plan(vehicle, 3, soc=58)
    fact = services.finish_upkeep(
        task_id=task.id, soc_pct=Decimal(60), cost=Decimal("12.50"), actor=by, at=soon
    )
    assert (fact.kind, fact.cost) == ("CHARGE", Decimal("12.50"))
    with pytest.raises(IllegalMove):
        services.finish_upkeep(task_id=task.id, soc_pct=Decimal(60), actor=by, at=soon)


def test_an_old_word_of_the_terminal_does_not_contradict() -> None:
    vehicle = make.vehicle(state="IDLE")
    for day in range(4):
        _plan(vehicle, day, soc=30)
    later = NOON + timedelta(days=3, minutes=61)
    services.finish_upkeep(
        task_id=_task(vehicle, "CHARGE").id, soc_pct=Decimal(60), actor=hq_actor(), at=later
    )
    assert "CHARGE" not in _kinds(vehicle)


def test_two_open_tasks_of_one_kind_are_refused_by_the_database() -> None:
    vehicle = make.vehicle(state="IDLE")
    _plan(vehicle, 3)
    task = _task(vehicle, "CHECK_CALL")
    with pytest.raises(DatabaseError), transaction.atomic():
        UpkeepTask.objects.create(
            org_id=task.org_id, vehicle=vehicle, kind=task.kind, rule_id=task.rule_id,
            idle_days=3, opened_at=NOON, due_on=TODAY,
        )  # fmt: skip


def test_a_neighbour_finishes_nothing_and_sees_no_board() -> None:
    vehicle = make.vehicle(state="IDLE")
    _plan(vehicle, 3)
    stranger = org_make.actor(org_make.operator(), "fleet.*")
    with pytest.raises(UpkeepTask.DoesNotExist):
        services.finish_upkeep(
            task_id=_task(vehicle, "CHECK_CALL").id, note="x", actor=stranger, at=NOON
        )
    assert queries.idle_board(actor=stranger, at=NOON).total == 0
    assert queries.idle_board(actor=hq_actor(), at=NOON).total == 1


@pytest.mark.plain
@pytest.mark.parametrize(("volts", "lack"), [(None, "VOLTS"), ("12.1", "VOLTS_LOW"), ("12.2", "")])
def test_the_twelve_volt_battery_must_hold(volts: str | None, lack: str) -> None:
    rule = rules.Rule(code="START", kind="START", first_day=7, least_volts=Decimal("12.2"))
    evidence = rules.Evidence(volts=Decimal(volts) if volts else None)
    assert rules.missing(rule, evidence) == lack


@pytest.mark.plain
def test_nothing_is_needed_of_a_vehicle_that_has_just_come() -> None:
    rule = rules.Rule(code="CHECK_CALL", kind="CHECK_CALL", first_day=3)
    standing = rules.Standing(idle_since=date(2026, 6, 1), done_on={})
    assert rules.needed([rule], standing, at=NOON, today=TODAY) == []
