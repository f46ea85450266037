"""Questions about customers; personal data is answered masked."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count, Q

from panshi.crm import rules
from panshi.crm.models import (
    Complaint,
    ComplaintState,
    ComplaintSubject,
    Customer,
    CustomerKind,
    PersonalRead,
    Qualification,
    QualificationState,
    Settlement,
)
from panshi.crm.queries.blacklist import Blacklisting as Blacklisting
from panshi.crm.queries.blacklist import blacklisting as blacklisting
from panshi.crm.queries.blacklist import listing_of
from panshi.crm.queries.filed import FiledRow as FiledRow
from panshi.crm.queries.filed import complaining as complaining
from panshi.crm.queries.filed import complaints_filed as complaints_filed
from panshi.crm.sheet import KIND, SHEET, CustomerSheetRow
from panshi.kit import imports
from panshi.kit.imports import BatchCard, Preview
from panshi.kit.personal import blind_index, mask_id, mask_phone
from panshi.kit.tenancy import Actor, acting
from panshi.kit.verbs import question

_SORTS = {"name", "city", "created_at", "qualified_until", "kind"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerRef:
    """A customer as other rooms need it."""

    id: UUID
    org_id: int
    name: str
    kind: CustomerKind
    city: str
    qualified: bool
    qualified_until: date | None
    tax_title: str
    tax_no: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerRow(CustomerRef):
    contact: str
    phone_masked: str
    id_masked: str
    settlement: Settlement
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerPage:
    rows: tuple[CustomerRow, ...]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ScorePart:
    code: str
    points: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QualificationRow:
    """A qualification; `replays` says that its inputs, scored again, give the same."""

    id: UUID
    customer_id: UUID
    customer_name: str
    state: QualificationState
    score: int
    parts: tuple[ScorePart, ...]
    credit_limit: Decimal
    deposit_months: int
    licence_expires_on: date
    submitted_by_id: UUID
    submitted_at: datetime
    reviewer_id: UUID | None
    decided_at: datetime | None
    valid_until: date | None
    note: str
    checks: tuple[rules.Check, ...]
    inputs: tuple[tuple[str, str], ...]
    review_started_at: datetime | None
    replays: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplaintRow:
    id: UUID
    customer_id: UUID
    customer_name: str
    subject: ComplaintSubject
    text: str
    state: ComplaintState
    filed_at: datetime
    due_at: datetime
    answer: str
    answered_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalReadRow:
    field: str
    reason: str
    by_id: UUID
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerCard(CustomerRow):
    """One customer with its examinations, complaints, and who saw its data in clear."""

    licence_expires_on: date | None
    credit_limit: Decimal | None
    note: str
    qualifications: tuple[QualificationRow, ...]
    complaints: tuple[ComplaintRow, ...]
    reads: tuple[PersonalReadRow, ...]
    listed: Blacklisting | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerCounts:
    persons: int
    companies: int
    qualified: int
    open_complaints: int


def _ref(customer: Customer) -> dict[str, Any]:
    return {
        "id": customer.id,
        "org_id": customer.org_id,
        "name": customer.name,
        "kind": CustomerKind(customer.kind),
        "city": customer.city,
        "qualified": customer.qualified,
        "qualified_until": customer.qualified_until,
        "tax_title": customer.tax_title,
        "tax_no": customer.tax_no,
    }


def _row(customer: Customer) -> dict[str, Any]:
    return _ref(customer) | {
        "contact": customer.contact,
        "phone_masked": mask_phone(customer.phone),
        "id_masked": mask_id(customer.id_no) if customer.id_no else "",
        "settlement": Settlement(customer.settlement),
        "created_at": customer.created_at,
    }


def _qualification(row: Qualification) -> QualificationRow:
    return QualificationRow(
        id=row.id,
        customer_id=row.customer_id,
        customer_name=row.customer.name,
        state=QualificationState(row.state),
        score=row.score,
        parts=tuple(ScorePart(**part) for part in row.parts),
        credit_limit=row.credit_limit,
        deposit_months=row.deposit_months,
        licence_expires_on=row.licence_expires_on,
        submitted_by_id=row.submitted_by_id,
        submitted_at=row.submitted_at,
        reviewer_id=row.reviewer_id,
        decided_at=row.decided_at,
        valid_until=row.valid_until,
        note=row.note,
        checks=tuple(rules.Check(**check) for check in row.checks),
        inputs=tuple(row.inputs.items()),
        review_started_at=row.review_started_at,
        replays=_replays(row),
    )


def _replays(row: Qualification) -> bool:
    """Whether the kept inputs give the kept score once more."""
    inputs = rules.CreditInputs(
        years_in_trade=Decimal(row.inputs["years_in_trade"]),
        vehicles_run=int(row.inputs["vehicles_run"]),
        monthly_income=Decimal(row.inputs["monthly_income"]),
        late_payments=int(row.inputs["late_payments"]),
    )
    again = rules.score(inputs)
    kept = (row.score, row.credit_limit, row.deposit_months)
    return kept == (again.total, again.credit_limit, again.deposit_months)


def _complaint(row: Complaint) -> ComplaintRow:
    return ComplaintRow(
        id=row.id,
        customer_id=row.customer_id,
        customer_name=row.customer.name,
        subject=ComplaintSubject(row.subject),
        text=row.text,
        state=ComplaintState(row.state),
        filed_at=row.filed_at,
        due_at=row.due_at,
        answer=row.answer,
        answered_at=row.answered_at,
    )


@question
def customer_refs(*, ids: tuple[UUID, ...], actor: Actor) -> dict[UUID, CustomerRef]:
    """Customers by id; those this actor may not see are left out."""
    found = Customer.objects.visible_to(actor).filter(id__in=ids)
    return {customer.id: CustomerRef(**_ref(customer)) for customer in found}


@question
def customer_org(*, customer_id: UUID, actor: Actor) -> int | None:
    """The node that has a customer; None when this actor may not see them."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT org_id FROM crm_customer WHERE id = %s", [customer_id])
        return next((org_id for (org_id,) in cursor.fetchall()), None)


