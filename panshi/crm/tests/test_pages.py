"""The pages about customers, as a browser asks them."""

import io
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from python_calamine import load_workbook

from panshi.crm import services
from panshi.crm.models import Complaint, Customer, PersonalRead, Qualification
from panshi.crm.sheet import SHEET
from panshi.crm.tests import make
from panshi.kit import workbooks
from panshi.kit.tenancy import hq_actor
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make
from panshi.org.tests.window import Window, page, window

# A page of the shell asks for the session, the person, its place in the tree and its tray as well.
LIST_QUERIES = 18
RECORD_QUERIES = 21


@pytest.fixture
def node() -> OrgNode:
    return org_make.operator()


@pytest.fixture
def client(node: OrgNode) -> Window:
    return window(node, "SALES")


def _grid(answer: Any) -> list[list[Any]]:
    book = load_workbook(io.BytesIO(answer.content))
    return book.get_sheet_by_index(0).to_python()


def test_the_list_shows_and_filters_masked_customers(client: Window, node: OrgNode) -> None:
    person = make.customer(org=node, kind="PERSON", name="赵建华", phone_no="13805710001")
    company = make.customer(org=node, qualified=False)
    foreign = make.customer()
    url = reverse("crm-customers")
    shown = page(client.get(url))
    assert person.name in shown
    assert "138****0001" in shown
    assert "13805710001" not in shown
    assert foreign.name not in shown
    for query in (
        {"kind": "PERSON"},
        {"text": "建华"},
        {"text": "13805710001"},
        {"qualified": "1"},
    ):
        found = page(client.get(url, query))
        assert person.name in found
        assert company.name not in found


@pytest.mark.parametrize("count", [1, 12])
def test_the_list_asks_the_same_number_of_questions_for_any_number_of_rows(
    client: Window, node: OrgNode, count: int
) -> None:
    for _ in range(count):
        make.customer(org=node, qualified=False)
    with CaptureQueriesContext(connection) as asked:
        page(client.get(reverse("crm-customers")))
    assert len(asked) <= LIST_QUERIES, [query["sql"][:90] for query in asked]


def test_exports_are_masked_or_on_record(client: Window, node: OrgNode) -> None:
    customer = make.customer(org=node, kind="PERSON", phone_no="13805710001")
    listed = _grid(client.get(reverse("crm-customers"), {"export": "xlsx"}))
    masked = _grid(client.get(reverse("crm-sheet")))
    for grid in (listed, masked):
        assert customer.name in str(grid)
        assert "13805710001" not in str(grid)
        assert customer.id_no not in str(grid)
    url = reverse("crm-sheet-in-clear")
    assert client.post(url, {"reason": ""}).status_code == 422
    assert not PersonalRead.objects.filter(field="export").exists()
    clear = client.post(url, {"reason": "年度对账"})
    assert "13805710001" in str(_grid(clear))
    assert PersonalRead.objects.get(field="export").reason == "年度对账"
    engineer = window(node, "ENGINEER")
    assert engineer.post(url, {"reason": "x"}).status_code == 409


def test_a_click_reveals_the_number_and_is_on_record(client: Window, node: OrgNode) -> None:
    customer = make.customer(org=node, phone_no="13805710001")
    record = reverse("crm-customer", args=[customer.id])
    with CaptureQueriesContext(connection) as asked:
        shown = page(client.get(record))
    assert len(asked) <= RECORD_QUERIES, [query["sql"][:90] for query in asked]
    assert "138****0001" in shown
    assert "13805710001" not in shown
    url = reverse("crm-reveal", args=[customer.id, "phone"])
    part = page(client.post(url, headers={"HX-Request": "true"}))
    assert "13805710001" in part
    assert "<html" not in part
    assert "13805710001" in page(client.post(url))
    assert PersonalRead.objects.filter(customer=customer, field="phone").count() == 2
    assert "Seen in clear: Telephone number" in page(client.get(record))
    engineer = window(node, "ENGINEER")
    assert engineer.post(url).status_code == 409
    assert "Show" not in page(engineer.get(record))


def test_a_strangers_customer_is_not_found(client: Window) -> None:
    foreign = make.customer()
    for name in ("crm-customer", "crm-change", "crm-qualify", "crm-complain"):
        assert client.get(reverse(name, args=[foreign.id])).status_code == 404
    reveal = reverse("crm-reveal", args=[foreign.id, "phone"])
    assert client.post(reveal).status_code == 404


