"""The tables, forms and words of the pages about customers."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import pgettext_lazy

from panshi.crm import queries, services
from panshi.crm.models import (
    BlacklistReason,
    ComplaintState,
    ComplaintSubject,
    CustomerKind,
    QualificationState,
)
from panshi.crm.queries import ComplaintRow, CustomerCard, QualificationRow
from panshi.kit.forms import Field, Form, for_verb
from panshi.kit.records import Detail, Entry, Tile
from panshi.kit.search import Hit
from panshi.kit.tables import Column, Filter, Table
from panshi.kit.tenancy import Actor

COMPLAINT_TONES: Final[Mapping[str, str]] = {"OPEN": "bad", "ANSWERED": "warn", "CLOSED": "ok"}
QUALIFICATION_TONES: Final[Mapping[str, str]] = {
    "SUBMITTED": "warn",
    "APPROVED": "ok",
    "REJECTED": "bad",
}
SCORE_WORDS: Final[Mapping[str, Any]] = {
    "YEARS_IN_TRADE": lazy("Years in the trade"),
    "VEHICLES_RUN": lazy("Vehicles run"),
    "MONTHLY_INCOME": lazy("Monthly income"),
    "LATE_PAYMENTS": lazy("Late payments"),
}
FIELD_WORDS: Final[Mapping[str, Any]] = {
    "phone": lazy("Telephone number"),
    "id_no": lazy("Identity number or credit code"),
    "export": lazy("Export of the register"),
    "blacklist": lazy("Blacklist"),
}


def city_choices(actor: Actor) -> Sequence[tuple[str, str]]:
    return [(city, city) for city in queries.customer_cities(actor=actor)]


CUSTOMERS: Final = Table(
    name="customers",
    columns=(
        Column(key="name", label=lazy("Name"), sort=True),
        Column(key="kind", label=lazy("Kind"), choices=CustomerKind, sort=True),
        Column(key="contact", label=lazy("Contact")),
        Column(key="phone_masked", label=lazy("Telephone"), kind="mono"),
        Column(key="id_masked", label=lazy("Identity or credit code"), kind="mono", hidden=True),
        Column(key="city", label=lazy("City"), sort=True),
        Column(key="qualified", label=lazy("Qualified"), kind="flag"),
        Column(key="qualified_until", label=lazy("Qualified until"), kind="day", sort=True),
        Column(key="settlement", label=lazy("Settlement"), hidden=True),
        Column(key="created_at", label=lazy("Registered"), kind="day", sort=True),
    ),
    filters=(
        Filter(
            key="text",
            label=lazy("Name or number"),
            placeholder=lazy("Part of a name, or a whole number"),
        ),
        Filter(key="kind", label=lazy("Kind"), kind="choice", choices=CustomerKind),
        Filter(key="city", label=lazy("City"), kind="choice", choices=city_choices),
        Filter(key="qualified", label=lazy("Qualified"), kind="flag"),
    ),
    sort="name",
    row_url="crm-customer",
    export="customers",
    empty=lazy("No customers yet. Register one, or import your spreadsheet."),
    live=("crm.Customer*",),
)

COMPLAINTS: Final = Table(
    name="complaints",
    columns=(
        Column(key="customer_name", label=lazy("Customer")),
        Column(key="subject", label=lazy("About"), choices=ComplaintSubject),
        Column(key="text", label=lazy("Complaint")),
        Column(
            key="state",
            label=lazy("State"),
            kind="state",
            choices=ComplaintState,
            tones=COMPLAINT_TONES,
        ),
        Column(key="filed_at", label=lazy("Filed"), kind="moment"),
        Column(key="due_at", label=lazy("Answer by"), kind="moment"),
    ),
    row_url="crm-complaint",
    empty=lazy("No complaint waits for an answer."),
    live=("crm.Complaint*",),
)

QUALIFICATIONS: Final = Table(
    name="qualifications",
    columns=(
        Column(key="customer_name", label=lazy("Customer")),
        Column(key="score", label=lazy("Score"), kind="number"),
        Column(key="credit_limit", label=lazy("Credit limit"), kind="money"),
        Column(key="deposit_months", label=lazy("Months of deposit"), kind="number"),
        Column(key="licence_expires_on", label=lazy("Licence valid to"), kind="day"),
        Column(key="submitted_at", label=lazy("Submitted"), kind="moment"),
    ),
    row_url="crm-qualification",
    empty=lazy("No qualification waits for a decision."),
    live=("crm.Qualification*",),
)

REGISTER: Final = Form(
    fields=[
        Field(name="kind", label=lazy("Kind"), kind="choice", choices=CustomerKind),
        Field(name="name", label=lazy("Name"), longest=80),
        Field(
            name="id_no",
            label=lazy("Identity number or credit code"),
            kind="mono",
            required=False,
            longest=24,
            help=lazy("Needed for leases; a person who only books a service may go without."),
        ),
        Field(name="phone", label=lazy("Telephone number"), kind="phone", longest=20),
        Field(name="contact", label=lazy("Contact"), required=False, longest=40),
        Field(name="city", label=lazy("City"), longest=40),
        Field(name="tax_title", label=lazy("Title on invoices"), required=False, longest=100),
        Field(name="tax_no", label=lazy("Tax number"), required=False, longest=20),
        Field(name="note", label=lazy("Note"), kind="area", required=False, longest=400),
    ]
)
CHANGE: Final = Form(
    fields=[
        Field(name="name", label=lazy("Name"), longest=80),
        Field(
            name="phone",
            label=lazy("New telephone number"),
            kind="phone",
            required=False,
            longest=20,
            help=lazy("Leave it empty to keep the one on record."),
        ),
        Field(name="contact", label=lazy("Contact"), required=False, longest=40),
        Field(name="city", label=lazy("City"), required=False, longest=40),
        Field(name="tax_title", label=lazy("Title on invoices"), required=False, longest=100),
        Field(name="tax_no", label=lazy("Tax number"), required=False, longest=20),
        Field(name="note", label=lazy("Note"), kind="area", required=False, longest=400),
    ]
)
QUALIFY: Final = Form(
    fields=[
        Field(name="licence_expires_on", label=lazy("Licence valid to"), kind="day"),
        Field(
            name="years_in_trade",
            label=lazy("Years in the trade"),
            kind="number",
            least=Decimal(0),
        ),
        Field(name="vehicles_run", label=lazy("Vehicles run"), kind="whole", least=0),
        Field(name="monthly_income", label=lazy("Monthly income"), kind="money", least=0),
        Field(
            name="late_payments",
            label=lazy("Late payments in the last year"),
            kind="whole",
            least=0,
        ),
        Field(
            name="authorised_by",
            label=lazy("Who signs for the company"),
            required=False,
            longest=60,
            help=lazy("By its letter of authority; a person has none."),
        ),
    ]
)
CHECK_WORDS: Final = {
    "IDENTITY": pgettext_lazy("check", "Identity"),
    "LICENCE": lazy("Licence"),
    "AUTHORITY": lazy("Authority to sign"),
    "CREDIT": lazy("Credit score"),
    "BLACKLIST": lazy("Blacklist"),
}
OUTCOME_WORDS: Final = {
    "PASSED": pgettext_lazy("check", "Passed"),
    "FAILED": pgettext_lazy("check", "Failed"),
    "REVIEW": lazy("A person decides"),
    "NOT_NEEDED": lazy("Not needed"),
}
OUTCOME_TONES: Final = {"PASSED": "ok", "FAILED": "bad", "REVIEW": "warn", "NOT_NEEDED": "idle"}
INPUT_WORDS: Final = {
    "years_in_trade": lazy("Years in the trade"),
    "vehicles_run": lazy("Vehicles run"),
    "monthly_income": lazy("Monthly income"),
    "late_payments": lazy("Late payments"),
}
DECIDE: Final = Form(fields=[Field(name="note", label=lazy("Reasons"), kind="area", longest=400)])
COMPLAIN: Final = for_verb(
    services.file_complaint,
    labels={"subject": lazy("About"), "text": lazy("Complaint")},
    kinds={"text": "area"},
    choices={"subject": ComplaintSubject},
)
ANSWER: Final = for_verb(
    services.answer_complaint, labels={"answer": lazy("Answer")}, kinds={"answer": "area"}
)
BLACKLIST: Final = for_verb(
    services.blacklist_person,
    labels={"reason_code": lazy("Reason")},
    choices={"reason_code": BlacklistReason},
)
LIFT: Final = for_verb(services.lift_blacklisting, labels={"reason": lazy("Reason")})
EXPORT: Final = Form(
    fields=[
        Field(
            name="reason",
            label=lazy("Why the numbers are needed in clear"),
            longest=200,
            help=lazy("The export is put on record for each customer in it."),
        )
    ]
)


def details_of(card: CustomerCard) -> list[Detail]:
    """The column of facts of a customer's page, without telephone and identity."""
    return [
        Detail(label=_("Kind"), value=card.kind),
        Detail(label=_("Contact"), value=card.contact),
        Detail(label=_("City"), value=card.city),
        Detail(label=_("Licence valid to"), value=card.licence_expires_on, kind="day"),
        Detail(label=_("Title on invoices"), value=card.tax_title),
        Detail(label=_("Settlement"), value=card.settlement),
        Detail(label=_("Registered"), value=card.created_at, kind="moment"),
        Detail(label=_("Note"), value=card.note),
    ]


