"""Verbs by which customers are registered, changed, and seen in clear."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from panshi.crm import queries, rules
from panshi.crm.events import (
    CustomerChanged,
    CustomerRegistered,
    CustomersRegistered,
    PersonalDataRead,
)
from panshi.crm.models import Customer, CustomerKind, PersonalRead, Settlement
from panshi.crm.sheet import CustomerSheetRow
from panshi.kit.ids import uuid7
from panshi.kit.personal import blind_index
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb

_BATCH = 1000
_READABLE = {"phone", "id_no"}


class BadId(Refusal):
    pass


class BadPhone(Refusal):
    pass


class NameMissing(Refusal):
    pass


class CustomerKnown(Refusal):
    pass


class NodesMixed(Refusal):
    pass


class ReasonMissing(Refusal):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCustomer:
    """A customer of one node; `id_no` is an identity number (PERSON) or credit code (COMPANY).

    A person who only books a service may come without. `credit_limit` is CNY.
    """

    org_id: int
    kind: str
    name: str
    phone: str
    id_no: str = ""
    city: str = ""
    contact: str = ""
    licence_expires_on: date | None = None
    tax_title: str = ""
    tax_no: str = ""
    settlement: str = "PREPAID"
    credit_limit: Decimal | None = None
    note: str = ""


def person_key(id_no: str) -> str:
    """The blind index by which a folded identity number or credit code is found again."""
    return blind_index(id_no, purpose="person")


def phone_index(phone: str) -> str:
    """The blind index by which a folded telephone number is found again."""
    return blind_index(phone, purpose="phone")


def id_words(kind: str, id_no: str) -> str:
    """Say what is wrong with a folded identity number or credit code, or nothing."""
    if kind == CustomerKind.COMPANY:
        if rules.is_credit_code(id_no):
            return ""
        return _("This is not a unified social credit code: its form or check character is wrong.")
    if rules.is_identity_number(id_no):
        return ""
    return _("This is not an identity number: its form, birthday or check digit is wrong.")


def phone_words(kind: str, phone: str) -> str:
    """Say what is wrong with a folded telephone number, or nothing."""
    if rules.is_phone(phone) if kind == CustomerKind.COMPANY else rules.is_mobile(phone):
        return ""
    if kind == CustomerKind.COMPANY:
        return _("This is neither a mobile number nor a landline with its area code.")
    return _("A mobile number has 11 digits and begins with 13 to 19.")


def _build(new: NewCustomer) -> Customer:
    kind = CustomerKind(new.kind)
    name, phone, id_no = new.name.strip(), rules.fold(new.phone), rules.fold(new.id_no)
    if not name:
        raise NameMissing(_("A customer has a name."))
    if words := phone_words(kind, phone):
        raise BadPhone(words)
    if (id_no or kind == CustomerKind.COMPANY) and (words := id_words(kind, id_no)):
        raise BadId(words)
    return Customer(
        id=uuid7(),
        org_id=new.org_id,
        kind=kind,
        name=name,
        contact=new.contact.strip(),
        phone=phone,
        phone_index=phone_index(phone),
        id_no=id_no,
        person_key=person_key(id_no) if id_no else None,
        city=new.city,
        licence_expires_on=new.licence_expires_on,
        tax_title=new.tax_title or (name if kind == CustomerKind.COMPANY else ""),
        tax_no=new.tax_no or (id_no if kind == CustomerKind.COMPANY else ""),
        settlement=Settlement(new.settlement),
        credit_limit=new.credit_limit,
        note=new.note,
    )


def enter(customers: Sequence[NewCustomer]) -> list[Customer]:
    """Write customers of one node, in order; refusals as the verb's."""
    if len({new.org_id for new in customers}) > 1:
        raise NodesMixed(_("Customers of several nodes cannot be registered at once."))
    rows = [_build(new) for new in customers]
    keys = [row.person_key for row in rows if row.person_key]
    org_id = rows[0].org_id if rows else 0
    known = set(
        Customer.objects.filter(org_id=org_id, person_key__in=keys).values_list(
            "person_key", flat=True
        )
    )
    repeated = {key for key, count in Counter(keys).items() if count > 1}
    for row in rows:
        if row.person_key in known or row.person_key in repeated:
            raise CustomerKnown(
                _("%s is already a customer, by the number given.") % row.name,
                way_out="/crm/customers/",
            )
    try:
        with transaction.atomic():
            Customer.objects.bulk_create(rows, batch_size=_BATCH)
    except IntegrityError as error:
        if "a_person_is_one_customer_of_a_node" in str(error):
            raise CustomerKnown(_("This customer was registered just now.")) from error
        raise
    return rows


