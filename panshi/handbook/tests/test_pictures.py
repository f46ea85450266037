"""One picture serves both: those of a vehicle's inspection prove the procedure's steps as well."""

from datetime import timedelta
from uuid import UUID

import pytest

from panshi.fleet import services as fleet
from panshi.fleet.events import InspectionPhotoKept
from panshi.fleet.models import Vehicle
from panshi.fleet.tests import make as fleet_make
from panshi.handbook import queries, services
from panshi.handbook.models import Deviation, Evidence, Run, RunStep, StepState
from panshi.handbook.rules import differences, reading
from panshi.handbook.rules.procedure import ContentFault
from panshi.handbook.services.evidence import EvidenceMissing
from panshi.handbook.services.steps import StepAwaitsFact
from panshi.handbook.tests import make
from panshi.kit import relay
from panshi.kit.ids import uuid7
from panshi.kit.tenancy import Actor, hq_actor
from panshi.leasing.events import ReturnArrived
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make

pytestmark = pytest.mark.usefixtures("in_force")

AT = make.NOON
SOON = AT + timedelta(minutes=5)
VIEWS = ("FRONT", "LEFT", "REAR", "RIGHT", "CARGO", "CABIN")


def jpeg(name: str) -> bytes:
    return b"\xff\xd8\xff\xe0 " + name.encode() + b" \xff\xd9"


def arrived() -> tuple[Run, Vehicle, Actor]:
    """A vehicle that came back, its procedure, and who inspects it."""
    make.edition()
    org = org_make.operator()
    vehicle = fleet_make.vehicle(org=org)
    return start(org, vehicle), vehicle, make.person(org, "YARD")


def start(org: OrgNode, vehicle: Vehicle) -> Run:
    fact = ReturnArrived(
        org_id=org.id, actor_id=UUID(int=0), at=AT, lease_id=uuid7(), vehicle_id=vehicle.id,
        number="ZL-1", customer_id=uuid7(), city="杭州", expected_on=None,
    )  # fmt: skip
    runs = make.start(fact)
    return next(r for r in runs if r.node.slug == "return-inspection")


def inspect(vehicle: Vehicle) -> UUID:
    boss = hq_actor(vehicle.org_id)
    begun = fleet.start_inspection(vehicle_id=vehicle.id, kind="IN", actor=boss, at=SOON)
    return begun.inspection_id


def picture(inspection_id: UUID, view: str, by: Actor, *, content: bytes = b"") -> UUID:
    kept = fleet.keep_inspection_photo(
        inspection_id=inspection_id, view=view, photo_name="a.jpg", photo=content or jpeg(view),
        actor=by, at=SOON,
    )  # fmt: skip
    return kept.file_id


def do(run: Run, step_id: str, value: str, by: Actor) -> object:
    return services.complete_step(
        run_id=run.id, step_id=step_id, value=value, actor=by, at=SOON, confirm=True
    )


def proofs(run: Run) -> list[tuple[int, UUID | None]]:
    rows = Evidence.objects.filter(run=run, step_id="round").order_by("iteration", "id")
    return [(row.iteration, row.file_id) for row in rows]


def begin(run: Run, vehicle: Vehicle, by: Actor) -> None:
    for step_id, value in (
        ("identity", vehicle.plate),
        ("present", "本人在场"),
        ("belongings", "yes"),
    ):
        do(run, step_id, value, by)


def test_a_picture_of_the_inspection_proves_the_step_once_however_often_told() -> None:
    run, vehicle, by = arrived()
    begin(run, vehicle, by)
    inspection = inspect(vehicle)

    with pytest.raises(StepAwaitsFact):
        do(run, "odometer", "9000", by)
    kept = [picture(inspection, view, by) for view in VIEWS]
    relay.drain()
    told = InspectionPhotoKept(
        org_id=run.org_id, actor_id=by.id, at=SOON, inspection_id=inspection, view="LEFT",
        file_id=kept[1], vehicle_id=vehicle.id, kind="RETURN",
    )  # fmt: skip
    services.hear_facts(facts=(told, told), actor=hq_actor(run.org_id), at=SOON)

    assert proofs(run) == list(enumerate(kept))
    rows = RunStep.objects.filter(run=run, step_id="round")
    assert {(r.state, r.person_id, r.was_offline) for r in rows} == {(StepState.DONE, by.id, False)}
    assert [r.value for r in rows.order_by("iteration")] == [[str(file)] for file in kept]
    do(run, "odometer", "9000", by)


