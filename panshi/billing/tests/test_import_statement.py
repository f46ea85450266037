"""Import statement and match lines … a file is taken once, whole; its money finds its bills."""

from datetime import date
from decimal import Decimal
from io import BytesIO
from uuid import UUID

import pytest
import xlsxwriter
from django.db import DatabaseError, IntegrityError, transaction
from django.utils.translation import override

from panshi.billing import queries, services
from panshi.billing.models import BankLine, BankStatement, BillBalance, CustomerAccount, Payment
from panshi.billing.tests import make
from panshi.billing.tests.bank_files import csv_of
from panshi.billing.tests.test_query_payment import money
from panshi.crm.models import Customer
from panshi.crm.tests import make as crm_make
from panshi.kit.models import Outbox
from panshi.kit.refusals import IllegalMove
from panshi.kit.sheets import SheetUnreadable
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make

D = Decimal

ROWS = (
    ("2027-06-21", "300.00", "甲公司", "6222001", "租金"),
    ("2027-06-21", "-20.00", "某供应商", "6222002", "货款"),
    ("2027-06-22", "5.50", "", "", "利息"),
)


def take(
    org: OrgNode,
    content: bytes,
    *,
    account: str = "3301 0001",
    opening: Decimal | None = None,
    closing: Decimal | None = None,
) -> UUID:
    return services.import_statement(
        content=content,
        file_name="bank.csv",
        account=account,
        org_id=org.id,
        opening=opening,
        closing=closing,
        actor=make.clerk(org),
        at=make.NOON,
    ).statement_id


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_reads_the_banks_encodings(encoding: str) -> None:
    org = org_make.operator()
    statement = BankStatement.objects.get(id=take(org, csv_of(ROWS, encoding=encoding)))
    assert (statement.opening, statement.closing) == (D(1000), D("1285.50"))
    rows = list(BankLine.objects.filter(statement=statement).order_by("line"))
    assert [(r.line, r.amount, r.payer) for r in rows] == [
        (2, Decimal("300.00"), "甲公司"), (3, Decimal("-20.00"), "某供应商"),
        (4, Decimal("5.50"), ""),
    ]  # fmt: skip
    assert rows[0].account == "6222001"
    assert rows[0].value_on == date(2027, 6, 21)


def test_reads_a_workbook_latest_line_first() -> None:
    made = BytesIO()
    book = xlsxwriter.Workbook(made, {"in_memory": True})
    sheet = book.add_worksheet("明细")
    heads = ("交易时间", "借方发生额", "贷方发生额", "账户余额", "对方名称")
    for column, words in enumerate(heads):
        sheet.write(2, column, words)
    rows = (
        ("2027-06-22 10:01:00", "", 7.5, 1007.5, "乙"),
        ("2027年6月21日", 100, "-", 1000, "丙"),
        ("2027/6/20", "", "1,100.00", 1100, "丁"),
    )
    for place, row in enumerate(rows, start=3):
        for column, cell in enumerate(row):
            sheet.write(place, column, cell)
    book.close()
    org = org_make.operator()
    take(org, made.getvalue(), opening=Decimal(0), closing=Decimal("1007.50"))
    rows_kept = BankLine.objects.filter(org=org).order_by("line")
    assert [r.amount for r in rows_kept] == [Decimal("7.50"), Decimal(-100), Decimal(1100)]


def test_a_debit_may_be_a_negative_income() -> None:
    org = org_make.operator()
    take(org, "交易日期,收入,对方户名\n2027-06-21,-12.5,银行\n".encode(), opening=Decimal(20))
    assert BankLine.objects.get(org=org).amount == Decimal("-12.50")


BROKEN = csv_of(ROWS).replace(b"1280.00", b"1281.00")
MISSING = b"\r\n".join(line for n, line in enumerate(csv_of(ROWS).split(b"\r\n")) if n != 2)