@verb
def register_customer(
    *,
    org_id: int,
    kind: str,
    name: str,
    phone: str,
    id_no: str,
    city: str,
    actor: Actor,
    at: datetime,
    contact: str = "",
    tax_title: str = "",
    tax_no: str = "",
    note: str = "",
) -> CustomerRegistered:
    """Register a customer of a node. Raises BadId, BadPhone, NameMissing or CustomerKnown."""
    actor.must("crm.register_customer", org_id)
    row = enter(
        [
            NewCustomer(
                org_id=org_id,
                kind=kind,
                name=name,
                phone=phone,
                id_no=id_no,
                city=city,
                contact=contact,
                tax_title=tax_title,
                tax_no=tax_no,
                note=note,
            )
        ]
    )[0]
    return CustomerRegistered(
        org_id=org_id,
        actor_id=actor.id,
        at=at,
        customer_id=row.id,
        kind=row.kind,
        city=row.city,
    )


@verb
def register_customers(
    *, customers: Sequence[NewCustomer], actor: Actor, at: datetime
) -> CustomersRegistered:
    """Register many customers of one node, all or none; refusals as register_customer's."""
    for org_id in {new.org_id for new in customers} or {actor.org_id}:
        actor.must("crm.register_customer", org_id)
    rows = enter(customers)
    return CustomersRegistered(
        org_id=rows[0].org_id if rows else actor.org_id,
        actor_id=actor.id,
        at=at,
        customer_ids=tuple(row.id for row in rows),
    )


@verb
def change_customer(
    *,
    customer_id: UUID,
    actor: Actor,
    at: datetime,
    name: str | None = None,
    contact: str | None = None,
    phone: str | None = None,
    city: str | None = None,
    tax_title: str | None = None,
    tax_no: str | None = None,
    note: str | None = None,
) -> CustomerChanged:
    """Correct what is given and leave the rest. Raises BadPhone or NameMissing."""
    customer = Customer.objects.visible_to(actor).select_for_update().get(id=customer_id)
    actor.must("crm.change_customer", customer.org_id)
    fields = []
    given = {
        "name": name, "contact": contact, "city": city, "tax_title": tax_title, "tax_no": tax_no,
        "note": note,
    }  # fmt: skip
    for field, value in given.items():
        if value is not None and value.strip() != getattr(customer, field):
            setattr(customer, field, value.strip())
            fields.append(field)
    if not customer.name:
        raise NameMissing(_("A customer has a name."))
    if phone is not None and rules.fold(phone) != customer.phone:
        folded = rules.fold(phone)
        if words := phone_words(customer.kind, folded):
            raise BadPhone(words)
        customer.phone, customer.phone_index = folded, phone_index(folded)
        fields += ["phone", "phone_index"]
    customer.save(update_fields=fields)
    return CustomerChanged(
        org_id=customer.org_id,
        actor_id=actor.id,
        at=at,
        customer_id=customer.id,
        fields=tuple(field for field in fields if field != "phone_index"),
    )


@verb
def record_personal_read(
    *, customer_ids: Sequence[UUID], field: str, reason: str, actor: Actor, at: datetime
) -> PersonalDataRead:
    """Write down that this actor sees personal data of customers in clear. Raises ReasonMissing."""
    if not reason.strip():
        raise ReasonMissing(_("Say why you need to see this in clear."))
    owners = dict(
        Customer.objects.visible_to(actor).filter(id__in=customer_ids).values_list("id", "org_id")
    )
    for org_id in set(owners.values()) or {actor.org_id}:
        actor.must("crm.reveal_personal_data", org_id)
    if len(owners) < len(set(customer_ids)):
        raise Customer.DoesNotExist
    PersonalRead.objects.bulk_create(
        [
            PersonalRead(
                org_id=org_id,
                customer_id=customer_id,
                field=field,
                reason=reason.strip(),
                by_id=actor.id,
                at=at,
            )
            for customer_id, org_id in owners.items()
        ],
        batch_size=_BATCH,
    )
    return PersonalDataRead(
        org_id=min(owners.values(), default=actor.org_id),
        actor_id=actor.id,
        at=at,
        customer_ids=tuple(owners),
        field=field,
        reason=reason.strip(),
    )


def reveal(*, customer_id: UUID, field: str, reason: str, actor: Actor, at: datetime) -> str:
    """Answer a customer's "phone" or "id_no" in clear, once the read is on record.

    Raises ReasonMissing or NotPermitted. The value is in no fact.
    """
    if field not in _READABLE:
        raise ValueError(f"{field} is not revealed")
    with transaction.atomic():
        record_personal_read(
            customer_ids=[customer_id], field=field, reason=reason, actor=actor, at=at
        )
        customer = Customer.objects.visible_to(actor).get(id=customer_id)
    return str(getattr(customer, field))


def export_in_clear(*, reason: str, actor: Actor, at: datetime) -> list[CustomerSheetRow]:
    """The whole register with personal numbers in clear, once each read is on record.

    Raises ReasonMissing or NotPermitted.
    """
    with transaction.atomic():
        found = list(Customer.objects.visible_to(actor).order_by("name", "id"))
        record_personal_read(
            customer_ids=[customer.id for customer in found],
            field="export",
            reason=reason,
            actor=actor,
            at=at,
        )
        return [queries.sheet_row(customer, masked=False) for customer in found]
