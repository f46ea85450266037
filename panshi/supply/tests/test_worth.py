"""Parts in stock stand in the books: received, invoiced, used on a job, counted, moved away."""

from datetime import date
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from django.db import DatabaseError, connection
from django.db.models import Sum
from django.urls import reverse

from panshi.billing import queries as billing_queries
from panshi.billing import services as billing
from panshi.kit.refusals import IllegalMove
from panshi.kit.tenancy import acting, hq_actor
from panshi.ledger import services as ledger
from panshi.ledger.models import Period, Posting
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make
from panshi.org.tests.window import page, window
from panshi.people.tests.make import NOON
from panshi.supply import queries, services
from panshi.supply.events import StockLine
from panshi.supply.models import (
    PartWorth,
    StockMovement,
    SupplierInvoice,
    SupplierInvoiceLine,
)
from panshi.supply.services.promising import count_invariants
from panshi.supply.tests.test_stock import line, place

DAY = date(2026, 6, 1)


@pytest.fixture
def org() -> OrgNode:
    return org_make.operator()


@pytest.fixture
def shelf(org: OrgNode) -> UUID:
    return place(org, kind="WAREHOUSE")


def receive(org: OrgNode, shelf: UUID, pieces: int, price: str | None = "113.00") -> UUID:
    """Pieces at a price that holds 13 % of VAT: 113.00 are 100.00 net."""
    given = StockLine(
        item_code="SEAL", quantity=pieces, unit_price=None if price is None else Decimal(price)
    )
    return services.receive_stock(
        location_id=shelf, lines=[given], supplier="杭州汽配", document="PO-1",
        actor=hq_actor(org.id), at=NOON,
    ).movement_ids[0]  # fmt: skip


def use(org: OrgNode, shelf: UUID, pieces: int, vehicle_id: UUID | None = None) -> None:
    services.consume_parts(
        location_id=shelf, lines=[line(pieces)], document="visit:1", vehicle_id=vehicle_id,
        actor=hq_actor(org.id), at=NOON,
    )  # fmt: skip


def enter(
    org: OrgNode, net: str, *receipts: UUID, vat: str = "130.00", number: str = "F-1"
) -> UUID:
    return services.enter_supplier_invoice(
        org_id=org.id, supplier="杭州汽配", number=number, issued_on=DAY, net=Decimal(net),
        vat=Decimal(vat), movement_ids=receipts, actor=org_make.actor(org, "supply.*"), at=NOON,
    ).invoice_id  # fmt: skip


def books(org: OrgNode) -> dict[str, str]:
    """The accounts of a book that are not zero; the promises of supply hold."""
    sums = Posting.objects.filter(org=org).values_list("account").annotate(Sum("amount"))
    for counted in count_invariants(org_id=org.id):
        assert not counted.broken, counted
    return {account: str(amount) for account, amount in sums.order_by() if amount}


def test_a_receipt_stands_net_until_its_invoice_brings_vat_and_debt(
    org: OrgNode, shelf: UUID
) -> None:
    receipt = receive(org, shelf, 10)
    assert books(org) == {"1405": "1000.00", "2202.est": "-1000.00"}
    invoice_id = enter(org, "1000.00", receipt)
    assert books(org) == {"1405": "1000.00", "2221.02": "130.00", "2202": "-1130.00"}
    with pytest.raises(services.ReceiptInvoiced):
        enter(org, "1000.00", receipt, number="F-2")
    with pytest.raises(services.InvoiceInvalid):
        enter(org, "1000.00", receive(org, shelf, 1), number="F-1")
    services.pay_supplier_invoice(
        invoice_id=invoice_id, paid_on=DAY, actor=org_make.actor(org, "supply.*"), at=NOON
    )
    assert books(org)["1002"] == "-1130.00"
    assert "2202" not in books(org)


def test_used_parts_cost_their_vehicle_the_average_and_the_last_takes_the_rest(
    org: OrgNode, shelf: UUID
) -> None:
    vehicle = uuid4()
    receive(org, shelf, 2)
    receive(org, shelf, 1, "226.00")
    use(org, shelf, 1, vehicle)
    mine = Posting.objects.filter(vehicle_id=vehicle, account="6401.parts")
    assert [str(leg.amount) for leg in mine] == ["133.33"]
    use(org, shelf, 2, vehicle)
    assert books(org) == {"6401.parts": "400.00", "2202.est": "-400.00"}
    assert PartWorth.objects.get(org=org).value == 0


