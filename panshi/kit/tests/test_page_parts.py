"""Tables, forms, values and small drawings, without a page around them."""

import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import pytest
from django.db import models
from django.http import QueryDict
from django.test import RequestFactory
from django.utils import translation
from python_calamine import CalamineWorkbook

from panshi.kit import cells, drawings, exports, forms, records
from panshi.kit.clock import SHANGHAI
from panshi.kit.listing import TableView
from panshi.kit.tables import Column, Filter, Slice, Table
from panshi.kit.tenancy import Actor
from panshi.kit.web import Request

pytestmark = pytest.mark.plain
NOON = datetime(2027, 3, 9, 4, 5, tzinfo=UTC)


class Standing(models.TextChoices):
    IDLE = "IDLE", "空闲"
    LEASED = "LEASED", "在租"


@dataclass(frozen=True, slots=True)
class Row:
    id: int
    plate: str
    standing: str
    rent: Decimal | None
    at: datetime


ROWS = [
    Row(1, "粤BD12345", "LEASED", Decimal("3862.10"), NOON),
    Row(2, "粤B12345", "IDLE", None, NOON),
]
TABLE = Table(
    name="vehicles",
    columns=(
        Column(key="plate", label="车牌", kind="plate", sort=True),
        Column(
            key="standing", label="状态", kind="state", choices=Standing, tones={"LEASED": "ok"}
        ),
        Column(key="rent", label="月租", kind="money", sort=True),
        Column(key="at", label="时间", kind="moment", hidden=True),
    ),
    filters=(
        Filter(key="text", label="车牌"),
        Filter(key="standing", label="状态", kind="choice", choices=Standing),
        Filter(key="at", label="时间", kind="days", more=True),
    ),
    sort="plate",
    export="vehicles",
)


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    with translation.override("en"):
        yield


def view(query: str, **part: Any) -> TableView:
    request = cast(Request, RequestFactory().get(f"/vehicles/?{query}"))
    request.actor = Actor(id=UUID(int=1), org_id=1, org_ids=(1,))
    return TABLE.view(request, TABLE.read(request.GET), Slice(rows=ROWS, **part))


def text(html: str) -> str:
    return re.sub(r"<[^>]+>", "", html)


def test_the_address_is_read_and_nonsense_falls_back() -> None:
    ask = TABLE.read(QueryDict("text=+粤B+&sort=-rent&page=3&size=50&standing=&other=1"))

    assert ask.given == {"text": "粤B"}
    assert (ask.order_by, ask.limit, ask.offset) == ("-rent", 50, 100)

    odd = TABLE.read(QueryDict("sort=password&page=-4&size=7000&export=exe&page=x"))
    assert (odd.order_by, odd.limit, odd.offset, odd.export) == ("plate", 20, 0, "")


def test_days_of_a_filter_become_moments_of_shanghai() -> None:
    ask = TABLE.read(QueryDict("at_from=2027-03-01&at_to=2027-03-09"))

    assert ask.since("at") == datetime(2027, 2, 28, 16, tzinfo=UTC)
    assert ask.until("at") == datetime(2027, 3, 9, 16, tzinfo=UTC)
    assert TABLE.read(QueryDict("at_from=yesterday")).since("at") is None


def test_cells_show_labels_dots_and_dashes() -> None:
    table = view("")

    cells = [re.split("</t[hd]>", line.html)[:-1] for line in table.lines]
    first, second = ([text(cell) for cell in row] for row in cells)
    assert first == ["粤B·D12345", "在租", "¥3,862.10"]
    assert second == ["粤B·12345", "空闲", "—"]
    assert "state-ok" in cells[0][1]
    assert "plate-green" in cells[0][0]
    assert "plate-blue" in cells[1][0]
    assert cells[0][1].startswith('<td data-label="')


