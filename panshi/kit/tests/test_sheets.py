"""Sheets: what cells hold is read, refused at its cell, and written back unchanged."""

import io
import zipfile
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
import xlsxwriter
from django.utils import translation
from hypothesis import given, settings
from hypothesis import strategies as st
from python_calamine import load_workbook

from panshi.kit import sheets, workbooks
from panshi.kit.sheets import (
    Column,
    Reader,
    Reading,
    Sheet,
    SheetUnreadable,
    Wrong,
    choice,
    code,
    day,
    money,
    number,
    text,
)

pytestmark = pytest.mark.plain

SHEET = Sheet(
    name="台账",
    columns=(
        Column(key="name", header="名称", aliases=("Name",), required=True, read=text(longest=20)),
        Column(key="number", header="证件号码", read=code(longest=18)),
        Column(key="bought_on", header="购置日期", read=day),
        Column(key="cost", header="购置价(元)", read=money),
        Column(key="kind", header="种类", read=choice({"甲": "A", "乙": "B"}), options=("甲", "乙"),
               shown={"A": "甲", "B": "乙"}.get),
    ),
)  # fmt: skip


def _file(*rows: Sequence[Any], name: str = "台账", dates: bool = True) -> bytes:
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False})
    page = book.add_worksheet(name)
    day_format = book.add_format({"num_format": "yyyy-mm-dd"})
    for at, row in enumerate(rows):
        for place, value in enumerate(row):
            if isinstance(value, date | datetime):
                page.write_datetime(at, place, value, day_format)
            elif isinstance(value, str):
                page.write_string(at, place, value)
            elif value is not None:
                page.write_number(at, place, value)
    book.close()
    return buffer.getvalue()


def _read(*rows: Sequence[Any]) -> Reading:
    return sheets.read(content=_file(*rows), sheet=SHEET)


def test_reads_values_by_their_types() -> None:
    reading = _read(
        ["名称*", "证件号码", "购置日期", "购置价（元）", "种类"],
        ["一号", "ＡＢ１２", date(2027, 1, 5), 1234.5, "甲"],
        [],
        [" 二号 ", 13805710001, "2027年1月5日", "86,800", "乙"],
        [3, None, 46392, None, None],
    )
    assert reading.errors == ()
    assert [line.values for line in reading.lines] == [
        {"name": "一号", "number": "AB12", "bought_on": date(2027, 1, 5),
         "cost": Decimal("1234.5"), "kind": "A"},
        {"name": "二号", "number": "13805710001", "bought_on": date(2027, 1, 5),
         "cost": Decimal(86_800), "kind": "B"},
        {"name": "3", "bought_on": date(2027, 1, 5)},
    ]  # fmt: skip
    assert [line.row for line in reading.lines] == [2, 4, 5]


@pytest.mark.parametrize(
    ("reader", "raw"),
    [
        (day, "2027-2-29"),
        (day, 60),
        (day, "5.1.2027"),
        (day, "昨天"),
        (day, date(1900, 2, 28)),
        (day, True),
        (money, "3,000元整"),
        (money, "¥"),
        (day, 20271332),
        (day, "2027-1-5 08:30"),
        (money, "1.2万"),
        (money, "-1"),
        (money, "0.001"),
        (money, 1e20),
        (money, "NaN"),
        (money, "1e999999999"),
        (money, "30,00"),
        (money, date(2027, 1, 1)),
        (number(), "1.5"),
        (text(longest=3), "四个字的"),
        (text(longest=3), "a\0b"),
        (text(longest=40), date(2027, 1, 1)),
        (code(longest=18), 330106199001011230.0),
        (code(longest=18), 1.5),
        (choice({"甲": "A"}), "丙"),
    ],
)
def test_refuses_what_a_cell_must_not_hold(reader: Reader, raw: Any) -> None:
    with pytest.raises(Wrong) as wrong:
        reader(raw)
    assert str(wrong.value)


@pytest.mark.parametrize(
    ("reader", "raw", "value"),
    [
        (day, "2024/1/5", date(2024, 1, 5)),
        (day, "2024年1月5日", date(2024, 1, 5)),
        (day, "２０２４－０１－０５", date(2024, 1, 5)),
        (day, "2024-01-05 00:00:00", date(2024, 1, 5)),
        (day, 20240105, date(2024, 1, 5)),
        (day, "20240105", date(2024, 1, 5)),
        (day, 45296.0, date(2024, 1, 5)),
        (money, "¥3,500.00", Decimal(3500)),
        (money, "￥ ３，５００", Decimal(3500)),
        (money, "3,500元", Decimal(3500)),
    ],
)
def test_takes_days_and_amounts_as_operators_write_them(
    reader: Reader, raw: Any, value: Any
) -> None:
    assert reader(raw) == value