def tiles_of(card: CustomerCard) -> list[Tile]:
    """The key figures of a customer's page."""
    latest = card.qualifications[0] if card.qualifications else None
    waiting = sum(row.state == ComplaintState.OPEN for row in card.complaints)
    return [
        Tile(label=_("Qualified until"), value=card.qualified_until, kind="day"),
        Tile(label=_("Score"), value=latest.score if latest else None, kind="number"),
        Tile(label=_("Credit limit"), value=card.credit_limit, kind="money"),
        Tile(
            label=_("Open complaints"),
            value=waiting,
            kind="number",
            tone="bad" if waiting else "",
        ),
    ]


def timeline_of(card: CustomerCard, names: Mapping[Any, str]) -> list[Entry]:
    """What happened with a customer, newest first."""
    entries: list[Entry] = []
    for row in card.qualifications:
        entries += _qualification_entries(row, names)
    for complaint in card.complaints:
        entries += _complaint_entries(complaint)
    entries += [
        Entry(
            at=read.at,
            kind="audit",
            title=_("Seen in clear: %s") % FIELD_WORDS.get(read.field, read.field),
            text=read.reason,
            by=names.get(read.by_id, ""),
            icon="eye",
        )
        for read in card.reads
    ]
    return sorted(entries, key=lambda entry: entry.at, reverse=True)