@pytest.mark.parametrize(
    ("content", "opening", "words"),
    [
        (BROKEN, None, "Line 3"),
        (MISSING, None, "2 and 3"),
        (csv_of(ROWS), Decimal(999), "Line 2"),
        (csv_of(ROWS).replace(b"300.00", b"3OO.00", 1), None, "2"),
        (csv_of(ROWS).replace(b"2027-06-22", b"2027-06-31"), None, "4"),
        ("交易日期,收入,支出\n2027-06-21,5,5\n".encode(), Decimal(0), "Line 2"),
        ("交易日期,收入\n2027-06-21,5\n".encode(), None, "opening"),
        (csv_of(ROWS).replace(b"1300.00", b""), None, "Line 2"),
        ("日期和钱\n1,2\n".encode(), None, ""),
        (b"\xff\xfe\x00\x01\x81", None, ""),
        (b"", None, ""),
        (b"PK\x03\x04 no zip", None, ""),
    ],
)
def test_refuses_what_does_not_add_up_naming_the_line(
    content: bytes, opening: Decimal | None, words: str
) -> None:
    org = org_make.operator()
    unfit = (services.StatementDoesNotAdd, SheetUnreadable)
    with override("en"), pytest.raises(unfit) as refused:
        take(org, content, opening=opening)
    assert words in refused.value.words
    assert not BankLine.objects.filter(org=org).exists()


def test_takes_a_file_and_a_line_once() -> None:
    org = org_make.operator()
    take(org, csv_of(ROWS))
    with pytest.raises(services.DuplicateLine):
        take(org, csv_of(ROWS))
    longer = csv_of([*ROWS, ("2027-06-23", "1.00", "丁", "", "")])
    with pytest.raises(services.DuplicateLine) as refused:
        take(org, longer)
    assert "2" in refused.value.words
    twice = csv_of(ROWS[:1]).split(b"\r\n")
    with pytest.raises(services.DuplicateLine):
        take(org_make.operator(), b"\r\n".join([*twice[:2], twice[1].replace(b"1300", b"1600")]))
    assert take(org_make.operator(), csv_of(ROWS))


def test_the_database_adds_up_too_and_keeps_what_the_bank_said() -> None:
    org = org_make.operator()
    statement = BankStatement.objects.get(id=take(org, csv_of(ROWS)))
    line = BankLine.objects.filter(org=org).latest("line")
    line.pk, line.line, line.fingerprint = None, 9, "x"
    with pytest.raises(IntegrityError), transaction.atomic():
        BankLine.objects.bulk_create([line])
    with pytest.raises(DatabaseError), transaction.atomic():
        BankLine.objects.filter(statement=statement).update(amount=1)


def town(org: OrgNode) -> tuple[Customer, UUID, str]:
    """A customer of this name with an open bill of 300.00."""
    customer = crm_make.customer(org=org, name="杭州远航物流有限公司")
    bill = make.bill(org, 300, customer_id=customer.id)
    return customer, bill.bill_id, bill.number


def test_books_what_is_plain_and_queues_the_rest() -> None:
    org = org_make.operator()
    customer, bill_id, number = town(org)
    take(
        org,
        csv_of(
            [
                ("2027-06-21", "300.00", "杭州远航物流", "6222009", f"付{number.lower()}"),
                ("2027-06-21", "45.00", "不知名", "6222010", ""),
                ("2027-06-21", "-20.00", "某供应商", "", "货款"),
            ]
        ),
    )

    fact = services.match_lines(org_id=org.id, actor=make.clerk(org), at=make.NOON)

    assert (fact.matched, fact.queued, fact.amount) == (1, 2, D(300))
    plain, stranger, out = BankLine.objects.filter(org=org).order_by("line")
    assert (plain.state, plain.score) == ("MATCHED", 120)
    assert ["NUMBER", 50] in plain.reasons
    assert BillBalance.objects.get(bill_id=bill_id).open_amount == 0
    assert (money(org)["1002"], "1122" in money(org)) == (D(300), False)
    assert (stranger.state, out.state) == ("QUEUED", "QUEUED")
    told = Outbox.objects.filter(org_id=org.id, name="billing.PaymentUnmatched")
    assert [row.payload["line_id"] for row in told] == [str(stranger.id)]
    again = services.match_lines(org_id=org.id, actor=make.clerk(org), at=make.NOON)
    assert (again.matched, told.count()) == (0, 1)
    assert Payment.objects.get(org=org).customer_id == customer.id