def test_a_cell_and_its_heading_are_escaped() -> None:
    table = Table(
        name="odd",
        columns=(Column(key="plate", label="<a>"), Column(key="standing", label='"<b>', show=str)),
    )
    request = cast(Request, RequestFactory().get("/odd/"))
    request.actor = Actor(id=UUID(int=1), org_id=1, org_ids=(1,))
    row = SimpleNamespace(plate="<script>", standing="<i>")
    shown = table.view(request, table.read(request.GET), Slice(rows=[row])).lines[0].html
    assert "<script>" not in shown
    assert 'data-label="&quot;&lt;b&gt;"' in shown
    assert "<i>" not in shown


def test_every_link_of_the_page_keeps_the_rest_of_its_state() -> None:
    table = view("text=粤B&standing=IDLE&sort=-rent&size=50&page=2", total=180)

    assert [chip.value for chip in table.chips] == ["粤B", "空闲"]
    assert "standing=IDLE" in table.chips[0].url
    assert "text=" not in table.chips[0].url
    for link in [h.sort_url for h in table.heads if h.sort_url] + [s.url for s in table.sizes]:
        assert "standing=IDLE" in link
        assert "page=" not in link
    assert table.next_url.endswith("page=3")
    assert [p.label if p else "…" for p in table.pages] == ["1", "2", "3", "4"]
    assert table.reset_url == "/vehicles/?sort=-rent&size=50"
    assert table.here.endswith("page=2")


def test_columns_of_the_address_win_over_the_hidden_ones() -> None:
    assert [h.key for h in view("").heads] == ["plate", "standing", "rent"]
    assert [h.key for h in view("columns=,at").heads] == ["plate", "at"]


def test_totals_stand_under_their_column() -> None:
    totals = view("", totals={"rent": Decimal("3862.10")}).totals

    assert [text(cell.html) for cell in totals] == ["Total", "", "¥3,862.10"]


def test_an_export_holds_figures_dates_and_labels() -> None:
    answer = exports.respond(
        name="vehicles",
        kind="xlsx",
        columns=TABLE.columns,
        rows=ROWS,
        totals={"rent": Decimal("3862.10")},
    )

    book = CalamineWorkbook.from_filelike(io.BytesIO(answer.content))
    local_noon = NOON.astimezone(SHANGHAI).replace(tzinfo=None)
    head, first, second, foot = book.get_sheet_by_index(0).to_python()
    assert head == ["车牌", "状态", "月租", "时间"]
    assert first == ["粤BD12345", "在租", 3862.1, local_noon]
    assert second[2] == ""
    assert foot[:3] == ["Total", "", 3862.1]
    assert re.fullmatch(
        r'attachment; filename="vehicles-\d{4}-\d\d-\d\d\.xlsx"', answer["Content-Disposition"]
    )


def test_a_text_export_disarms_formulas() -> None:
    row = Row(1, "=cmd|' /C calc'!A0", "IDLE", None, NOON)

    lines = exports.comma_separated(["车牌"], [[exports.plain(TABLE.columns[0], row)]], []).decode(
        "utf-8-sig"
    )

    assert lines.splitlines()[1].startswith("'=cmd")


def test_an_excel_export_keeps_formulas_as_text() -> None:
    content = exports.xlsx(["车牌", "备注"], [["=1+1", "@x"], ["-3", "+86"]], [])

    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        assert b"<f>" not in packed.read("xl/worksheets/sheet1.xml")
        assert b"quotePrefix" in packed.read("xl/styles.xml")
    rows = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()
    assert rows[1:] == [["=1+1", "@x"], ["-3", "+86"]]


