"""The pictures of a job."""

from dataclasses import dataclass
from uuid import UUID

from panshi.kit import files
from panshi.kit.tenancy import Actor, acting
from panshi.service.models import Photo


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoFile:
    media_type: str
    content: bytes


def photo_file(*, photo_id: UUID, actor: Actor) -> PhotoFile:
    """The bytes of a photo or signature; raises Photo.DoesNotExist."""
    with acting(actor):
        stored = Photo.objects.visible_to(actor).select_related("file").get(id=photo_id).file
    return PhotoFile(media_type=stored.media_type, content=files.read(stored))