def test_a_person_confirms_and_the_account_is_evidence_from_then_on() -> None:
    org = org_make.operator()
    customer, bill_id, _number = town(org)
    take(org, csv_of([("2027-06-21", "350.00", "张三", "6222011", "")]))
    services.match_lines(org_id=org.id, actor=make.clerk(org), at=make.NOON)
    line = BankLine.objects.get(org=org)
    card = queries.bank_line(line_id=line.id, customer_id=customer.id, actor=make.clerk(org))
    assert [c.name for c in card.candidates] == [customer.name]

    services.confirm_match(
        line_id=line.id,
        customer_id=customer.id,
        bill_ids=[bill_id],
        actor=make.clerk(org),
        at=make.NOON,
    )

    assert BillBalance.objects.get(bill_id=bill_id).open_amount == 0
    free = queries.on_account(org_id=org.id, customer_id=customer.id, actor=make.clerk(org))
    assert free == 50
    assert CustomerAccount.objects.get(org=org).customer_id == customer.id
    with pytest.raises(IllegalMove):
        services.confirm_match(
            line_id=line.id, customer_id=customer.id, actor=make.clerk(org), at=make.NOON
        )
    make.bill(org, 450, customer_id=customer.id)
    take(org, csv_of([("2027-07-21", "450.00", "张三", "6222011", "")], opening="1350.00"))
    fact = services.match_lines(org_id=org.id, actor=make.clerk(org), at=make.NOON)
    assert fact.matched == 1  # Account and exact amount.


def test_a_virtual_account_and_the_amount_are_enough() -> None:
    org = org_make.operator()
    customer, bill_id, _number = town(org)
    services.give_virtual_account(
        customer_id=customer.id,
        account="3301 0001 0007",
        org_id=org.id,
        actor=make.clerk(org),
        at=make.NOON,
    )
    take(
        org,
        "交易日期,收入,对方户名,虚拟账号\n2027-06-21,300,张三,330100010007\n".encode(),
        opening=Decimal(0),
    )
    assert services.match_lines(org_id=org.id, actor=make.clerk(org), at=make.NOON).matched == 1
    assert BillBalance.objects.get(bill_id=bill_id).open_amount == 0


def test_a_pay_out_of_a_channel_is_booked_with_its_fee() -> None:
    org = org_make.operator()
    bill = make.bill(org, 1000)
    make.pay(org, bill.bill_id)
    take(org, csv_of([("2027-06-22", "994.00", "财付通", "", "结算款")]))
    services.match_lines(org_id=org.id, actor=make.clerk(org), at=make.NOON)
    line = BankLine.objects.get(org=org)
    with pytest.raises(services.NothingToPay):
        services.set_line_aside(line_id=line.id, kind="PAYOUT", actor=make.clerk(org), at=make.NOON)
    services.set_line_aside(
        line_id=line.id,
        kind="PAYOUT",
        channel="SIM",
        fee=Decimal(6),
        actor=make.clerk(org),
        at=make.NOON,
    )
    books = money(org)
    assert (books["1002"], books["6603"], "1012.sim" in books) == (D(994), D(6), False)


def test_a_line_set_aside_is_taken_up_again() -> None:
    org = org_make.operator()
    take(org, csv_of(ROWS))
    services.match_lines(org_id=org.id, actor=make.clerk(org), at=make.NOON)
    out = BankLine.objects.get(org=org, amount__lt=0)
    with pytest.raises(services.LineIsMoneyOut):
        services.confirm_match(
            line_id=out.id,
            customer_id=crm_make.customer(org=org).id,
            actor=make.clerk(org),
            at=make.NOON,
        )
    for kind in ("EXPENSE", "REFUND", "OTHER"):
        with pytest.raises(services.BookItInstead):
            services.set_line_aside(
                line_id=out.id, kind=kind, words="?", actor=make.clerk(org), at=make.NOON
            )
    services.set_line_aside(
        line_id=out.id, kind="OWN", words="转基本户", actor=make.clerk(org), at=make.NOON
    )
    assert queries.unmatched_lines(actor=make.clerk(org)) == 2
    services.take_line_up(line_id=out.id, actor=make.clerk(org), at=make.NOON)
    assert queries.unmatched_lines(actor=make.clerk(org)) == 3