def test_what_an_invoice_costs_more_goes_to_what_still_lies_there(
    org: OrgNode, shelf: UUID
) -> None:
    receipt = receive(org, shelf, 10)
    use(org, shelf, 4)
    invoice_id = enter(org, "1100.00", receipt, vat="143.00")
    assert books(org) == {
        "1405": "660.00", "6401.parts": "440.00", "2221.02": "143.00", "2202": "-1243.00",
    }  # fmt: skip
    use(org, shelf, 6)
    services.cancel_supplier_invoice(
        invoice_id=invoice_id, reason="开错", actor=org_make.actor(org, "supply.*"), at=NOON
    )
    assert books(org) == {"6401.parts": "1000.00", "2202.est": "-1000.00"}
    with pytest.raises(IllegalMove):
        services.pay_supplier_invoice(
            invoice_id=invoice_id, paid_on=DAY, actor=org_make.actor(org, "supply.*"), at=NOON
        )
    enter(org, "1000.00", receipt)  # Its receipt waits for the right one, of the same number.


def test_a_suppliers_credit_note_takes_stock_value_vat_and_debt_back(
    org: OrgNode, shelf: UUID
) -> None:
    receipt = receive(org, shelf, 10)
    use(org, shelf, 4)
    invoice_id = enter(org, "1000.00", receipt)
    line_id = SupplierInvoiceLine.objects.get(invoice_id=invoice_id).id
    desk = window(org, "FINANCE")
    url = reverse("supply-invoice-credit", args=[invoice_id])
    given = {
        "line": str(line_id), "number": "C-1", "issued_on": str(DAY), "net": "100.00",
        "vat": "13.00", "reason": "降价",
    }  # fmt: skip
    for bad in ({"net": "1000.01"}, {"vat": "130.01"}, {"net": "1000.00"}, {"net": "0"}):
        assert desk.post(url, given | bad).status_code == 422, bad
    assert desk.post(url, given).status_code == 302
    assert desk.post(url, given).status_code == 422  # The same note again.
    assert books(org) == {
        "1405": "540.00", "6401.parts": "360.00", "2221.02": "117.00", "2202": "-1017.00",
    }  # fmt: skip
    assert "C-1" in page(desk.get(reverse("supply-invoice", args=[invoice_id])))
    boss = org_make.actor(org, "supply.*", "billing.*")
    with pytest.raises(services.InvoiceInvalid):
        services.cancel_supplier_invoice(invoice_id=invoice_id, reason="x", actor=boss, at=NOON)
    content = "交易日期,支出,余额,对方户名,附言\n2026-06-01,1017.00,-1017.00,杭州汽配,F-1 货款\n"
    billing.import_statement(
        content=content.encode(), file_name="b.csv", account="1", org_id=org.id, actor=boss,
        at=NOON,
    )  # fmt: skip
    billing.match_lines(org_id=org.id, actor=boss, at=NOON)
    (bank_line,) = billing_queries.bank_rows(actor=boss).rows
    (due,) = billing_queries.outgoing_candidates(line_id=bank_line.id, actor=boss)
    assert due.kind == "DUE"
    assert {code for code, _points in due.reasons} == {"EXACT", "NUMBER", "NAME", "NEAR"}
    assert desk.post(due.url).status_code == 302
    assert "2202" not in books(org)
    (agreed,) = billing_queries.bank_agreements(actor=boss)
    assert [agreed.bank, agreed.unbooked, agreed.rest] == [Decimal(-1017), Decimal(0), Decimal(0)]


