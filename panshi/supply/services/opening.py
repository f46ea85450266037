"""Verbs by which an operator's stock of parts moves in from its spreadsheet."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _
from pydantic import Base64Bytes

from panshi.kit import imports
from panshi.kit.imports import Checked, Importer, Problem, RecordsInUse
from panshi.kit.tenancy import Actor, lineage
from panshi.kit.verbs import verb
from panshi.supply.events import (
    PartImportCommitted,
    PartImportStaged,
    PartImportUndone,
    StockLine,
)
from panshi.supply.models import (
    OUTSIDE,
    Item,
    Location,
    LocationKind,
    MovementReason,
    StockMovement,
)
from panshi.supply.services.places import NewItem, load_items
from panshi.supply.services.stock import InsufficientStock, move_stock, outside, receive_stock
from panshi.supply.services.worth import OPENING
from panshi.supply.sheet import KIND, SHEET, PartSheetRow

_Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class _Books:
    """What the rows are compared with: places and parts by name, openings that stand."""

    places: Mapping[str, Sequence[Location]]
    items: Mapping[str, Item]
    opened: Mapping[_Key, int]


def _books(rows: Sequence[PartSheetRow], org_id: int, actor: Actor) -> _Books:
    places: dict[str, list[Location]] = defaultdict(list)
    wanted = Location.objects.visible_to(actor).filter(
        org_id=org_id, name__in={row.place for row in rows}
    )
    for place in wanted.exclude(kind__in=OUTSIDE):
        places[place.name].append(place)
    nodes = lineage(org_id)
    found = list(Item.objects.filter(org_id__in=nodes, code__in={row.code for row in rows}))
    found.sort(key=lambda item: nodes.index(item.org_id), reverse=True)
    opened: Counter[_Key] = Counter()
    moved = StockMovement.objects.visible_to(actor).filter(org_id=org_id, document=OPENING)
    for movement in moved.select_related("item", "source", "target"):
        back = movement.target.kind in OUTSIDE
        place = movement.source if back else movement.target
        key = (place.name, movement.item.code, movement.lot)
        opened[key] += -movement.quantity if back else movement.quantity
    return _Books(places, {item.code: item for item in found}, opened)


def _problem(index: int, row: PartSheetRow, books: _Books) -> Problem | None:
    """What the books refuse of a row, if anything."""
    places = books.places.get(row.place, ())
    if not places:
        words = _("There is no such place; open it first, or mend the cell.")
        return Problem(index=index, key="place", reason=words)
    if len(places) > 1:
        words = _("Several places have this name; rename one of them first.")
        return Problem(index=index, key="place", reason=words)
    item = books.items.get(row.code)
    if item is not None and item.unit != row.unit:
        words = _("The catalogue counts this part by %(unit)s.") % {"unit": item.unit}
        return Problem(index=index, key="unit", reason=words)
    return None


def check(*, rows: Sequence[PartSheetRow], org_id: int, actor: Actor, at: datetime) -> Checked:
    """Compare rows with places, the catalogue, and what was opened before."""
    books = _books(rows, org_id, actor)
    problems: list[Problem] = []
    there: dict[int, str] = {}
    notes: dict[int, str] = {}
    seen: set[_Key] = set()
    described: dict[str, PartSheetRow] = {}
    for index, row in enumerate(rows):
        key = (row.place, row.code, row.lot)
        first = described.setdefault(row.code, row)
        if (problem := _problem(index, row, books)) is not None:
            problems.append(problem)
        elif key in seen:
            words = _("This part is in the file more than once for the same place and lot.")
            problems.append(Problem(index=index, key="code", reason=words))
        elif (first.name, first.unit) != (row.name, row.unit):
            words = _("This code stands for another part further up.")
            problems.append(Problem(index=index, key="code", reason=words))
        elif opened := books.opened.get(key, 0):
            words = _("The register says otherwise and is left as it is: %s.") % opened
            there[index] = "" if opened == row.quantity else words
        elif (item := books.items.get(row.code)) is not None and item.name_zh != row.name:
            notes[index] = _("In the catalogue this part is called %s.") % item.name_zh
        seen.add(key)
    return Checked(problems=problems, there=there, notes=notes)


def create(
    *, rows: Sequence[PartSheetRow], org_id: int, actor: Actor, at: datetime
) -> Sequence[UUID]:
    """Enter new parts and receive what lies in each place; answers the movements in order."""
    books = _books(rows, org_id, actor)
    new = {row.code: row for row in rows if row.code not in books.items}
    load_items(
        org_id=org_id,
        items=[
            NewItem(code=row.code, name_zh=row.name, name_en=row.name, unit=row.unit, spec=row.spec)
            for row in new.values()
        ],
        actor=actor,
        at=at,
    )
    by_place: dict[UUID, list[int]] = defaultdict(list)
    for index, row in enumerate(rows):
        by_place[books.places[row.place][0].id].append(index)
    ids: dict[int, UUID] = {}
    for place_id, indexes in by_place.items():
        indexes.sort(key=lambda index: (rows[index].code, rows[index].lot))
        fact = receive_stock(
            location_id=place_id,
            lines=[
                StockLine(
                    item_code=row.code,
                    quantity=row.quantity,
                    lot=row.lot,
                    unit_price=row.unit_price,
                )
                for row in (rows[index] for index in indexes)
            ],
            document=OPENING,
            actor=actor,
            at=at,
        )
        ids.update(zip(indexes, fact.movement_ids, strict=True))
    return [ids[index] for index in range(len(rows))]


def remove(*, record_ids: Sequence[UUID], actor: Actor, at: datetime) -> None:
    """Send what was opened back where it came from, by movements of its own.

    Raises RecordsInUse once less than that lies free in one of the places.
    """
    moved = StockMovement.objects.visible_to(actor).filter(id__in=list(record_ids))
    lines: dict[tuple[int, UUID], list[StockLine]] = defaultdict(list)
    for movement in moved.select_related("item").order_by("id"):
        lines[movement.org_id, movement.target_id].append(
            StockLine(
                item_code=movement.item.code,
                quantity=movement.quantity,
                lot=movement.lot,
                unit_price=movement.unit_price,
            )
        )
    for (org_id, place_id), given in lines.items():
        try:
            move_stock(
                source_id=place_id,
                target_id=outside(org_id, LocationKind.SUPPLIER).id,
                lines=given,
                reason=MovementReason.RETURN,
                document=OPENING,
                actor=actor,
                at=at,
            )
        except InsufficientStock as refusal:
            raise RecordsInUse(refusal.words) from refusal


PARTS = Importer(
    kind=KIND, sheet=SHEET, row=PartSheetRow, check=check, create=create, remove=remove
)


@verb
def stage_part_import(
    *, org_id: int, file_name: str, content: Base64Bytes, actor: Actor, at: datetime
) -> PartImportStaged:
    """Read and check a sheet of parts for preview; nothing else is touched.

    Raises sheets.SheetUnreadable or FileTooLarge.
    """
    actor.must("supply.stage_part_import", org_id)
    batch = imports.stage(
        PARTS, org_id=org_id, file_name=file_name, content=content, actor=actor, at=at
    )
    return PartImportStaged(**imports.staged(batch, actor, at))


@verb
def commit_part_import(*, batch_id: UUID, actor: Actor, at: datetime) -> PartImportCommitted:
    """Receive the new rows of a staged sheet as opening stock, all or none; once only.

    Raises imports.RowsInvalid or RowsSinceChanged.
    """
    org_id = imports.owner_of(PARTS, batch_id=batch_id, actor=actor)
    actor.must("supply.commit_part_import", org_id)
    batch = imports.commit(PARTS, batch_id=batch_id, actor=actor, at=at)
    return PartImportCommitted(**imports.committed(batch, actor, at))


@verb
def undo_part_import(*, batch_id: UUID, actor: Actor, at: datetime) -> PartImportUndone:
    """Move out again what a committed sheet brought; the catalogue keeps its parts.

    Raises imports.NotCommitted, or RecordsInUse once something of it was used.
    """
    org_id = imports.owner_of(PARTS, batch_id=batch_id, actor=actor)
    actor.must("supply.undo_part_import", org_id)
    batch = imports.undo(PARTS, batch_id=batch_id, actor=actor, at=at)
    return PartImportUndone(**imports.undone(batch, actor, at))