@pytest.mark.parametrize(
    ("shown", "of", "words"),
    [
        (exports.LIMIT, 83_211, "Only the first 50,000 of 83,211 rows"),
        (exports.LIMIT, None, "Only the first 50,000 rows"),
        (exports.LIMIT, exports.LIMIT, ""),
        (30, 30, ""),
        (30, None, ""),
    ],
)
def test_a_cut_export_says_so(shown: int, of: int | None, words: str) -> None:
    with translation.override("en"):
        assert exports.cut_words(shown, of).startswith(words)
        assert bool(exports.cut_words(shown, of)) == bool(words)


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_a_cut_file_says_so_in_its_last_row_and_its_name(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "LIMIT", len(ROWS))
    answer = exports.respond(
        name="vehicles", kind=kind, columns=TABLE.columns, rows=ROWS, totals={}, of=900
    )

    assert f"vehicles-first-{len(ROWS)}-" in answer["Content-Disposition"]
    if kind == "csv":
        last = answer.content.decode("utf-8-sig").splitlines()[-1]
    else:
        book = CalamineWorkbook.from_filelike(io.BytesIO(answer.content))
        last = str(book.get_sheet_by_index(0).to_python()[-1][0])
    assert "900" in last


def test_a_list_longer_than_its_export_says_so_beside_it() -> None:
    assert view("").export_cut == ""
    assert "50,001" in view("", total=exports.LIMIT + 1).export_cut


def test_values_are_escaped() -> None:
    assert cells.show("<b>") == "&lt;b&gt;"
    assert "&lt;" in cells.show("<script>", "mono")
    with pytest.raises(ValueError, match="no tone"):
        cells.state("x", "pink")


def test_figures_read_as_people_write_them() -> None:
    assert text(cells.money(Decimal("-12345.6"))) == "-¥12,345.60"
    assert text(cells.number(1234567)) == "1,234,567"
    assert text(cells.number(12.50)) == "12.5"
    assert text(cells.number(1000.0)) == "1,000"
    assert text(cells.percent(0.953)) == "95.3%"
    assert text(cells.day(NOON)) == "2027-03-09"
    assert text(cells.moment(NOON)) == "2027-03-09 12:05"
    assert text(cells.phone("13812345678")) == "138****5678"


FORM = forms.Form(
    fields=[
        forms.Field(name="vin", kind="mono", longest=17),
        forms.Field(name="rent", kind="money", least=0),
        forms.Field(name="km", kind="whole", required=False),
        forms.Field(name="on", kind="day"),
        forms.Field(name="at", kind="moment", required=False),
        forms.Field(name="standing", kind="choice", choices=Standing),
        forms.Field(name="standings", kind="choices", choices=Standing, required=False),
        forms.Field(name="new", kind="flag", required=False),
        forms.Field(name="lessee", kind="id", required=False),
    ]
)
GOOD = (
    "vin=+LZYTBGBW5K1004567+&rent=3,862.10&km=12,000&on=2027-03-09&at=2027-03-09T12:05&standing=IDLE"
    "&standings=IDLE&standings=LEASED&new=1&lessee=00000000-0000-0000-0000-000000000007"
)


def test_a_form_reads_typed_values() -> None:
    reading = FORM.read(QueryDict(GOOD.replace(",", "%2C").replace(":", "%3A")))

    assert reading.ok, reading.errors
    assert reading.values == {
        "vin": "LZYTBGBW5K1004567",
        "rent": Decimal("3862.10"),
        "km": 12_000,
        "on": date(2027, 3, 9),
        "at": NOON,
        "standing": "IDLE",
        "standings": ["IDLE", "LEASED"],
        "new": True,
        "lessee": UUID(int=7),
    }


@pytest.mark.parametrize(
    ("typed", "name", "words"),
    [
        ("rent=abc", "rent", "Write a number."),
        ("rent=NaN", "rent", "Write a number."),
        ("rent=1.234", "rent", "At most two decimals."),
        ("rent=-1", "rent", "At least 0."),
        ("km=1.5", "km", "Write a whole number."),
        ("on=9.3.2027", "on", "Write a day as 2027-03-09."),
        ("on=0001-01-01", "on", "Write a day as 2027-03-09."),
        ("on=9999-12-31", "on", "Write a day as 2027-03-09."),
        ("at=0001-01-01T00:00", "at", "Write a moment as 2027-03-09 14:05."),
        ("at=noon", "at", "Write a moment as 2027-03-09 14:05."),
        ("standing=GONE", "standing", "Choose one of the list."),
        ("standings=GONE", "standings", "Choose one of the list."),
        ("lessee=7", "lessee", "Choose one of the list."),
        ("vin=", "vin", "This is needed."),
        ("vin=LZYTBGBW5K10045678", "vin", "At most 17 characters."),
    ],
)
def test_a_form_says_what_is_wrong_beside_the_field(typed: str, name: str, words: str) -> None:
    reading = FORM.read(QueryDict(typed))

    assert reading.errors[name] == words
    assert [f.error for f in reading.fields if f.name == name] == [words]
    assert name not in reading.values