def test_a_supplier_sends_money_back_for_what_was_paid(org: OrgNode, shelf: UUID) -> None:
    receipt = receive(org, shelf, 10)
    invoice_id = enter(org, "1000.00", receipt)
    line_id = SupplierInvoiceLine.objects.get(invoice_id=invoice_id).id
    boss = org_make.actor(org, "supply.*", "billing.*")

    def credit(number: str, net: str, vat: str) -> None:
        services.enter_supplier_credit(
            invoice_id=invoice_id, line_id=line_id, number=number, issued_on=DAY,
            net=Decimal(net), vat=Decimal(vat), reason="破损", actor=boss, at=NOON,
        )  # fmt: skip

    def refund(amount: str) -> None:
        services.receive_supplier_refund(
            invoice_id=invoice_id, received_on=DAY, amount=Decimal(amount), actor=boss, at=NOON
        )

    credit("C-1", "100.00", "13.00")  # It lowers what is paid, so nothing comes back of it.
    with pytest.raises(services.RefundInvalid):
        refund("113.00")
    services.pay_supplier_invoice(
        invoice_id=invoice_id, paid_on=DAY, actor=org_make.actor(org, "supply.*"), at=NOON
    )
    with pytest.raises(services.RefundInvalid):
        refund("0.01")
    credit("C-2", "200.00", "26.00")
    credit("C-3", "50.00", "6.50")
    assert books(org)["2202"] == "282.50"  # The supplier owes it.
    content = "交易日期,收入,余额,对方户名,附言\n2026-06-01,226.00,226.00,杭州汽配,C-2 退款\n"
    billing.import_statement(
        content=content.encode(), file_name="b.csv", account="1", org_id=org.id, actor=boss,
        at=NOON,
    )  # fmt: skip
    billing.match_lines(org_id=org.id, actor=boss, at=NOON)
    (bank_line,) = billing_queries.bank_rows(actor=boss).rows
    (due,) = billing_queries.incoming_candidates(line_id=bank_line.id, actor=boss)
    assert {code for code, _points in due.reasons} == {"EXACT", "NUMBER", "NAME", "NEAR"}
    desk = window(org, "FINANCE")
    assert due.url in page(desk.get(reverse("billing-bank-line", args=[bank_line.id])))
    assert desk.post(due.url).status_code == 302
    assert books(org)["2202"] == "56.50"
    assert billing_queries.bank_line(line_id=bank_line.id, actor=boss).state == "CONFIRMED"

    url = reverse("supply-invoice", args=[invoice_id])
    shown = page(desk.get(url))
    assert "Book what came back" in shown
    assert "56.50" in shown
    given = {"received_on": str(DAY), "amount": "56.51", "reference": ""}
    assert desk.post(f"{url}?act=back", given).status_code == 409
    assert desk.post(f"{url}?act=back", given | {"amount": "56.50"}).status_code == 302
    assert "2202" not in books(org)
    assert "Book what came back" not in page(desk.get(url))


def test_an_unpriced_receipt_is_worth_what_its_invoice_says(org: OrgNode, shelf: UUID) -> None:
    first, second = receive(org, shelf, 4, None), receive(org, shelf, 1)
    with pytest.raises(services.InvoiceInvalid):
        enter(org, "500.00", first, second)
    enter(org, "80.00", first, vat="10.40")
    assert books(org)["1405"] == "180.00"


def test_counted_scrapped_and_sent_to_another_book(org: OrgNode, shelf: UUID) -> None:
    receive(org, shelf, 10)
    by = hq_actor(org.id)
    services.count_stock(location_id=shelf, item_code="SEAL", counted=9, actor=by, at=NOON)
    services.scrap_parts(location_id=shelf, lines=[line(1)], reason="摔坏", actor=by, at=NOON)
    assert books(org)["6602.stock"] == "200.00"
    services.count_stock(location_id=shelf, item_code="SEAL", counted=10, actor=by, at=NOON)
    assert books(org) == {"1405": "1000.00", "2202.est": "-1000.00"}

    other = org_make.operator()
    services.move_stock(
        source_id=shelf, target_id=place(other, kind="WAREHOUSE"), lines=[line(5)],
        reason="TRANSFER", actor=hq_actor(org.id), at=NOON,
    )  # fmt: skip
    assert books(org) == {"1405": "500.00", "1221.90": "500.00", "2202.est": "-1000.00"}
    assert books(other) == {"1405": "500.00", "2241.90": "-500.00"}


def test_a_part_is_used_though_the_month_is_closed(org: OrgNode, shelf: UUID) -> None:
    receive(org, shelf, 1)
    Period.objects.create(
        org=org, month=DAY.replace(day=1), state="CLOSED", closed_at=NOON, closed_by_id=uuid4()
    )
    use(org, shelf, 1)
    assert Posting.objects.get(org=org, account="6401.parts").occurred_on == date(2026, 7, 1)
    receipt = StockMovement.objects.get(org=org, reason="RECEIPT").id
    enter(org, "100.00", receipt, vat="13.00")
    assert Posting.objects.get(org=org, account="2202").occurred_on == date(2026, 7, 1)
    with pytest.raises(ledger.PeriodClosed):
        services.pay_supplier_invoice(
            invoice_id=SupplierInvoice.objects.get(org=org).id, paid_on=DAY,
            actor=org_make.actor(org, "supply.*"), at=NOON,
        )  # fmt: skip


def test_stock_from_before_is_taken_into_the_books_once(org: OrgNode, shelf: UUID) -> None:
    receive(org, shelf, 3, None)
    by = org_make.actor(org, "supply.*")

    def take(price: str | None = None) -> Decimal:
        given = (
            [StockLine(item_code="SEAL", quantity=1, unit_price=Decimal(price))] if price else []
        )
        return services.take_stock_into_books(org_id=org.id, prices=given, actor=by, at=NOON).amount

    assert take() == 0
    assert take("113.00") == Decimal(300)
    assert take() == 0
    assert books(org) == {"1405": "300.00", "4103": "-300.00"}
    with pytest.raises(services.WorthKnown):
        take("113.00")


