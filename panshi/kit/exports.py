"""The rows of a list page as a file: xlsx for people, csv for programs."""

import csv
import io
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from html import unescape
from typing import TYPE_CHECKING, Any, Final

import xlsxwriter
from django.http import HttpResponse
from django.utils.html import strip_tags
from django.utils.translation import gettext as _

from panshi.kit import personal
from panshi.kit.clock import SHANGHAI, local_day

if TYPE_CHECKING:
    from panshi.kit.tables import Column

LIMIT: Final = 50_000
# A stored code: a cell that draws it in words has those words in a file as well.
_CODE: Final = re.compile(r"[A-Z]+(_[A-Z]+)*")
_DANGEROUS: Final = ("=", "+", "-", "@", "\t", "\r")


def plain(column: "Column", row: Any) -> Any:
    """The value of a cell as a file holds it: labels for codes, local moments, masked numbers."""
    value = column.value(row)
    if value is None:
        return ""
    if column.kind == "phone":
        return personal.mask_phone(str(value))
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, datetime):
        return value.astimezone(SHANGHAI).replace(tzinfo=None, microsecond=0)
    if isinstance(value, int | float | Decimal | date):
        return value
    if column.show is not None and _CODE.fullmatch(str(value)):
        return unescape(strip_tags(str(column.show(row)))).strip()
    return str(getattr(value, "label", value))


def _disarmed(value: Any) -> Any:
    """Text that a spreadsheet would run as a formula is written as text."""
    if isinstance(value, str) and value.startswith(_DANGEROUS):
        return f"'{value}"
    return value


Grid = Sequence[Sequence[Any]]


def cut_words(shown: int, of: int | None) -> str:
    """Say that a file holds only the first rows of what matches, or nothing when it holds all.

    `of` is how many match, None when unknown.
    """
    if shown < LIMIT or of == shown:
        return ""
    if of is None or of < shown:
        return _(
            "Only the first %(shown)s rows are in the file. Narrow the filter to export the rest."
        ) % {"shown": f"{shown:,}"}
    return _(
        "Only the first %(shown)s of %(of)s rows are in the file. "
        "Narrow the filter to export the rest."
    ) % {"shown": f"{shown:,}", "of": f"{of:,}"}


def xlsx(head: Sequence[str], grid: Grid, foot: Sequence[Any], note: str = "") -> bytes:
    """An Excel workbook of one sheet; figures stay figures, dates stay dates, text stays text.

    A `note` stands below the last row.
    """
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(
        buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    sheet = book.add_worksheet()
    bold = book.add_format({"bold": True})
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
    money = book.add_format({"num_format": "#,##0.00"})
    quoted = book.add_format({"quote_prefix": True, "num_format": "@"})
    sheet.write_row(0, 0, head, bold)
    sheet.freeze_panes(1, 0)
    for at, row in enumerate([*grid, foot] if foot else grid, start=1):
        for column, value in enumerate(row):
            if isinstance(value, datetime):
                sheet.write_datetime(at, column, value, moment)
            elif isinstance(value, date):
                sheet.write_datetime(at, column, value, day)
            elif isinstance(value, Decimal):
                sheet.write_number(at, column, float(value), money)
            elif isinstance(value, int | float):
                sheet.write_number(at, column, value)
            else:
                words = str(value)
                sheet.write_string(
                    at, column, words, quoted if words.startswith(_DANGEROUS) else None
                )
    sheet.autofit()
    if note:
        sheet.write_string(len(grid) + bool(foot) + 1, 0, note, bold)
    book.close()
    return buffer.getvalue()


def comma_separated(head: Sequence[str], grid: Grid, foot: Sequence[Any], note: str = "") -> bytes:
    """CSV in UTF-8 with the mark that makes Excel read Chinese; a `note` is its last line."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(head)
    writer.writerows([_disarmed(value) for value in row] for row in grid)
    if foot:
        writer.writerow(foot)
    if note:
        writer.writerow([note])
    return b"\xef\xbb\xbf" + buffer.getvalue().encode()


Writer = Callable[[Sequence[str], Grid, Sequence[Any], str], bytes]
WRITERS: Final[dict[str, tuple[Writer, str]]] = {
    "xlsx": (xlsx, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "csv": (comma_separated, "text/csv; charset=utf-8"),
}


def respond(
    *,
    name: str,
    kind: str,
    columns: "Sequence[Column]",
    rows: Sequence[Any],
    totals: Mapping[str, Any],
    of: int | None = None,
) -> HttpResponse:
    """The rows as a download called `name` and today's date; `of` is how many match in all.

    A file that does not hold all says so in its last row and in its name.
    """
    write, media_type = WRITERS[kind]
    grid = [[plain(column, row) for column in columns] for row in rows]
    foot = [totals.get(column.key, "") for column in columns] if totals else []
    if foot and foot[0] == "":
        foot[0] = _("Total")
    cut = cut_words(len(rows), of)
    if cut:
        name = f"{name}-first-{len(rows)}"
    body = write([str(column.label) for column in columns], grid, foot, cut)
    response = HttpResponse(body, content_type=media_type)
    today = local_day(datetime.now(UTC)).isoformat()
    response["Content-Disposition"] = f'attachment; filename="{name}-{today}.{kind}"'
    return response