def test_a_form_keeps_what_was_typed_and_its_key() -> None:
    key = UUID(int=9)
    reading = FORM.read(QueryDict(f"vin=LZY&rent=oops&standing=LEASED&_key={key}"))

    shown = {f.name: f for f in reading.fields}
    assert reading.key == key
    assert (shown["vin"].value, shown["rent"].value) == ("LZY", "oops")
    assert [o.value for o in shown["standing"].options if o.chosen] == ["LEASED"]


def test_a_blank_form_shows_what_it_is_given() -> None:
    shown = {f.name: f for f in FORM.blank(rent=Decimal("12.50"), at=NOON, new=True).fields}

    assert shown["rent"].value == "12.50"
    assert shown["at"].value == "2027-03-09T12:05"
    assert shown["new"].value == "1"


def test_a_form_follows_the_signature_of_a_verb() -> None:
    def register(
        *, vin: str, km: int, rent: Decimal, on: date | None, note: str = "", actor: Actor
    ) -> None: ...

    form = forms.for_verb(
        register,
        labels={"vin": "VIN", "km": "里程", "rent": "月租", "on": "日期", "note": "备注"},
        kinds={"rent": "money", "note": "area"},
        units={"km": "km"},
    )

    assert [(f.name, f.kind, f.required) for f in form.fields] == [
        ("vin", "text", True),
        ("km", "whole", True),
        ("rent", "money", True),
        ("on", "day", False),
        ("note", "area", False),
    ]
    with pytest.raises(KeyError):
        forms.for_verb(register, labels={"colour": "颜色"})


def test_stages_tell_done_now_and_ahead() -> None:
    path = [("DRAFT", "草稿"), ("ACTIVE", "在租"), ("ENDED", "结束")]

    running = records.stages(path=path, state="ACTIVE", dates={"DRAFT": NOON})
    assert [s.standing for s in running] == ["done", "now", "todo"]
    cancelled = records.stages(
        path=path, state="CANCELLED", dates={"DRAFT": NOON}, stopped="已取消"
    )
    assert [(s.label, s.standing) for s in cancelled] == [("草稿", "done"), ("已取消", "stopped")]


def test_a_sparkline_leaves_gaps_and_marks_its_end() -> None:
    lines, last = drawings.sparkline([1, 2, None, 4, 3], width=104, height=24)

    assert lines == ["2.0,22.0 27.0,15.3", "77.0,2.0 102.0,8.7"]
    assert last == (102.0, 8.7)
    assert drawings.sparkline([None], width=96, height=24) == ([], None)
    assert drawings.sparkline([5, 5], width=96, height=24)[0] == ["2.0,12.0 94.0,12.0"]


def test_a_bar_never_leaves_its_frame() -> None:
    assert [drawings.share(*pair) for pair in [(1, 4), (9, 4), (-1, 4), (1, 0), (None, 4)]] == [
        25.0,
        100.0,
        0.0,
        0.0,
        0.0,
    ]


def test_a_file_has_the_words_that_a_cell_draws_for_a_code() -> None:
    drawn = Column(key="standing", label="状态", show=lambda r: cells.state("OPEN", "warn", "待付"))
    open_bill = Row(1, "粤BD12345", "OPEN", None, NOON)

    assert exports.plain(drawn, open_bill) == "待付"
    assert exports.plain(Column(key="standing", label="代码"), open_bill) == "OPEN"
