"""Pictures of a vehicle's inspection that count in a procedure too: one picture, one file."""

from datetime import datetime
from uuid import UUID, uuid5

from django.utils.translation import gettext as _

from panshi.fleet import queries as fleet
from panshi.fleet.queries import InspectionPicture
from panshi.handbook.models import DeviationKind, Evidence, Run, RunStep, StepState
from panshi.handbook.rules import conditions
from panshi.handbook.rules.conditions import World
from panshi.handbook.rules.flow import Item, Progress, Standing
from panshi.handbook.rules.procedure import Listening
from panshi.handbook.services.closing import record_deviation
from panshi.handbook.services.common import SKEW
from panshi.handbook.services.evidence import pieces
from panshi.kit.tenancy import Actor, system_actor


def adopt_pictures(run: Run, found: Progress, actor: Actor, at: datetime) -> bool:
    """Prove the steps whose picture was taken at the vehicle's inspection; whether any was.

    A later picture of the same view takes the place of the one adopted before. What a lead sent
    back is not adopted again, and a picture that was taken for the step itself stands.
    """
    adopted, step_id, pictures = False, "", dict[str, InspectionPicture]()
    for item in found.items:
        wanted = item.step.evidence
        if wanted is None or wanted.fact is None or not wanted.views:
            continue
        if item.step.id != step_id:
            step_id, pictures = item.step.id, _pictures(run, wanted.fact, found.world)
        picture = pictures.get(wanted.views[item.iteration])
        if picture is None or item.standing in (Standing.NOT_APPLICABLE, Standing.SKIPPED):
            continue
        if _adopt(run, item, picture, actor, at):
            adopted = True
    return adopted


def _pictures(run: Run, told: Listening, world: World) -> dict[str, InspectionPicture]:
    """The pictures of the inspection that a step asks for, by their view."""
    match = conditions.resolve(dict(told.match), world)
    if not isinstance(match, dict) or not match.get("vehicle_id"):
        return {}
    found = fleet.inspection_pictures(
        vehicle_id=UUID(str(match["vehicle_id"])),
        kind=str(match["kind"]),
        since=run.started_at,
        actor=system_actor(run.org_id),
    )
    return {picture.view: picture for picture in found}


def _key(run: Run, item: Item, file_id: UUID) -> UUID:
    """One piece of evidence for a step and a file, however often it is told."""
    return uuid5(file_id, f"{run.id}/{item.step.id}/{item.iteration}")


def _adopt(run: Run, item: Item, picture: InspectionPicture, actor: Actor, at: datetime) -> bool:
    here = run.evidence.filter(step_id=item.step.id, iteration=item.iteration)
    if here.filter(file_id=picture.file_id).exists():
        return False
    before = next(iter(reversed(pieces(run, item.step.id, item.iteration))), None)
    if item.settled and not (
        before and before.file_id and before.client_id == _key(run, item, before.file_id)
    ):
        return False
    elsewhere = Evidence.objects.filter(org_id=run.org_id, sha256=picture.sha256).exclude(run=run)
    doubt = ""
    if elsewhere.exclude(file_id=picture.file_id).exists():
        doubt = _("The same file was used on another run.")
    Evidence.objects.create(
        org_id=run.org_id,
        run=run,
        step_id=item.step.id,
        iteration=item.iteration,
        round=run.round,
        kind="photo",
        file_id=picture.file_id,
        sha256=picture.sha256,
        captured_at=picture.taken_at,
        person_id=picture.person_id,
        client_id=_key(run, item, picture.file_id),
        supersedes=before,
        valid=not doubt,
        words=doubt,
    )
    RunStep.objects.filter(
        run=run, step_id=item.step.id, iteration=item.iteration, superseded=False
    ).update(
        state=StepState.DONE,
        value=[str(picture.file_id)],
        flagged=bool(doubt),
        person_id=picture.person_id,
        device_at=picture.taken_at,
        server_at=at,
        was_offline=at - picture.taken_at > SKEW,
    )
    if doubt:
        record_deviation(
            run_id=run.id,
            kind=DeviationKind.EVIDENCE_INVALID,
            words=doubt,
            step_id=item.step.id,
            actor=actor,
            at=at,
        )
    return True
