"""Questions about one paper: its scan, its versions, who verified it and who looked at it."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from panshi.fleet.models import Document, DocumentKind, DocumentView
from panshi.kit import files
from panshi.kit.clock import local_day
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question

_VIEWS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class FiledRow:
    """A version of a paper."""

    id: UUID
    kind: DocumentKind
    version: int
    expires_on: date
    filed_by_id: UUID
    filed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewRow:
    """Somebody opened a scan; `version` is whose."""

    viewer_id: UUID
    version: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperCard:
    """The record of a paper: one version, all versions newest first, the last views of any."""

    paper: FiledRow
    vehicle_id: UUID
    plate: str
    number: str
    issued_on: date | None
    days_left: int
    current: bool
    sha256: str
    has_scan: bool
    verified_by_id: UUID | None
    verified_at: datetime | None
    versions: tuple[FiledRow, ...]
    views: tuple[ViewRow, ...]


def filed_row(document: Document) -> FiledRow:
    return FiledRow(
        id=document.id,
        kind=DocumentKind(document.kind),
        version=document.version,
        expires_on=document.expires_on,
        filed_by_id=document.filed_by_id,
        filed_at=document.filed_at,
    )


def paper_scan(*, document_id: UUID, actor: Actor) -> Scan:
    """The scan of a paper. Raises Document.DoesNotExist when there is none to be seen."""
    document = (
        Document.objects.visible_to(actor)
        .select_related("file")
        .get(id=document_id, file__isnull=False)
    )
    if document.file is None:
        raise Document.DoesNotExist
    return Scan(
        name=document.file.name,
        media_type=document.file.media_type,
        content=files.read(document.file),
    )


@question
def paper_card(*, document_id: UUID, actor: Actor, at: datetime) -> PaperCard:
    """One version of a paper with all others of its kind and the last fifty views of any."""
    document = Document.objects.visible_to(actor).select_related("vehicle").get(id=document_id)
    versions = list(
        Document.objects.filter(vehicle_id=document.vehicle_id, kind=document.kind).order_by(
            "-version"
        )
    )
    number_of = {version.id: version.version for version in versions}
    views = DocumentView.objects.filter(document__in=versions).order_by("-at", "-id")[:_VIEWS]
    return PaperCard(
        paper=filed_row(document),
        vehicle_id=document.vehicle_id,
        plate=document.vehicle.plate or document.vehicle.vin,
        number=document.number,
        issued_on=document.issued_on,
        days_left=(document.expires_on - local_day(at)).days,
        current=document.current,
        sha256=document.sha256,
        has_scan=document.file_id is not None,
        verified_by_id=document.verified_by_id,
        verified_at=document.verified_at,
        versions=tuple(filed_row(version) for version in versions),
        views=tuple(
            ViewRow(viewer_id=view.viewer_id, version=number_of[view.document_id], at=view.at)
            for view in views
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperCost:
    """What a filed paper cost, in CNY, tax included, and the days that it is good for."""

    document_id: UUID
    org_id: int
    vehicle_id: UUID
    kind: DocumentKind
    number: str
    cost: Decimal
    filed_at: datetime
    issued_on: date | None = None
    expires_on: date | None = None


@question
def paper_costs(*, document_ids: tuple[UUID, ...], actor: Actor) -> list[PaperCost]:
    """The papers among these that say what they cost."""
    found = Document.objects.visible_to(actor).filter(id__in=document_ids, cost__isnull=False)
    return [
        PaperCost(
            document_id=row.id,
            org_id=row.org_id,
            vehicle_id=row.vehicle_id,
            kind=DocumentKind(row.kind),
            number=row.number,
            cost=row.cost,
            filed_at=row.filed_at,
            issued_on=row.issued_on,
            expires_on=row.expires_on,
        )
        for row in found.order_by("id")
        if row.cost is not None
    ]
