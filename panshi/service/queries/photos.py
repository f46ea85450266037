"""The pictures of a job."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from panshi.kit import files
from panshi.kit.tenancy import Actor, acting
from panshi.kit.verbs import question
from panshi.service.models import Photo


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoFile:
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class JobPhoto:
    """A picture of a job as it came in."""

    id: UUID
    order_id: UUID
    number: str
    city: str
    vehicle_id: UUID
    purpose: str
    step: str
    by_id: UUID
    at: datetime


@question
def latest_photos(*, actor: Actor, city: str = "", limit: int = 24) -> list[JobPhoto]:
    """The pictures of jobs that came in last, the newest first; signatures are none."""
    photos = Photo.objects.visible_to(actor).exclude(purpose="SIGNATURE")
    if city:
        photos = photos.filter(order__city=city)
    # Ids begin with the time, so no other index is needed.
    return [
        JobPhoto(
            id=p.id,
            order_id=p.order_id,
            number=p.order.number,
            city=p.order.city,
            vehicle_id=p.order.vehicle_id,
            purpose=p.get_purpose_display(),
            step=p.step,
            by_id=p.by_id,
            at=p.taken_at,
        )
        for p in photos.select_related("order").order_by("-id")[:limit]
    ]


def photo_file(*, photo_id: UUID, actor: Actor) -> PhotoFile:
    """The bytes of a photo or signature; raises Photo.DoesNotExist."""
    with acting(actor):
        stored = Photo.objects.visible_to(actor).select_related("file").get(id=photo_id).file
    return PhotoFile(media_type=stored.media_type, content=files.read(stored))
