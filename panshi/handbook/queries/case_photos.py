"""Questions about the pictures of a case: those of its record, and the covered copies."""

from dataclasses import dataclass
from uuid import UUID

from panshi.handbook.models import Case, CasePhoto, CaseSource, Evidence
from panshi.handbook.queries.runs import EvidenceFile, evidence_file
from panshi.kit import files
from panshi.kit.tenancy import Actor, acting
from panshi.kit.verbs import question
from panshi.service import queries as service

SIGNATURE = "SIGNATURE"


@dataclass(frozen=True, slots=True, kw_only=True)
class CasePhotoRow:
    """A covered copy: how many places are covered, and who picked it."""

    id: UUID
    source_id: UUID
    covered: int
    picked_by_id: UUID


def pictures_of(case: Case, actor: Actor) -> tuple[UUID, ...]:
    """The pictures of the record behind a case, oldest first; signatures are none."""
    if case.source_kind == CaseSource.JOB:
        card = service.work_order_card(work_order_id=case.source_id, actor=actor)
        return tuple(photo.id for photo in card.photos if photo.purpose != SIGNATURE)
    if case.run_id is None:
        return ()
    pieces = Evidence.objects.filter(run_id=case.run_id, kind="photo", file_id__isnull=False)
    return tuple(p.file_id for p in pieces.order_by("captured_at", "id") if p.file_id)


def picture_of(case: Case, source_id: UUID, actor: Actor) -> EvidenceFile:
    """One of these pictures as it was taken; raises what the record's room raises for none."""
    if case.source_kind == CaseSource.JOB:
        found = service.photo_file(photo_id=source_id, actor=actor)
        return EvidenceFile(name="", media_type=found.media_type, content=found.content)
    return evidence_file(file_id=source_id, actor=actor)


@question
def case_pictures(*, case_id: UUID, actor: Actor) -> tuple[UUID, ...]:
    """What a person who words this case may pick from; empty once it is approved."""
    case = Case.objects.visible_to(actor).get(id=case_id)
    may = actor.may("handbook.redact_case") and case.state in ("PROPOSED", "REDACTED")
    return pictures_of(case, actor) if may else ()


@question
def case_photos(*, case_id: UUID, actor: Actor) -> tuple[CasePhotoRow, ...]:
    """The covered copies that a case shows, in the order in which they were picked."""
    rows = CasePhoto.objects.visible_to(actor).filter(case_id=case_id).order_by("at", "id")
    return tuple(
        CasePhotoRow(
            id=row.id,
            source_id=row.source_id,
            covered=len(row.boxes),
            picked_by_id=row.picked_by_id,
        )
        for row in rows
    )


def case_picture(*, case_id: UUID, source_id: UUID, actor: Actor) -> EvidenceFile:
    """A picture of the record, for who words the case. Raises Case.DoesNotExist for none."""
    with acting(actor):
        case = Case.objects.visible_to(actor).get(id=case_id)
        if not actor.may("handbook.redact_case") or source_id not in pictures_of(case, actor):
            raise Case.DoesNotExist(f"no picture {source_id}")
    return picture_of(case, source_id, actor)


def case_photo_file(*, photo_id: UUID, actor: Actor) -> EvidenceFile:
    """A covered copy: of a published case for all who may see it, else for who words it."""
    with acting(actor):
        photos = CasePhoto.objects.visible_to(actor).select_related("file", "case")
        if not actor.may("handbook.redact_case"):
            photos = photos.filter(case__state="PUBLISHED")
        stored = photos.get(id=photo_id).file
    return EvidenceFile(name=stored.name, media_type=stored.media_type, content=files.read(stored))
