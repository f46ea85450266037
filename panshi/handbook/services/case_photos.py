"""Verbs on the pictures of a case: a hand-picked copy, plates and faces covered for good."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from django.utils.translation import gettext as _

from panshi.handbook.events import CasePhotoKept, CasePhotoTaken
from panshi.handbook.models import Case, CasePhoto, CaseState
from panshi.handbook.queries.case_photos import picture_of, pictures_of
from panshi.kit import files, pictures
from panshi.kit.pictures import Box
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb

MOST: Final = 6
MOST_BOXES: Final = 40


class PhotoUnfit(Refusal):
    """The picture is not of this record, cannot be drawn anew, or the boxes lie outside it."""


class CaseIsFixed(Refusal):
    pass


def _open(case_id: UUID, actor: Actor) -> Case:
    case = Case.objects.visible_to(actor).select_for_update(of=("self",)).get(id=case_id)
    actor.must("handbook.redact_case", case.org_id)
    if case.state not in (CaseState.PROPOSED, CaseState.REDACTED):
        raise CaseIsFixed(_("This case is approved; its pictures stay as they are."))
    return case


def _within(box: Box) -> bool:
    x, y, width, height = box
    return min(x, y) >= 0 and min(width, height) > 0 and x + width <= 1.001 and y + height <= 1.001


@verb
def keep_case_photo(
    *,
    case_id: UUID,
    source_id: UUID,
    boxes: Sequence[Box],
    actor: Actor,
    at: datetime,
    nothing_to_cover: bool = False,
) -> CasePhotoKept:
    """Make a copy of a picture of the record, black where the boxes lie, and show it in the case.

    Boxes are left, top, width, height as shares of the picture. Without any a person says that
    there is nothing to cover. A picture covered anew takes the place of its older copy. Raises
    PhotoUnfit, CaseIsFixed.
    """
    case = _open(case_id, actor)
    if source_id not in pictures_of(case, actor):
        raise PhotoUnfit(_("This picture does not belong to the record."))
    if not boxes and not nothing_to_cover:
        raise PhotoUnfit(_("Cover plates and faces, or say that there is nothing to cover."))
    if len(boxes) > MOST_BOXES or not all(map(_within, boxes)):
        raise PhotoUnfit(_("What is to be covered lies outside the picture."))
    others = case.photos.exclude(source_id=source_id)
    if others.count() >= MOST:
        raise PhotoUnfit(_("A case shows at most %d pictures.") % MOST)
    found = picture_of(case, source_id, actor)
    try:
        copy = pictures.covered(found.content, found.media_type, boxes)
    except pictures.NoPicture as fault:
        raise PhotoUnfit(_("This file cannot be read as a picture.")) from fault
    stored = files.store(content=copy, name="case.png", org_id=case.org_id, actor=actor)
    case.photos.filter(source_id=source_id).delete()
    photo = CasePhoto.objects.create(
        org_id=case.org_id,
        case=case,
        source_id=source_id,
        file=stored,
        boxes=[list(box) for box in boxes],
        picked_by_id=actor.id,
        at=at,
    )
    return CasePhotoKept(
        org_id=case.org_id,
        actor_id=actor.id,
        at=at,
        case_id=case.id,
        photo_id=photo.id,
        covered=len(boxes),
    )


@verb
def take_case_photo(*, photo_id: UUID, actor: Actor, at: datetime) -> CasePhotoTaken:
    """Take a copy out of a case that is not approved yet. Raises CaseIsFixed."""
    photo = CasePhoto.objects.visible_to(actor).get(id=photo_id)
    case = _open(photo.case_id, actor)
    photo.delete()
    return CasePhotoTaken(
        org_id=case.org_id, actor_id=actor.id, at=at, case_id=case.id, photo_id=photo_id
    )
