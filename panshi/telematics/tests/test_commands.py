"""Commands … reach a terminal only by two other people, a warrant, and a vehicle that stands."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, transaction

from panshi.fleet.models import Vehicle
from panshi.kit import guards
from panshi.kit.guards import Answer, Check
from panshi.kit.ids import uuid7
from panshi.kit.refusals import IllegalMove
from panshi.kit.tenancy import Actor, hq_actor
from panshi.kit.verbs import GUARDS
from panshi.org.tests import make as org_make
from panshi.telematics import interlocks, services
from panshi.telematics.events import CommandRequested, CommandsHandedOver
from panshi.telematics.interlocks import Bounds, Seen
from panshi.telematics.models import Command, CommandEvent, LiveState, Restriction
from panshi.telematics.services import CommandAnswer, EndedSession, NewSession
from panshi.telematics.tests import make
from panshi.telematics.tests.make import NOON

GUARD = "telematics.still_warranted_in_tests"


@dataclass
class Warrant:
    """A guard whose answer a test sets."""

    yes: bool = True
    asked: list[datetime] = field(default_factory=list)

    def __call__(
        self, *, subject_ids: tuple[UUID, ...], actor: Actor, at: datetime
    ) -> dict[UUID, Answer]:
        self.asked.append(at)
        check = Check(code="DEBT_OPEN", holds=self.yes)
        return {subject: Answer(checks=(check,)) for subject in subject_ids}


@pytest.fixture
def warrant() -> Iterator[Warrant]:
    found = Warrant()
    GUARDS[GUARD] = found
    yield found
    del GUARDS[GUARD]


def vehicle() -> Vehicle:
    """A vehicle whose terminal takes orders and is on the line."""
    made = make.connected()
    device_id = make.device_of(made)
    services.set_device_model(
        device_ids=[device_id],
        maker="磐石",
        name="T1",
        protocol="GB32960",
        adapter="PANSHI_GB",
        bench_proof_on=NOON.date(),
        actor=hq_actor(),
        at=NOON,
    )
    session = NewSession(device_id=device_id, epoch=1, peer="127.0.0.1:1", opened_at=NOON)
    services.open_sessions(gateway=1, sessions=[session], actor=hq_actor(), at=NOON)
    says(made, NOON)
    return made


def says(
    of: Vehicle, at: datetime, *, speed: int = 0, odometer: int = 100_000, soc: int = 60
) -> None:
    LiveState.objects.update_or_create(
        id=of.id,
        vehicle_id=of.id,
        defaults={
            "org_id": of.org_id, "vin": of.vin, "series": 1, "gateway": 1, "received_at": at,
            "motion_at": at, "speed_tenths": speed, "odometer_tenths": odometer, "soc_pct": soc,
        },
    )  # fmt: skip


def ask(of: Vehicle, **more: Any) -> CommandRequested:
    defaults: dict[str, Any] = {
        "kind": "SPEED_LIMIT", "limit_kmh": 30, "reason": "欠租", "guard": GUARD,
        "source_id": uuid7(), "at": NOON, "actor": org_make.actor(of.org, "telematics.*"),
    }  # fmt: skip
    return services.request_command(vehicle_id=of.id, **{**defaults, **more})


def approvers(of: Vehicle) -> list[Actor]:
    assert of.org.parent is not None
    above = org_make.actor(of.org.parent, "telematics.*")
    seeing = Actor(
        id=above.id, org_id=above.org_id, org_ids=(above.org_id, of.org_id),
        permissions=above.permissions,
    )  # fmt: skip
    return [org_make.actor(of.org, "telematics.*"), seeing]


def approved(of: Vehicle, **more: Any) -> UUID:
    command_id = ask(of, **more).command_id
    for by in approvers(of):
        services.approve_command(command_id=command_id, actor=by, at=NOON)
    return command_id


def hand_over(at: datetime) -> CommandsHandedOver:
    return services.hand_over_commands(gateway=1, actor=hq_actor(), at=at)


def stand(of: Vehicle, minutes: int, **said: Any) -> CommandsHandedOver:
    """Look at the queue each half minute while the vehicle reports."""
    fact = hand_over(NOON)
    for half in range(1, 2 * minutes + 1):
        at = NOON + timedelta(seconds=30 * half)
        says(of, at, **said)
        fact = hand_over(at)
        if fact.orders:
            break
    return fact


def answer(command_id: UUID, **more: Any) -> None:
    given: dict[str, Any] = {"outcome": "ANSWERED", "taken": True, "state": "SPEED_LIMIT", **more}
    services.record_command_answers(
        answers=[CommandAnswer(command_id=command_id, **given)], actor=hq_actor(), at=NOON
    )


def state(command_id: UUID) -> str:
    return Command.objects.get(id=command_id).state


def test_needs_two_other_people_one_of_them_from_above(warrant: Warrant) -> None:
    of = vehicle()
    asker = org_make.actor(of.org, "telematics.*")
    command_id = ask(of, actor=asker).command_id
    near, above = approvers(of)
    with pytest.raises(services.ApproverNotIndependent):
        services.approve_command(command_id=command_id, actor=asker, at=NOON)
    assert services.approve_command(command_id=command_id, actor=near, at=NOON).queued is False
    for wrong in (near, asker, org_make.actor(of.org, "telematics.*")):
        with pytest.raises(services.ApproverNotIndependent):
            services.approve_command(command_id=command_id, actor=wrong, at=NOON)
    assert hand_over(NOON).orders == ()
    assert services.approve_command(command_id=command_id, actor=above, at=NOON).queued is True
    with pytest.raises(IntegrityError), transaction.atomic():
        Command.objects.filter(id=command_id).update(second_by_id=near.id)


def test_leaves_once_the_vehicle_has_stood_and_is_in_force_when_shown(warrant: Warrant) -> None:
    of = vehicle()
    command_id = approved(of)
    fact = stand(of, 10)
    (order,) = fact.orders
    assert order.command_id == command_id
    assert fact.at == NOON + timedelta(minutes=3)
    command = Command.objects.get(id=command_id)
    assert {check["code"] for check in command.snapshot} == {
        "FRAME_FRESH", "SPEED_ZERO", "STOOD_LONG_ENOUGH", "DEBT_OPEN",
    }  # fmt: skip
    assert warrant.asked[-1] == fact.at
    answer(command_id)
    assert state(command_id) == "CONFIRMED"
    assert Restriction.objects.get(vehicle=of, until=None).kind == "SPEED_LIMIT"
    steps = CommandEvent.objects.filter(command_id=command_id).order_by("id")
    assert [step.what for step in steps] == [
        "REQUESTED", "APPROVED", "APPROVED", "SENT", "ANSWERED",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("said", "unmet"),
    [
        ({"speed": 52}, "SPEED_ZERO"),
        ({"soc": 19}, "SOC_ENOUGH"),
        ({}, "STOOD_LONG_ENOUGH"),
    ],
)
def test_inhibits_only_a_parked_vehicle_with_charge(
    warrant: Warrant, said: dict[str, int], unmet: str
) -> None:
    of = vehicle()
    command_id = approved(of, kind="START_INHIBIT", limit_kmh=None)
    assert stand(of, 14, **said).orders == ()
    assert state(command_id) == "QUEUED"
    assert unmet in Command.objects.get(id=command_id).waits_for


def test_begins_anew_when_the_odometer_moved_between_two_looks(warrant: Warrant) -> None:
    of = vehicle()
    approved(of)
    stand(of, 2)
    says(of, NOON + timedelta(minutes=3), odometer=100_001)
    assert hand_over(NOON + timedelta(minutes=3)).orders == ()


@pytest.mark.plain
def test_takes_no_old_frame_and_none_from_the_future() -> None:
    bounds = Bounds(standstill_minutes=3, soc_pct=None)

    def fresh(received: int, device: int) -> bool:
        seen = Seen(
            received_at=NOON - timedelta(seconds=received),
            motion_at=NOON - timedelta(seconds=device),
            speed_tenths=0,
            odometer_tenths=1,
            soc_pct=50,
        )
        long_ago = NOON - timedelta(hours=1)
        return interlocks.checks(seen, bounds, since=long_ago, at=NOON)[0].holds

    assert fresh(60, 60)
    assert not fresh(61, 10)
    assert not fresh(10, 61)
    assert not fresh(1, -600)
    assert not interlocks.checks(interlocks.NOTHING, bounds, since=None, at=NOON)[0].holds


def test_is_cancelled_when_its_warrant_ends(warrant: Warrant) -> None:
    of = vehicle()
    command_id = approved(of)
    stand(of, 2)
    warrant.yes = False
    says(of, NOON + timedelta(minutes=4))
    fact = hand_over(NOON + timedelta(minutes=4))
    assert (fact.orders, fact.cancelled, state(command_id)) == ((), 1, "CANCELLED")


def test_no_answer_of_a_guard_is_no(warrant: Warrant) -> None:
    of = vehicle()
    with pytest.raises(guards.GuardRefused) as refused:
        ask(of, guard="leasing.nobody_lists_this")
    assert [check.code for check in refused.value.checks] == ["NO_ANSWER"]
    warrant.yes = False
    with pytest.raises(guards.GuardRefused):
        ask(of)


def test_lives_two_hours_at_most(warrant: Warrant) -> None:
    of = vehicle()
    command_id = approved(of)
    late = NOON + timedelta(hours=2)
    says(of, late)
    assert hand_over(late).orders == ()
    services.expire_commands(actor=hq_actor(), at=late)
    assert state(command_id) == "EXPIRED"
    with pytest.raises(IntegrityError), transaction.atomic():
        Command.objects.filter(id=command_id).update(expires_at=late + timedelta(seconds=1))


def test_keeps_the_floor_one_open_order_and_a_proven_dialect(warrant: Warrant) -> None:
    of = vehicle()
    with pytest.raises(services.BelowFloor):
        ask(of, limit_kmh=29)
    ask(of)
    with pytest.raises(services.OpenCommandExists):
        ask(of, kind="START_INHIBIT", limit_kmh=None)
    with pytest.raises(services.NoAdapter):
        ask(make.connected())


def test_an_accepted_order_without_effect_has_failed(warrant: Warrant) -> None:
    of = vehicle()
    command_id = approved(of)
    sent_at = stand(of, 5).at
    answer(command_id, state="")
    assert state(command_id) == "ACKNOWLEDGED"
    services.expire_commands(actor=hq_actor(), at=sent_at + timedelta(seconds=120))
    assert state(command_id) == "FAILED"
    assert Command.objects.get(id=command_id).end_reason == "EFFECT_NOT_SEEN"


def test_a_veto_on_the_line_sends_it_back_to_the_queue(warrant: Warrant) -> None:
    of = vehicle()
    command_id = approved(of)
    stand(of, 5)
    answer(command_id, outcome="VETOED")
    assert state(command_id) == "QUEUED"


def test_release_needs_nobody_and_overtakes_what_is_queued(warrant: Warrant) -> None:
    of = vehicle()
    duty = org_make.actor(of.org, "telematics.emergency_release")
    with pytest.raises(services.NothingInForce):
        services.emergency_release(vehicle_id=of.id, actor=duty, at=NOON)
    limited = approved(of)
    stand(of, 5)
    answer(limited)
    queued = approved(of, kind="START_INHIBIT", limit_kmh=None)
    says(of, NOON, speed=600)
    release = services.emergency_release(vehicle_id=of.id, actor=duty, at=NOON)
    assert state(queued) == "CANCELLED"
    assert [order.kind for order in hand_over(NOON).orders] == ["RELEASE"]
    answer(release.command_id, state="RELEASE")
    assert not Restriction.objects.filter(vehicle=of, until=None).exists()
    with pytest.raises(IllegalMove):
        services.cancel_command(command_id=limited, reason="x", actor=hq_actor(), at=NOON)


def test_waits_for_a_line(warrant: Warrant) -> None:
    of = vehicle()
    command_id = approved(of)
    ended = EndedSession(
        device_id=make.device_of(of), epoch=1, closed_at=NOON, reason="LOGGED_OUT", frames=1
    )
    services.close_sessions(sessions=[ended], actor=hq_actor(), at=NOON)
    assert stand(of, 5).orders == ()
    assert "NO_LINE" in Command.objects.get(id=command_id).waits_for
