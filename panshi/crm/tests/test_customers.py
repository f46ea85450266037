"""Registering and changing customers, and seeing their personal data."""

import json

import pytest
from django.db import DatabaseError, connection, transaction

from panshi.crm import queries, rules, services
from panshi.crm.models import Customer, PersonalRead
from panshi.crm.services import (
    BadId,
    BadPhone,
    CustomerKnown,
    NameMissing,
    NewCustomer,
    ReasonMissing,
)
from panshi.crm.tests import make
from panshi.crm.tests.make import NOON
from panshi.kit import facts
from panshi.kit.refusals import NotPermitted
from panshi.kit.tenancy import PORTAL, Actor, acting, hq_actor
from panshi.org.tests import make as org_make


def _register(**changes: str) -> Customer:
    org = org_make.operator()
    given = {
        "kind": "PERSON", "name": "陈国强", "phone": "13805710001", "id_no": make.id_no(),
        "city": "杭州",
    } | changes  # fmt: skip
    fact = services.register_customer(
        org_id=org.id, actor=org_make.actor(org, "crm.register_customer"), at=NOON, **given
    )
    return Customer.objects.get(id=fact.customer_id)


@pytest.mark.plain
@pytest.mark.parametrize(
    ("number", "right"),
    [
        ("11010519491231002X", True),  # The example of GB 11643.
        ("110105194912310021", False),
        ("110105194913310029", False),
        ("440524188001010014", True),
        ("11010519491231002", False),
        ("", False),
    ],
)
def test_identity_numbers_are_checked_by_form_birthday_and_digit(number: str, right: bool) -> None:
    assert rules.is_identity_number(number) is right


@pytest.mark.plain
@pytest.mark.parametrize(
    ("code", "right"),
    [
        ("91350100M000100Y43", True),  # The example of GB 32100.
        ("91350100M000100Y44", False),
        ("91350100M000100I43", False),
        ("9135010OM000100Y43", False),
    ],
)
def test_credit_codes_are_checked_by_form_and_digit(code: str, right: bool) -> None:
    assert rules.is_credit_code(code) is right


def test_keeps_personal_data_sealed_and_findable() -> None:
    number = make.id_no()
    customer = _register(phone="138 0571 0001", id_no=number.lower())
    with connection.cursor() as cursor:
        cursor.execute("SELECT c::text FROM crm_customer c WHERE id = %s", [customer.id])
        stored = cursor.fetchone()[0]
    assert "13805710001" not in stored
    assert number not in stored
    assert (customer.phone, customer.id_no) == ("13805710001", number)
    found = queries.customer_by_phone(phone="138-0571-0001", actor=hq_actor())
    assert found is not None
    assert found.id == customer.id
    by_number = queries.customers_by_id_no(id_nos=(number,), actor=hq_actor())
    assert by_number[number].id == customer.id


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"id_no": "110105194912310021"}, BadId),
        ({"kind": "COMPANY", "id_no": ""}, BadId),
        ({"phone": "12345678901"}, BadPhone),
        ({"phone": "0571-87654321"}, BadPhone),
        ({"name": "  "}, NameMissing),
    ],
)
def test_refuses_what_is_wrong(changes: dict[str, str], refusal: type[Exception]) -> None:
    before = Customer.objects.count()
    with pytest.raises(refusal):
        _register(**changes)
    assert Customer.objects.count() == before


def test_takes_a_person_without_number_but_a_company_with_a_landline() -> None:
    assert _register(id_no="").person_key is None
    company = _register(kind="COMPANY", id_no=make.credit_code(), phone="0571-87654321")
    assert company.tax_no == company.id_no


def test_is_one_customer_of_a_node_but_may_be_anothers_too() -> None:
    number = make.id_no()
    first = make.customer(kind="PERSON", number=number)
    with pytest.raises(CustomerKnown):
        make.customer(org=first.org, kind="PERSON", number=number)
    second = make.customer(kind="PERSON", number=number)
    assert first.person_key == second.person_key


