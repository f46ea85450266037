"""Files and evidence: stored by content, checked by size and by what the bytes really are."""

import hashlib
import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import Final
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext as _

from panshi.kit.ids import uuid7
from panshi.kit.models import StoredFile as StoredFile
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor

MAX_BYTES: Final = 15 * 1024 * 1024
_FREE_BYTES: Final = 64 * 1024 * 1024
_MAGIC: Final = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"%PDF-", "application/pdf"),
    (b"PK\x03\x04", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    (b"\x00\x00\x00\x18ftyp", "video/mp4"),
    (b"\x00\x00\x00\x20ftyp", "video/mp4"),
)


# The moment that a camera writes into the head of a JPEG, as text: 2027:05:20 11:08:00.
_TAKEN: Final = re.compile(rb"(\d{4}):\d\d:\d\d \d\d:\d\d:\d\d\x00")
_HEAD: Final = 64 * 1024
_FIRST_YEAR: Final = 2015


class FileTooLarge(Refusal):
    pass


class FileNotAccepted(Refusal):
    pass


class CameraClockWrong(Refusal):
    pass


class DiskFull(Refusal):
    pass


def media_type(content: bytes) -> str:
    """Tell the type from the bytes, or raise FileNotAccepted."""
    for magic, kind in _MAGIC:
        if content.startswith(magic):
            return kind
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    raise FileNotAccepted(
        _("This kind of file is not accepted. Send a JPEG, PNG, WebP, PDF, MP4 or xlsx file.")
    )


def must_tell_the_time(content: bytes) -> None:
    """Refuse evidence whose camera did not know the day: a clock that starts at 1970 or 2000.

    A picture without a date, as a phone redraws it, is taken. Raises CameraClockWrong.
    """
    head = content[:_HEAD]
    if not (head.startswith(b"\xff\xd8\xff\xe1") and b"Exif\x00\x00" in head):
        return
    wrong = [int(year) for year in _TAKEN.findall(head) if 0 < int(year) < _FIRST_YEAR]
    if wrong:
        words = _("This picture is of %(year)s by its camera. Set its clock and take it again.")
        raise CameraClockWrong(words % {"year": min(wrong)})


def path_of(sha256: str) -> Path:
    folder: Path = settings.HOME.files
    return folder / sha256[:2] / sha256


def _write(content: bytes, sha256: str) -> None:
    target = path_of(sha256)
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(target.parent).free < _FREE_BYTES + len(content):
        raise DiskFull(_("The disk is full. Nothing was stored; tell the administrator."))
    with tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as draft:
        draft.write(content)
        draft.flush()
        os.fsync(draft.fileno())
    Path(draft.name).rename(target)


def store(
    *,
    content: bytes,
    name: str,
    org_id: int,
    actor: Actor,
    customer_id: UUID | None = None,
    file_id: UUID | None = None,
) -> StoredFile:
    """Keep the bytes under their SHA-256 and note whose they are; called inside a verb.

    `file_id` is a new one that a phone without network has made and already named elsewhere.
    Raises FileTooLarge, FileNotAccepted or DiskFull; then nothing is stored.
    """
    if len(content) > MAX_BYTES:
        raise FileTooLarge(
            _("The file is larger than %(limit)d MB.") % {"limit": MAX_BYTES // 1024**2}
        )
    kind = media_type(content)
    if file_id is not None and StoredFile.objects.filter(id=file_id).exists():
        raise FileNotAccepted(_("A file is kept under this number already."))
    sha256 = hashlib.sha256(content).hexdigest()
    _write(content, sha256)
    return StoredFile.objects.create(
        id=file_id or uuid7(),
        org_id=org_id,
        sha256=sha256,
        name=Path(name).name[:200] or "file",
        media_type=kind,
        size=len(content),
        customer_id=customer_id or actor.customer_id,
        by_id=actor.id,
    )


def read(stored: StoredFile) -> bytes:
    """Return the bytes; raises FileNotFoundError, or ValueError when they no longer match."""
    content = path_of(stored.sha256).read_bytes()
    if hashlib.sha256(content).hexdigest() != stored.sha256:
        raise ValueError(f"file {stored.sha256} was changed on disk")
    return content