def test_pictures_taken_before_anybody_took_the_run_count_when_it_is_taken() -> None:
    run, vehicle, by = arrived()
    inspection = inspect(vehicle)
    kept = [picture(inspection, view, by) for view in VIEWS[:2]]
    Run.objects.filter(id=run.id).update(listens=[])
    relay.drain()
    assert proofs(run) == []

    services.take_run(run_id=run.id, actor=by, at=SOON)

    assert proofs(run) == list(enumerate(kept))


def test_a_later_picture_takes_the_place_of_the_first_which_is_kept() -> None:
    run, vehicle, by = arrived()
    inspection = inspect(vehicle)
    first = picture(inspection, "LEFT", by)
    relay.drain()
    second = picture(inspection, "LEFT", by, content=jpeg("sharper"))
    relay.drain()

    assert proofs(run) == [(1, first), (1, second)]
    old, new = Evidence.objects.filter(run=run).order_by("id")
    assert (new.supersedes_id, old.supersedes_id) == (old.id, None)
    assert RunStep.objects.get(run=run, step_id="round", iteration=1).value == [str(second)]


def test_what_a_lead_sent_back_wants_a_picture_of_its_own() -> None:
    run, vehicle, by = arrived()
    begin(run, vehicle, by)
    picture(inspect(vehicle), "FRONT", by)
    relay.drain()

    def views() -> list[str]:
        card = queries.run_card(run_id=run.id, actor=by, at=SOON)
        return [step.view for step in card.steps if step.step_id == "round"]

    assert views() == list(VIEWS)
    services.send_back_step(
        run_id=run.id, step_id="round", reason="糊了", actor=hq_actor(run.org_id), at=SOON
    )
    assert views() == ["", *VIEWS[1:]]
    with pytest.raises(EvidenceMissing):
        do(run, "round", "", by)
    assert len(proofs(run)) == 1


def test_a_picture_of_another_vehicle_is_in_doubt() -> None:
    run, vehicle, by = arrived()
    org = OrgNode.objects.get(id=run.org_id)
    other = fleet_make.vehicle(org=org)
    beside = start(org, other)
    picture(inspect(vehicle), "FRONT", by, content=jpeg("the same"))
    relay.drain()
    picture(inspect(other), "FRONT", by, content=jpeg("the same"))
    relay.drain()

    assert Evidence.objects.get(run=run).valid
    assert not Evidence.objects.get(run=beside).valid
    assert Deviation.objects.get(run=beside).kind == "EVIDENCE_INVALID"


PROOF: dict[str, object] = {
    "kind": "photo", "event": "fleet.InspectionPhotoKept",
    "match": {"vehicle_id": "$fact.vehicle_id", "kind": "RETURN"}, "views": ["FRONT", "REAR"],
}  # fmt: skip


def sop(proof: dict[str, object]) -> dict[str, object]:
    turns = {"repeat_for": ["前", "后"], "evidence": proof}
    return {
        "schema": "sop/1", "trigger": {"kind": "event", "event": "leasing.ReturnArrived"},
        "subject": {"type": "fleet.vehicle", "id": "$fact.vehicle_id"}, "owner": {"role": "qc"},
        "sla": {"take": "1h", "within": "1d"},
        "steps": [{"id": "round", "zh": "环拍", "required": True, **turns}],
    }  # fmt: skip


@pytest.mark.parametrize(
    "evidence",
    [
        {"views": ["FRONT"]},
        {"views": []},
        {"event": "leasing.ReturnArrived"},
        {"min": 2},
    ],
)
def test_a_step_names_one_view_for_each_turn(evidence: dict[str, object]) -> None:
    right = reading.procedure_of(sop(PROOF))
    (step,) = right.steps
    assert right.views
    assert step.evidence is not None
    assert "FRONT / REAR" in differences._evidence(step.evidence)
    with pytest.raises(ContentFault):
        reading.procedure_of(sop(PROOF | evidence))
