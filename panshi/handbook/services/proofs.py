"""The verb that adds a picture, a file or a value to a step."""

import hashlib
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _
from pydantic import Base64Bytes

from panshi.handbook.events import EvidenceAttached
from panshi.handbook.models import OPEN_STATES, DeviationKind, Evidence, Run
from panshi.handbook.rules.places import NEAR_M
from panshi.handbook.services import engine
from panshi.handbook.services.closing import locked, record_deviation
from panshi.handbook.services.evidence import is_afar
from panshi.handbook.services.steps import RunOver, StepNotReached, must_hold
from panshi.kit import files
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb
from panshi.optimiser.match import Place


@verb
def attach_evidence(
    *,
    run_id: UUID,
    step_id: str,
    kind: str,
    actor: Actor,
    at: datetime,
    iteration: int = 0,
    content: Base64Bytes = b"",
    file_name: str = "",
    value: str = "",
    captured_at: datetime | None = None,
    lon: float | None = None,
    lat: float | None = None,
    client_id: UUID | None = None,
    supersedes_id: UUID | None = None,
) -> EvidenceAttached:
    """Add a picture, file or value to a step; the same client id is kept once.

    A file that was seen on another run, or taken far from the job, is kept and counts as invalid.
    Raises NotYourStep,
    RunOver, FileTooLarge, FileNotAccepted.
    """
    run = locked(run_id, actor)
    actor.must("handbook.attach_evidence", run.org_id)
    step = engine.procedure_of(run).step(step_id)
    if step is None:
        raise StepNotReached(_("This step does not apply to this run."))
    must_hold(run, step.role or run.owner_role, actor)
    known = Evidence.objects.filter(client_id=client_id).first() if client_id else None
    if known is None:
        if run.state not in OPEN_STATES:
            raise RunOver(_("The run is over."))
        known = _attach(
            run, step_id, iteration, kind, content, file_name, value, captured_at or at, lon, lat,
            client_id, supersedes_id, actor, at,
        )  # fmt: skip
    return EvidenceAttached(
        org_id=run.org_id,
        actor_id=actor.id,
        at=at,
        run_id=run.id,
        evidence_id=known.id,
        step_id=step_id,
        iteration=iteration,
        valid=known.valid,
    )


def _attach(
    run: Run, step_id: str, iteration: int, kind: str, content: bytes, file_name: str, value: str,
    captured_at: datetime, lon: float | None, lat: float | None, client_id: UUID | None,
    supersedes_id: UUID | None, actor: Actor, at: datetime,
) -> Evidence:  # fmt: skip
    stored = (
        files.store(content=content, name=file_name, org_id=run.org_id, actor=actor)
        if content
        else None
    )
    sha256 = stored.sha256 if stored else hashlib.sha256(value.encode()).hexdigest()
    seen = stored is not None and (
        Evidence.objects.filter(org_id=run.org_id, sha256=sha256).exclude(run=run).exists()
    )
    taken = Place(lon, lat) if lon is not None and lat is not None else None
    doubt = ""
    if seen:
        doubt = _("The same file was used on another run.")
    elif is_afar(run, taken, NEAR_M):
        doubt = _("It was taken more than %d m from the place of the job.") % NEAR_M
    row = Evidence.objects.create(
        org_id=run.org_id,
        run=run,
        step_id=step_id,
        iteration=iteration,
        round=run.round,
        kind=kind,
        value=value,
        file_id=stored.id if stored else None,
        sha256=sha256,
        captured_at=captured_at,
        lon=lon,
        lat=lat,
        person_id=actor.id,
        client_id=client_id,
        supersedes_id=supersedes_id,
        valid=not doubt,
        words=doubt,
    )
    if doubt:
        record_deviation(
            run_id=run.id,
            kind=DeviationKind.EVIDENCE_INVALID,
            words=row.words,
            step_id=step_id,
            actor=actor,
            at=at,
        )
    return row