def _qualification_entries(row: QualificationRow, names: Mapping[Any, str]) -> list[Entry]:
    url = reverse("crm-qualification", args=[row.id])
    entries = [
        Entry(
            at=row.submitted_at,
            title=_("Qualification submitted, score %d") % row.score,
            by=names.get(row.submitted_by_id, ""),
            url=url,
            icon="file-text",
        )
    ]
    if row.decided_at is not None and row.reviewer_id is not None:
        entries.append(
            Entry(
                at=row.decided_at,
                title=_("Qualification: %s") % row.state.label,
                text=row.note,
                by=names.get(row.reviewer_id, ""),
                url=url,
                icon="certificate",
                tone="ok" if row.state == QualificationState.APPROVED else "bad",
            )
        )
    return entries


def _complaint_entries(row: ComplaintRow) -> list[Entry]:
    url = reverse("crm-complaint", args=[row.id])
    entries = [
        Entry(
            at=row.filed_at,
            kind="message",
            title=_("Complaint: %s") % row.subject.label,
            text=row.text,
            url=url,
            icon="message",
            tone="bad" if row.state == ComplaintState.OPEN else "",
        )
    ]
    if row.answered_at is not None:
        entries.append(
            Entry(
                at=row.answered_at,
                kind="message",
                title=_("Complaint answered"),
                text=row.answer,
                url=url,
                icon="send",
            )
        )
    return entries


def find_customers(*, actor: Actor, text: str, limit: int) -> list[Hit]:
    """Customers for the command palette, by part of a name or a whole number."""
    found = queries.customer_list(text=text, limit=limit, actor=actor)
    return [
        Hit(
            title=row.name,
            detail=f"{row.kind.label} · {row.city}",
            url=reverse("crm-customer", args=[row.id]),
            icon="user",
        )
        for row in found.rows
    ]


def waiting_complaints(*, actor: Actor) -> list[ComplaintRow]:
    """Complaints to be answered, for the home page."""
    return queries.open_complaints(actor=actor, limit=8)


def is_late(row: ComplaintRow, now: datetime) -> bool:
    return row.state == ComplaintState.OPEN and row.due_at < now