def test_a_customer_is_registered_changed_and_refusals_told_at_the_field(
    client: Window, node: OrgNode
) -> None:
    url = reverse("crm-register")
    given = {
        "kind": "COMPANY", "name": "杭州顺达城配物流有限公司", "id_no": make.credit_code(),
        "phone": "0571-87654321", "city": "杭州",
    }  # fmt: skip
    page(client.get(url))
    wrong = client.post(url, {**given, "id_no": "91350100M000100Y44"})
    assert wrong.status_code == 422
    assert "unified social credit code" in wrong.content.decode()
    assert client.post(url, given).status_code == 302
    customer = Customer.objects.get(org=node)
    change = reverse("crm-change", args=[customer.id])
    assert customer.name in page(client.get(change))
    assert client.post(change, {"name": customer.name, "phone": "123"}).status_code == 422
    assert client.post(change, {"name": "新名称", "city": "宁波"}).status_code == 302
    customer.refresh_from_db()
    assert (customer.name, customer.city, customer.phone) == ("新名称", "宁波", "057187654321")


def test_one_person_submits_a_qualification_and_another_decides(
    client: Window, node: OrgNode
) -> None:
    customer = make.customer(org=node, qualified=False)
    given = {
        "licence_expires_on": "2099-12-31", "years_in_trade": "4", "vehicles_run": "6",
        "monthly_income": "40000", "late_payments": "0",
    }  # fmt: skip
    url = reverse("crm-qualify", args=[customer.id])
    page(client.get(url))
    assert client.post(url, given).status_code == 302
    number = Qualification.objects.get(customer=customer).id
    one = reverse("crm-qualification", args=[number])
    assert "Approve" not in page(client.get(one))
    assert client.post(one, {"note": "好", "decision": "approve"}).status_code == 409
    manager = window(node, "OPERATIONS")
    assert customer.name in page(manager.get(reverse("crm-qualifications")))
    assert "Approve" in page(manager.get(one))
    assert manager.post(one, {"note": "资料齐全", "decision": "approve"}).status_code == 302
    customer.refresh_from_db()
    assert customer.qualified
    assert "Qualified" in page(client.get(reverse("crm-customer", args=[customer.id])))


def test_a_complaint_is_taken_down_answered_and_closed(client: Window, node: OrgNode) -> None:
    customer = make.customer(org=node)
    url = reverse("crm-complain", args=[customer.id])
    page(client.get(url))
    filed = client.post(url, {"subject": "SERVICE", "text": "师傅迟到两小时"})
    one = filed.headers["Location"]
    assert "师傅迟到两小时" in page(client.get(one))
    assert "师傅迟到两小时" in page(client.get(reverse("crm-complaints")))
    assert customer.name in page(client.get("/"))
    assert client.post(one, {"answer": "已道歉并减免"}).status_code == 302
    row = Complaint.objects.get(customer=customer)
    assert client.post(reverse("crm-reopen-complaint", args=[row.id])).status_code == 302
    assert client.post(one, {"answer": "已退款"}).status_code == 302
    assert client.post(reverse("crm-close-complaint", args=[row.id])).status_code == 302
    row.refresh_from_db()
    assert row.state == "CLOSED"


def test_a_workbook_of_customers_is_previewed_masked_and_applied(
    client: Window, node: OrgNode
) -> None:
    row = {
        "kind": "PERSON", "name": "赵建华", "id_no": make.id_no(), "phone": "13805710001",
    }  # fmt: skip

    def choose(**changes: str) -> str:
        content = workbooks.write(sheet=SHEET, rows=[{**row, **changes}])
        upload = SimpleUploadedFile("客户.xlsx", content)
        return str(client.post(reverse("crm-import"), {"file": upload}).headers["Location"])

    bad = choose(phone="138057100")
    shown = page(client.get(bad))
    assert "手机号" in shown
    assert row["id_no"] not in shown
    good = choose()
    shown = page(client.get(good))
    assert "138****0001" in shown
    assert row["id_no"] not in shown
    assert client.post(good + "commit/").status_code == 302
    assert Customer.objects.filter(org=node).count() == 1


def test_the_palette_finds_a_customer_by_name_and_by_number(client: Window, node: OrgNode) -> None:
    fact = services.register_customer(
        org_id=node.id,
        kind="PERSON",
        name="赵建华",
        phone="13805710001",
        id_no="",
        city="杭州",
        actor=hq_actor(),
        at=timezone.now(),
    )
    for text in ("建华", "13805710001"):
        assert str(fact.customer_id) in page(client.get("/search/", {"text": text}))