def names_of(ids: Iterable[UUID | None], actor: Actor) -> dict[UUID, str]:
    """What customers are called, by id; those this actor may not see are left out."""
    refs = customer_refs(ids=tuple({one for one in ids if one is not None}), actor=actor)
    return {customer_id: ref.name for customer_id, ref in refs.items()}


def telephones(*, ids: tuple[UUID, ...], actor: Actor) -> dict[UUID, str]:
    """Where messages to these customers go. Only for sending: it is no question of a door."""
    with acting(actor):
        found = Customer.objects.visible_to(actor).filter(id__in=ids)
        return {customer.id: customer.phone for customer in found if customer.phone}


@question
def customer_by_phone(*, phone: str, actor: Actor, org_id: int | None = None) -> CustomerRef | None:
    """The first customer with a telephone number, of one node when it is given, or None."""
    index = blind_index(rules.fold(phone), purpose="phone")
    found = Customer.objects.visible_to(actor).filter(phone_index=index)
    if org_id is not None:
        found = found.filter(org_id=org_id)
    customer = found.order_by("created_at", "id").first()
    return CustomerRef(**_ref(customer)) if customer else None


@question
def customers_by_id_no(*, id_nos: tuple[str, ...], actor: Actor) -> dict[str, CustomerRef]:
    """Customers by identity number or credit code, as given; the unknown are left out."""
    keys = {blind_index(rules.fold(number), purpose="person"): number for number in id_nos}
    found = Customer.objects.visible_to(actor).filter(person_key__in=keys).order_by("-created_at")
    return {
        keys[customer.person_key]: CustomerRef(**_ref(customer))
        for customer in found
        if customer.person_key
    }


def _indexed(numbers: tuple[str, ...], purpose: str) -> dict[str, set[str]]:
    """Numbers as given, by their blind index."""
    indexed: dict[str, set[str]] = {}
    for number in numbers:
        indexed.setdefault(blind_index(rules.fold(number), purpose=purpose), set()).add(number)
    return indexed


