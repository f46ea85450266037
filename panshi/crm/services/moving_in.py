"""Verbs by which an operator's customers move in from its spreadsheet."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _
from pydantic import Base64Bytes

from panshi.crm import queries
from panshi.crm.events import (
    CustomerImportCommitted,
    CustomerImportStaged,
    CustomerImportUndone,
)
from panshi.crm.models import Customer
from panshi.crm.services.customers import NewCustomer, enter, id_words, person_key, phone_words
from panshi.crm.sheet import KIND, SHEET, CustomerSheetRow
from panshi.kit import imports
from panshi.kit.imports import Checked, Importer, Problem, RecordsInUse
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb
from panshi.kit.wording import listed


def check(*, rows: Sequence[CustomerSheetRow], org_id: int, actor: Actor, at: datetime) -> Checked:
    """Compare rows with the register: wrong numbers, repeated customers, those there already."""
    keys = [person_key(row.id_no) for row in rows]
    counts = Counter(keys)
    kept = queries.sheet_rows_of(keys=tuple(keys), org_id=org_id, actor=actor)
    problems: list[Problem] = []
    there: dict[int, str] = {}
    for index, (row, key) in enumerate(zip(rows, keys, strict=True)):
        if words := id_words(row.kind, row.id_no):
            problems.append(Problem(index=index, key="id_no", reason=words))
        elif counts[key] > 1:
            words = _("This customer is in the file more than once.")
            problems.append(Problem(index=index, key="id_no", reason=words))
        elif key in kept:
            there[index] = _difference(row, kept[key])
        if words := phone_words(row.kind, row.phone):
            problems.append(Problem(index=index, key="phone", reason=words))
    return Checked(problems=problems, there=there)


def _difference(row: CustomerSheetRow, kept: CustomerSheetRow) -> str:
    """Say in which columns a row differs from the register, which is left as it is."""
    differing = [
        column.header
        for column in SHEET.columns
        if getattr(row, column.key) not in (None, "")
        and getattr(row, column.key) != getattr(kept, column.key)
    ]
    if not differing:
        return ""
    return _("The register says otherwise and is left as it is: %s.") % listed(differing)


def create(
    *, rows: Sequence[CustomerSheetRow], org_id: int, actor: Actor, at: datetime
) -> list[UUID]:
    """Register the rows as customers; answers their ids in order."""
    made = enter(
        [
            NewCustomer(
                org_id=org_id,
                kind=row.kind,
                name=row.name,
                phone=row.phone,
                id_no=row.id_no,
                city=row.city,
                contact=row.contact,
                licence_expires_on=row.licence_expires_on,
                tax_title=row.tax_title,
                tax_no=row.tax_no,
                settlement=row.settlement or "PREPAID",
                credit_limit=row.credit_limit,
                note=row.note,
            )
            for row in rows
        ]
    )
    return [customer.id for customer in made]


def remove(*, record_ids: Sequence[UUID], actor: Actor, at: datetime) -> None:
    """Take customers out again on whom nothing hangs. Raises RecordsInUse."""
    found = Customer.objects.visible_to(actor).filter(id__in=record_ids)
    ids = list(found.select_for_update().order_by("id").values_list("id", flat=True))
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("DELETE FROM crm_customer WHERE id = ANY(%s)", [ids])
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    except IntegrityError as error:
        raise RecordsInUse(
            _("Other records already name these customers, so they stay.")
        ) from error


CUSTOMERS = Importer(
    kind=KIND, sheet=SHEET, row=CustomerSheetRow, check=check, create=create, remove=remove
)


@verb
def stage_customer_import(
    *, org_id: int, file_name: str, content: Base64Bytes, actor: Actor, at: datetime
) -> CustomerImportStaged:
    """Read and check a customer sheet for preview; the register is not touched.

    Raises sheets.SheetUnreadable or FileTooLarge.
    """
    actor.must("crm.stage_customer_import", org_id)
    batch = imports.stage(
        CUSTOMERS, org_id=org_id, file_name=file_name, content=content, actor=actor, at=at
    )
    return CustomerImportStaged(**imports.staged(batch, actor, at))


@verb
def commit_customer_import(
    *, batch_id: UUID, actor: Actor, at: datetime
) -> CustomerImportCommitted:
    """Register the new customers of a staged sheet, all or none; repeating adds nothing.

    Raises imports.RowsInvalid or RowsSinceChanged, and what register_customers refuses.
    """
    org_id = imports.owner_of(CUSTOMERS, batch_id=batch_id, actor=actor)
    actor.must("crm.commit_customer_import", org_id)
    batch = imports.commit(CUSTOMERS, batch_id=batch_id, actor=actor, at=at)
    return CustomerImportCommitted(**imports.committed(batch, actor, at))


@verb
def undo_customer_import(*, batch_id: UUID, actor: Actor, at: datetime) -> CustomerImportUndone:
    """Take out the customers that a committed sheet brought, while nothing hangs on them.

    Raises imports.NotCommitted or RecordsInUse.
    """
    org_id = imports.owner_of(CUSTOMERS, batch_id=batch_id, actor=actor)
    actor.must("crm.undo_customer_import", org_id)
    batch = imports.undo(CUSTOMERS, batch_id=batch_id, actor=actor, at=at)
    return CustomerImportUndone(**imports.undone(batch, actor, at))