def test_who_entered_an_invoice_does_not_pay_it_and_the_database_agrees(
    org: OrgNode, shelf: UUID
) -> None:
    by = org_make.actor(org, "supply.*")
    invoice_id = services.enter_supplier_invoice(
        org_id=org.id, supplier="杭州汽配", number="F-1", issued_on=DAY, net=Decimal(100),
        vat=Decimal(13), movement_ids=[receive(org, shelf, 1)], actor=by, at=NOON,
    ).invoice_id  # fmt: skip
    with pytest.raises(services.OwnInvoice):
        services.pay_supplier_invoice(invoice_id=invoice_id, paid_on=DAY, actor=by, at=NOON)
    for change in ("net = 1", "state = 'PAID', closed_by_id = entered_by_id, closed_at = now()"):
        with pytest.raises(DatabaseError), acting(by, to_write=True), connection.cursor() as cursor:
            cursor.execute(f"UPDATE supply_supplierinvoice SET {change}")


def test_the_pages_open_a_place_receive_invoice_and_pay(org: OrgNode, shelf: UUID) -> None:
    keeper, clerk, second = (window(org, role) for role in ("WAREHOUSE", "FINANCE", "FINANCE"))
    opened = {
        "kind": "WAREHOUSE",
        "name": "城东库",
        "city": "杭州",
        "lon": "",
        "lat": "",
        "plate": "",
    }
    new = reverse("supply-location-new")
    far = keeper.post(new, opened | {"lon": "500", "lat": "30"})
    assert "120.15" in far.content.decode()
    assert keeper.post(new, opened).status_code == 422
    answer = keeper.post(new, opened | {"lon": "120.2", "lat": "30.3"})
    assert answer.status_code == 302
    assert "城东库" in page(keeper.get(answer["Location"]))

    van = place(org, kind="VAN")
    window(org, "ENGINEER")
    assert 'value="' in page(keeper.get(reverse("supply-van", args=[van])))
    part = {
        "code": "BELT", "name_zh": "皮带", "name_en": "Belt", "unit": "PCS", "spec": "",
    }  # fmt: skip
    assert keeper.post(reverse("supply-part-new"), part).status_code == 302
    assert keeper.post(reverse("supply-part-new"), part).status_code == 422
    goods = {
        "item": "BELT", "quantity": "10", "unit_price": "113.00", "lot": "", "supplier": "杭州汽配",
        "document": "PO-7",
    }  # fmt: skip
    here = reverse("supply-receive", args=[shelf])
    assert keeper.post(here, goods | {"quantity": "0"}).status_code == 422
    assert keeper.post(here, goods).status_code == 302
    assert "1,000.00" in page(keeper.get(reverse("supply-worth")))
    move = {"item": "BELT|", "quantity": "99", "target": answer["Location"].split("/")[-2]}
    assert keeper.post(reverse("supply-move", args=[shelf]), move).status_code == 422
    assert (
        keeper.post(reverse("supply-move", args=[shelf]), move | {"quantity": "4"}).status_code
        == 302
    )
    scrapped = {"item": "BELT|", "quantity": "1", "reason": "压坏"}
    assert keeper.post(reverse("supply-scrap", args=[shelf]), scrapped).status_code == 302
    counted = {"item": "BELT|", "quantity": "6"}
    assert keeper.post(reverse("supply-count", args=[shelf]), counted).status_code == 302
    assert books(org) == {"1405": "1000.00", "2202.est": "-1000.00"}

    (row,) = queries.receipts_to_invoice(org_id=org.id, actor=hq_actor(org.id))
    assert clerk.post(here, goods).status_code == 409
    asked = {
        "supplier": "杭州汽配", "number": "F-9", "issued_on": DAY.isoformat(), "net": "1000.00",
        "vat": "130.00", "receipts": str(row.movement_id),
    }  # fmt: skip
    assert str(row.movement_id) in page(clerk.get(reverse("supply-invoice-new")))
    assert clerk.post(reverse("supply-invoice-new"), asked | {"net": "0"}).status_code == 422
    made = clerk.post(reverse("supply-invoice-new"), asked)
    assert made.status_code == 302, made.content
    paid = {"paid_on": DAY.isoformat(), "reference": "B-1"}
    assert clerk.post(made["Location"] + "?act=pay", paid).status_code == 409
    assert second.post(made["Location"] + "?act=pay", paid).status_code == 302
    assert "F-9" in page(clerk.get(reverse("supply-invoices")))
    assert second.post(made["Location"] + "?act=cancel", {"reason": "错"}).status_code == 409