@question
def customers_named(
    *,
    org_id: int,
    id_nos: tuple[str, ...],
    phones: tuple[str, ...],
    names: tuple[str, ...],
    actor: Actor,
) -> dict[str, tuple[CustomerRef, ...]]:
    """Customers of one node by number, telephone or whole name, as given; several may share one.

    Those of other nodes are left out as if there were none.
    """
    keys = _indexed(id_nos, "person")
    indexes = _indexed(phones, "phone")
    found = Customer.objects.visible_to(actor).filter(
        Q(person_key__in=keys) | Q(phone_index__in=indexes) | Q(name__in=names), org_id=org_id
    )
    wanted = set(names)
    named: dict[str, tuple[CustomerRef, ...]] = {}
    for customer in found.order_by("created_at", "id"):
        words = {
            *keys.get(customer.person_key or "", ()),
            *indexes.get(customer.phone_index, ()),
            *({customer.name} & wanted),
        }
        for word in words:
            named[word] = (*named.get(word, ()), CustomerRef(**_ref(customer)))
    return named


@question
def customer_list(
    *,
    actor: Actor,
    text: str = "",
    kind: str = "",
    city: str = "",
    qualified: bool | None = None,
    order_by: str = "name",
    limit: int = 20,
    offset: int = 0,
) -> CustomerPage:
    """A page of customers; `text` is part of a name, or a whole telephone or identity number."""
    found = Customer.objects.visible_to(actor)
    given = {"kind": kind, "city": city}
    found = found.filter(**{key: value for key, value in given.items() if value})
    if qualified is not None:
        found = found.filter(qualified=qualified)
    if words := text.strip():
        folded = rules.fold(words)
        found = found.filter(
            Q(name__contains=words)
            | Q(contact__contains=words)
            | Q(phone_index=blind_index(folded, purpose="phone"))
            | Q(person_key=blind_index(folded, purpose="person"))
        )
    order = order_by if order_by.removeprefix("-") in _SORTS else "name"
    rows = found.order_by(order, "id")[offset : offset + limit]
    return CustomerPage(
        rows=tuple(CustomerRow(**_row(customer)) for customer in rows), total=found.count()
    )


def sheet_row(customer: Customer, *, masked: bool) -> CustomerSheetRow:
    """A customer as a row of the sheet."""
    return CustomerSheetRow(
        kind=customer.kind,
        name=customer.name,
        id_no=mask_id(customer.id_no) if masked and customer.id_no else customer.id_no,
        phone=mask_phone(customer.phone) if masked else customer.phone,
        contact=customer.contact,
        licence_expires_on=customer.licence_expires_on,
        tax_title=customer.tax_title,
        tax_no=mask_id(customer.tax_no) if masked and customer.tax_no else customer.tax_no,
        settlement=customer.settlement,
        credit_limit=customer.credit_limit,
        city=customer.city,
        note=customer.note,
    )


def sheet_rows_of(
    *, keys: tuple[str, ...], org_id: int, actor: Actor
) -> dict[str, CustomerSheetRow]:
    """Customers of a node in clear, by person key; only for comparing with what was handed in."""
    found = Customer.objects.visible_to(actor).filter(org_id=org_id, person_key__in=keys)
    return {
        customer.person_key: sheet_row(customer, masked=False)
        for customer in found
        if customer.person_key
    }


@question
def customer_sheet_rows(*, actor: Actor) -> list[CustomerSheetRow]:
    """The whole register as rows of the sheet, personal numbers masked."""
    found = Customer.objects.visible_to(actor).order_by("name", "id")
    return [sheet_row(customer, masked=True) for customer in found]


@question
def customer_imports(*, actor: Actor) -> list[BatchCard]:
    """The newest customer sheets that were staged or imported."""
    return imports.recent(KIND, actor=actor)


@question
def customer_import(*, batch_id: UUID, actor: Actor) -> BatchCard:
    """One customer sheet that was staged or imported, with its errors."""
    return imports.card(KIND, batch_id=batch_id, actor=actor)


