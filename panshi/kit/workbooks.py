"""Excel files of declared sheets: filled, empty to fill in, or with the faults marked."""

import io
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Final

import xlsxwriter
from django.utils.translation import gettext as _

from panshi.kit.sheets import MAX_ROWS, CellError, Sheet
from panshi.kit.wording import listed

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_DANGEROUS: Final = ("=", "+", "-", "@", "\t", "\r")


class _Book:
    """A workbook under construction, its formats made once."""

    def __init__(self) -> None:
        self.buffer = io.BytesIO()
        self.book = xlsxwriter.Workbook(
            self.buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        )
        self.bold = self.book.add_format({"bold": True, "bg_color": "#E2F2EC", "border": 1})
        self.quoted = self.book.add_format({"quote_prefix": True, "num_format": "@"})
        self.plain = self.book.add_format({"num_format": "@"})
        self.day = self.book.add_format({"num_format": "yyyy-mm-dd"})
        self.amount = self.book.add_format({"num_format": "#,##0.00"})
        self.wrong = self.book.add_format({"bg_color": "#F8D7DA", "num_format": "@", "border": 1})

    def put(self, sheet: Any, row: int, place: int, value: Any) -> None:
        """Write a value by its type; text that Excel would run stays text."""
        if value is None or value == "":
            return
        if isinstance(value, Enum):
            value = value.value
        if isinstance(value, datetime | date):
            sheet.write_datetime(row, place, value, self.day)
        elif isinstance(value, Decimal):
            sheet.write_number(row, place, float(value), self.amount)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            sheet.write_number(row, place, value)
        else:
            words = str(value)
            form = self.quoted if words.startswith(_DANGEROUS) else self.plain
            sheet.write_string(row, place, words, form)

    def done(self) -> bytes:
        self.book.close()
        return self.buffer.getvalue()


def write(*, sheet: Sheet, rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Write rows, by column key, as an xlsx file that `read` reads back to the same values."""
    made = _Book()
    page = _headed(made, sheet)
    for at, row in enumerate(rows, start=1):
        for place, column in enumerate(sheet.columns):
            value = row.get(column.key)
            if column.shown is not None and value not in (None, ""):
                value = column.shown(value)
            made.put(page, at, place, value)
    page.autofit()
    return made.done()


def _headed(made: _Book, sheet: Sheet) -> Any:
    page = made.book.add_worksheet(sheet.name)
    for place, column in enumerate(sheet.columns):
        page.write_string(0, place, column.header + ("*" if column.required else ""), made.bold)
    page.freeze_panes(1, 1)
    return page


def template(*, sheets: Sequence[Sheet]) -> bytes:
    """Empty sheets to fill in, with lists to choose from, and a last sheet that explains them."""
    made = _Book()
    for sheet in sheets:
        page = _headed(made, sheet)
        for place, column in enumerate(sheet.columns):
            page.set_column(place, place, max(12, 2 * len(column.header) + 4))
            if column.options:
                page.data_validation(
                    1, place, MAX_ROWS, place, {"validate": "list", "source": list(column.options)}
                )
    notes = made.book.add_worksheet(_("How to fill in"))
    heads = (_("Sheet"), _("Column"), _("Needed"), _("What to write"), _("Example"))
    for place, words in enumerate(heads):
        notes.write_string(0, place, words, made.bold)
    explained = [(sheet, column) for sheet in sheets for column in sheet.columns]
    for at, (sheet, column) in enumerate(explained, start=1):
        notes.write_string(at, 0, sheet.name)
        notes.write_string(at, 1, column.header)
        notes.write_string(at, 2, _("Yes") if column.required else "")
        notes.write_string(at, 3, str(column.help) or listed(column.options))
        notes.write_string(at, 4, column.example, made.plain)
    notes.freeze_panes(1, 0)
    notes.autofit()
    return made.done()


def marked_copy(
    *,
    sheet: Sheet,
    header_row: int,
    headers: Sequence[str],
    rows: Mapping[int, Sequence[str]],
    errors: Sequence[CellError],
) -> bytes:
    """The file as it came, row by row in its place, with the wrong cells marked and explained."""
    made = _Book()
    page = made.book.add_worksheet(sheet.name)
    for place, words in enumerate(headers):
        page.write_string(header_row - 1, place, words, made.bold)
    last = len(headers)
    page.write_string(header_row - 1, last, _("What is wrong"), made.bold)
    for at, row in rows.items():
        for place, words in enumerate(row):
            made.put(page, at - 1, place, words)
    by_row: dict[int, list[str]] = {}
    for error in errors:
        by_row.setdefault(error.row, []).append(f"{error.header}: {error.reason}")
        if error.column:
            cell = f"{error.column}{error.row}"
            page.write_string(cell, error.value, made.wrong)
            page.write_comment(cell, error.reason)
    for at, words_of_row in by_row.items():
        page.write_string(at - 1, last, "; ".join(words_of_row))
    page.autofit()
    return made.done()
