"""The rows of a list page as a file: xlsx for people, csv for programs."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import xlsxwriter
from django.http import HttpResponse
from django.utils.translation import gettext as _

from panshi.kit import personal
from panshi.kit.clock import SHANGHAI, local_day

if TYPE_CHECKING:
    from panshi.kit.tables import Column

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
    return str(getattr(value, "label", value))


def _disarmed(value: Any) -> Any:
    """Text that a spreadsheet would run as a formula is written as text."""
    if isinstance(value, str) and value.startswith(_DANGEROUS):
        return f"'{value}"
    return value


Grid = Sequence[Sequence[Any]]


def xlsx(head: Sequence[str], grid: Grid, foot: Sequence[Any]) -> bytes:
    """An Excel workbook of one sheet; figures stay figures, dates stay dates."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(
        buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    sheet = book.add_worksheet()
    bold = book.add_format({"bold": True})
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
    money = book.add_format({"num_format": "#,##0.00"})
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
                sheet.write_string(at, column, str(value))
    sheet.autofit()
    book.close()
    return buffer.getvalue()


def comma_separated(head: Sequence[str], grid: Grid, foot: Sequence[Any]) -> bytes:
    """CSV in UTF-8 with the mark that makes Excel read Chinese."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(head)
    writer.writerows([_disarmed(value) for value in row] for row in grid)
    if foot:
        writer.writerow(foot)
    return b"\xef\xbb\xbf" + buffer.getvalue().encode()


Writer = Callable[[Sequence[str], Grid, Sequence[Any]], bytes]
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
) -> HttpResponse:
    """The rows as a download called `name` and today's date."""
    write, media_type = WRITERS[kind]
    grid = [[plain(column, row) for column in columns] for row in rows]
    foot = [totals.get(column.key, "") for column in columns] if totals else []
    if foot and foot[0] == "":
        foot[0] = _("Total")
    body = write([str(column.label) for column in columns], grid, foot)
    response = HttpResponse(body, content_type=media_type)
    today = local_day(datetime.now(UTC)).isoformat()
    response["Content-Disposition"] = f'attachment; filename="{name}-{today}.{kind}"'
    return response