@question
def customer_import_preview(*, batch_id: UUID, actor: Actor) -> Preview:
    """The first rows of a staged customer sheet, personal numbers masked."""
    return imports.preview(SHEET, KIND, batch_id=batch_id, actor=actor)


@question
def customer_card(*, customer_id: UUID, actor: Actor) -> CustomerCard:
    """One customer. A customer asking sees itself, without the record of who saw its data."""
    customer = Customer.objects.visible_to(actor).get(id=customer_id)
    examined = Qualification.objects.filter(customer=customer).select_related("customer")
    complaints = Complaint.objects.filter(customer=customer).select_related("customer")
    reads: tuple[PersonalReadRow, ...] = ()
    if actor.customer_id is None:
        reads = tuple(
            PersonalReadRow(field=read.field, reason=read.reason, by_id=read.by_id, at=read.at)
            for read in PersonalRead.objects.filter(customer=customer).order_by("-at")[:50]
        )
    return CustomerCard(
        **_row(customer),
        licence_expires_on=customer.licence_expires_on,
        credit_limit=customer.credit_limit,
        note=customer.note,
        qualifications=tuple(_qualification(row) for row in examined.order_by("-submitted_at")),
        complaints=tuple(_complaint(row) for row in complaints.order_by("-filed_at")),
        reads=reads,
        listed=listing_of(customer) if actor.customer_id is None else None,
    )


@question
def qualification_card(*, qualification_id: UUID, actor: Actor) -> QualificationRow:
    """One qualification."""
    found = Qualification.objects.visible_to(actor).select_related("customer")
    return _qualification(found.get(id=qualification_id))


@question
def complaint_card(*, complaint_id: UUID, actor: Actor) -> ComplaintRow:
    """One complaint."""
    found = Complaint.objects.visible_to(actor).select_related("customer")
    return _complaint(found.get(id=complaint_id))


@question
def open_qualifications(*, actor: Actor, limit: int = 100) -> list[QualificationRow]:
    """What waits for a second person's decision, the oldest first."""
    found = Qualification.objects.visible_to(actor).select_related("customer")
    waiting = found.filter(state=QualificationState.SUBMITTED).order_by("submitted_at")
    return [_qualification(row) for row in waiting[:limit]]


@question
def open_complaints(*, actor: Actor, limit: int = 100) -> list[ComplaintRow]:
    """Complaints not yet answered, the most urgent first."""
    found = Complaint.objects.visible_to(actor).select_related("customer")
    waiting = found.filter(state=ComplaintState.OPEN).order_by("due_at")
    return [_complaint(row) for row in waiting[:limit]]


@question
def customer_counts(*, actor: Actor) -> CustomerCounts:
    """How many customers there are of each kind, how many qualify, and complaints open."""
    counted = Customer.objects.visible_to(actor).aggregate(
        persons=Count("id", filter=Q(kind=CustomerKind.PERSON)),
        companies=Count("id", filter=Q(kind=CustomerKind.COMPANY)),
        qualified=Count("id", filter=Q(qualified=True)),
    )
    waiting = Complaint.objects.visible_to(actor).filter(state=ComplaintState.OPEN).count()
    return CustomerCounts(**counted, open_complaints=waiting)


@question
def customer_cities(*, actor: Actor) -> list[str]:
    """The cities of this actor's customers."""
    found = Customer.objects.visible_to(actor).exclude(city="").order_by("city")
    return list(found.values_list("city", flat=True).distinct())


@question
def deposit_months(*, customer_id: UUID, actor: Actor) -> int:
    """Months of rent asked as a deposit, by the last approved qualification; else the strictest."""
    found = (
        Qualification.objects.visible_to(actor)
        .filter(customer_id=customer_id, state=QualificationState.APPROVED)
        .order_by("-decided_at")
        .values_list("deposit_months", flat=True)
    )
    return next(iter(found[:1]), rules.STRICTEST_DEPOSIT_MONTHS)