def test_reads_two_rows_of_merged_headers() -> None:
    reading = _read(
        ["车辆台账 2027"],
        ["名称", "证件号码", "购置", None, "种类"],
        [None, None, "购置日期", "购置价", None],
        ["一号", "AB12", "2027-1-5", "¥1,200", "甲"],
    )
    assert reading.header_row == 3
    assert reading.unused == ("购置价",)
    assert [(line.row, line.values) for line in reading.lines] == [
        (4, {"name": "一号", "number": "AB12", "bought_on": date(2027, 1, 5), "kind": "A"})
    ]


def test_names_row_column_header_and_reason() -> None:
    with translation.override("en"):
        reading = _read(
            ["说明：请勿改动表头"],
            ["备注", "Name", "购置日期"],
            ["x", "好", "2027-1-5"],
            ["x", "", "2027-2-30"],
        )
        assert [str(error) for error in reading.errors] == [
            "Row 4, column B 名称: This is needed.",
            "Row 4, column C 购置日期: There is no such day.",
        ]
    assert reading.errors[1].value == "2027-2-30"
    assert reading.unused == ("备注",)
    assert [line.values is None for line in reading.lines] == [False, True]


def test_finds_the_sheet_whatever_it_is_called_and_wherever_it_stands() -> None:
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    book.add_worksheet("封面").write_string(0, 0, "磐石")
    page = book.add_worksheet("改过名")
    page.write_string(2, 1, "名称")
    page.write_string(3, 1, "一号")
    book.close()
    reading = sheets.read(content=buffer.getvalue(), sheet=SHEET)
    assert [(line.row, line.values) for line in reading.lines] == [(4, {"name": "一号"})]


def _bomb() -> bytes:
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed,
        packed.open("xl/worksheets/sheet1.xml", "w") as part,
    ):
        for _ in range(300):
            part.write(b"\0" * 1024 * 1024)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"name,phone",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 an old xls",
        b"PK\x03\x04 torn",
        _file(["表头被合并了"], ["一号"]),
        _file(["名称"]),
        _file(["名称", "名称"], ["一号", "二号"]),
        _file(["名称", "Name"], ["一号", "二号"]),
    ],
)
def test_refuses_a_file_that_is_no_such_sheet(content: bytes) -> None:
    with pytest.raises(SheetUnreadable):
        sheets.read(content=content, sheet=SHEET)


def test_refuses_a_bomb_before_unpacking_it() -> None:
    with pytest.raises(SheetUnreadable, match=r"."):
        sheets.read(content=_bomb(), sheet=SHEET)


def test_passes_over_many_empty_rows() -> None:
    rows: list[list[Any]] = [["名称"], *[[""] for _ in range(20_000)], ["末行"]]
    reading = _read(*rows)
    assert [line.row for line in reading.lines] == [20_002]


def test_writes_what_excel_would_run_as_text() -> None:
    wild = ["=A1+B1", "+cmd", "-1", "@sum", "\tx", "<script>", "a\u202eb", "𠮷田", "#$*"]
    content = workbooks.write(sheet=SHEET, rows=[{"name": words[:20]} for words in wild])
    book = load_workbook(io.BytesIO(content))
    column = [row[0] for row in book.get_sheet_by_index(0).to_python()][1:]
    assert column == [words[:20] for words in wild]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "name": st.text(
                    st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=20
                ).filter(lambda words: words.strip() == words and words),
            },
            optional={
                "bought_on": st.dates(date(1970, 1, 1), date(2100, 12, 31)),
                "cost": st.decimals(0, 10**9, places=2),
                "kind": st.sampled_from(["A", "B"]),
                "number": st.from_regex(r"[0-9A-Z]{1,18}", fullmatch=True),
            },
        ),
        min_size=1,
        max_size=8,
    )
)
def test_what_is_written_reads_back_the_same(rows: list[dict[str, Any]]) -> None:
    reading = sheets.read(content=workbooks.write(sheet=SHEET, rows=rows), sheet=SHEET)
    assert reading.errors == ()
    assert [line.values for line in reading.lines] == rows


def test_the_template_reads_as_empty_and_explains_itself() -> None:
    content = workbooks.template(sheets=[SHEET])
    with pytest.raises(SheetUnreadable):
        sheets.read(content=content, sheet=SHEET)
    book = load_workbook(io.BytesIO(content))
    assert book.get_sheet_by_index(0).to_python()[0] == [
        "名称*", "证件号码", "购置日期", "购置价(元)", "种类",
    ]  # fmt: skip
    assert len(book.get_sheet_by_index(1).to_python()) == 1 + len(SHEET.columns)


def test_the_marked_copy_keeps_rows_in_place_and_says_what_is_wrong() -> None:
    reading = _read(["名称", "购置日期"], ["一号", "2027-1-5"], ["二号", "2027-2-30"])
    content = workbooks.marked_copy(
        sheet=SHEET,
        header_row=reading.header_row,
        headers=reading.headers,
        rows={line.row: line.shown for line in reading.lines},
        errors=reading.errors,
    )
    grid = load_workbook(io.BytesIO(content)).get_sheet_by_index(0).to_python()
    assert grid[1][:2] == ["一号", "2027-1-5"]
    assert grid[2][:2] == ["二号", "2027-2-30"]
    assert "购置日期" in str(grid[2][2])