def test_registers_many_or_none() -> None:
    org = org_make.operator()
    by = org_make.actor(org, "crm.*")
    number = make.credit_code()
    new = [
        NewCustomer(org_id=org.id, kind="COMPANY", name=name, phone=make.phone(), id_no=number)
        for name in ("甲物流", "乙物流")
    ]
    with pytest.raises(CustomerKnown):
        services.register_customers(customers=new, actor=by, at=NOON)
    assert not Customer.objects.filter(org=org).exists()
    services.register_customers(customers=new[:1], actor=by, at=NOON)
    assert Customer.objects.filter(org=org).count() == 1


def test_changes_only_what_is_given() -> None:
    customer = make.customer(name="旧名")
    fact = services.change_customer(
        customer_id=customer.id,
        name="新名",
        phone="13905719999",
        actor=org_make.actor(customer.org, "crm.change_customer"),
        at=NOON,
    )
    assert fact.fields == ("name", "phone")
    customer.refresh_from_db()
    assert (customer.name, customer.phone, customer.city) == ("新名", "13905719999", "杭州")


def test_reveals_in_clear_only_with_permission_and_reason_and_on_record() -> None:
    customer = make.customer(phone_no="13805710001")
    by = org_make.actor(customer.org, "crm.reveal_personal_data")
    shown = services.reveal(
        customer_id=customer.id, field="phone", reason="回访", actor=by, at=NOON
    )
    assert shown == "13805710001"
    read = PersonalRead.objects.get(customer=customer, field="phone")
    assert (read.by_id, read.reason) == (by.id, "回访")
    with pytest.raises(ReasonMissing):
        services.reveal(customer_id=customer.id, field="phone", reason=" ", actor=by, at=NOON)
    clerk = org_make.actor(customer.org, "crm.view")
    with pytest.raises(NotPermitted):
        services.reveal(customer_id=customer.id, field="phone", reason="x", actor=clerk, at=NOON)
    assert PersonalRead.objects.filter(customer=customer, field="phone").count() == 1


def test_nobody_rewrites_who_looked() -> None:
    customer = make.customer()
    by = org_make.actor(customer.org, "crm.reveal_personal_data")
    services.reveal(customer_id=customer.id, field="phone", reason="回访", actor=by, at=NOON)
    with pytest.raises(DatabaseError), transaction.atomic():
        PersonalRead.objects.update(reason="")
    with pytest.raises(DatabaseError), transaction.atomic():
        PersonalRead.objects.all().delete()


def test_cards_lists_and_facts_carry_no_personal_data() -> None:
    customer = make.customer(phone_no="13805710001", kind="PERSON")
    by = org_make.actor(customer.org, "crm.view")
    card = queries.customer_card(customer_id=customer.id, actor=by)
    page = queries.customer_list(text="13805710001", actor=by)
    assert [row.id for row in page.rows] == [customer.id]
    fact = services.change_customer(
        customer_id=customer.id, phone="13805710002", actor=hq_actor(), at=NOON
    )
    told = json.dumps(facts.to_plain(fact)) + repr(card) + repr(page)
    assert "13805710001" not in told
    assert "13805710002" not in told
    assert customer.id_no not in told
    assert card.phone_masked == "138****0001"


def test_a_customer_reads_itself_and_no_other() -> None:
    ours = make.customer()
    other = make.customer(org=ours.org)
    portal = Actor(
        id=ours.id,
        org_id=ours.org_id,
        org_ids=(ours.org_id,),
        db_role=PORTAL,
        customer_id=ours.id,
    )
    assert set(queries.customer_refs(ids=(ours.id, other.id), actor=portal)) == {ours.id}
    assert queries.customer_card(customer_id=ours.id, actor=portal).name == ours.name
    with pytest.raises(Customer.DoesNotExist):
        queries.customer_card(customer_id=other.id, actor=portal)


def test_a_neighbour_sees_nothing() -> None:
    customer = make.customer()
    stranger = org_make.actor(org_make.operator(), "crm.*")
    assert queries.customer_refs(ids=(customer.id,), actor=stranger) == {}
    with acting(stranger):
        assert Customer.objects.update(name="x") == 0
