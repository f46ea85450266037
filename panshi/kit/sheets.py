"""Excel sheets that people fill in: declared once, read with the fault at its cell, written back.

    SHEET = Sheet(name="车辆", columns=(
        Column(key="vin", header="车架号", aliases=("VIN",), required=True, read=text(longest=17)),
        Column(key="cost", header="购置价(元)", read=money),
        Column(key="bought_on", header="购置日期", read=day)))
    reading = read(content=upload, sheet=SHEET)
    reading.lines[0].values["vin"]; str(reading.errors[0])  # 第 37 行 D 列 车架号：…

`workbooks` writes such sheets: filled, as an empty template, and as a copy with the faults marked.

A reader turns a raw cell into a value or raises Wrong with words; `text`, `day`, `money`, `number`
and `choice` are the usual ones. Headers are part of the file format, hence not translated.
"""

import io
import re
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from itertools import zip_longest
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from python_calamine import CalamineError, CalamineWorkbook, load_workbook
from xlsxwriter.utility import xl_col_to_name

from panshi.kit.files import MAX_BYTES, FileTooLarge
from panshi.kit.refusals import Refusal
from panshi.kit.wording import listed

MAX_ROWS: Final = 50_000
_MAX_UNPACKED: Final = 256 * 1024 * 1024
_HEADER_WITHIN: Final = 10
_EXACT_WHOLE: Final = 10**15
_EPOCH: Final = date(1899, 12, 30)
_PLAIN: Final = {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}

Raw = Any
Label = str | Promise
Reader = Callable[[Raw], Any]


class SheetUnreadable(Refusal):
    """The file as a whole cannot be read as the sheet asked for."""


class Wrong(Exception):
    """A cell does not hold what its column asks for; the words say what is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: `key` names the value, `header` stands in the file, `aliases` are read as well.

    `read` turns the cell into the value; `shown` turns a value into what is written, when that is
    not the value itself. `help` says in words what belongs here, `example` shows it. `mask` covers
    personal data where a preview shows the cell.
    """

    key: str
    header: str
    read: Reader
    aliases: tuple[str, ...] = ()
    required: bool = False
    help: Label = ""
    example: str = ""
    options: tuple[str, ...] = ()
    shown: Callable[[Any], Any] | None = None
    mask: Callable[[str], str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    name: str
    columns: tuple[Column, ...]

    def column(self, key: str) -> Column:
        return next(column for column in self.columns if column.key == key)

    def places(self, headers: Sequence[str]) -> dict[str, int]:
        """Where each column stands among these headers, from 0.

        Raises SheetUnreadable when one is there twice.
        """
        wanted = {
            _squeezed(words): column.key
            for column in self.columns
            for words in (column.header, *column.aliases)
        }
        places: dict[str, int] = {}
        for place, words in enumerate(headers):
            key = wanted.get(_squeezed(words))
            if key in places:
                raise SheetUnreadable(
                    _("The column “%s” is there more than once.") % self.column(key).header
                )
            if key is not None:
                places[key] = place
        return places


def as_rows(rows: Sequence[Any]) -> list[dict[str, Any]]:
    """Frozen rows, whose fields are column keys, as `workbooks.write` takes them."""
    return [{each.name: getattr(row, each.name) for each in fields(row)} for row in rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class CellError:
    """What is wrong at one cell; `row` and `column` are as Excel names them."""

    row: int
    column: str
    header: str
    value: str
    reason: str

    def __str__(self) -> str:
        return _("Row %(row)d, column %(column)s %(header)s: %(reason)s") % {
            "row": self.row,
            "column": self.column,
            "header": self.header,
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One filled row: `values` by column key when all cells are right, `shown` as in the file."""

    row: int
    shown: tuple[str, ...]
    values: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A sheet as read. `places` gives each known column's place in the file, from 0."""

    header_row: int
    headers: tuple[str, ...]
    places: Mapping[str, int]
    lines: tuple[Line, ...]
    errors: tuple[CellError, ...]
    unused: tuple[str, ...] = ()

    def error(self, *, line: Line, column: Column, reason: str) -> CellError:
        """A fault that only the books can tell, at the cell it belongs to."""
        place = self.places.get(column.key)
        return CellError(
            row=line.row,
            column="" if place is None else xl_col_to_name(place),
            header=column.header,
            value="" if place is None else _at(line.shown, place),
            reason=reason,
        )


def _at(row: Sequence[Any], place: int) -> Any:
    return row[place] if place < len(row) else ""


def fold(words: str) -> str:
    """Full-width letters, digits and signs made plain, spaces at both ends removed."""
    return (words if words.isascii() else words.translate(_PLAIN)).strip()


def text(*, longest: int) -> Reader:
    """Reads words as they stand; a whole number written as a figure is taken by its digits."""

    def reader(raw: Raw) -> str:
        if isinstance(raw, bool | date | timedelta):
            raise Wrong(_("Write this as text; the cell holds something else."))
        if isinstance(raw, int | float):
            if raw != int(raw) or abs(raw) >= _EXACT_WHOLE:
                raise Wrong(_("Digits were lost; format the cell as text and write it again."))
            raw = str(int(raw))
        words = str(raw).strip()
        if "\0" in words:
            raise Wrong(_("There is a character that cannot be kept."))
        if len(words) > longest:
            raise Wrong(_("At most %(count)d characters.") % {"count": longest})
        return words

    return reader


def code(*, longest: int) -> Reader:
    """Reads a number or code: as text, but with full-width characters made plain."""
    plain = text(longest=longest)
    return lambda raw: plain(fold(raw) if isinstance(raw, str) else raw)


def number(*, decimals: int = 0, least: Decimal | int = 0, most: Decimal | int = 10**12) -> Reader:
    """Reads a Decimal with at most `decimals` places within [least, most]; words are refused."""

    def reader(raw: Raw) -> Decimal:
        value = _decimal(raw)
        if value != round(value, decimals):
            raise Wrong(_("At most %(count)d decimals.") % {"count": decimals})
        if not least <= value <= most:
            raise Wrong(
                _("This must lie between %(least)s and %(most)s.") % {"least": least, "most": most}
            )
        return value

    return reader


def _decimal(raw: Raw) -> Decimal:
    if isinstance(raw, bool | date | timedelta):
        raise Wrong(_("Write a number."))
    if isinstance(raw, float):
        raw = repr(round(raw, 8))
    words = fold(str(raw)).lstrip("¥￥ ").removesuffix("元").rstrip()
    if "万" in words:
        raise Wrong(_("Write the whole amount in yuan, not in units of ten thousand."))
    if re.fullmatch(r"-?\d{1,3}(,\d{3})+(\.\d+)?", words):
        words = words.replace(",", "")
    try:
        value = Decimal(words)
    except InvalidOperation:
        raise Wrong(_("Write a number without words or signs.")) from None
    if not value.is_finite() or abs(value.adjusted()) > 15:
        raise Wrong(_("Write a number."))
    return value


money: Final = number(decimals=2)


def day(raw: Raw) -> date:
    """Reads a day: a date cell, its serial number, 2027-1-5, 2027/01/05, 2027年1月5日, 20270105."""
    if isinstance(raw, datetime):
        return _plausible(raw.date())
    if isinstance(raw, date):
        return _plausible(raw)
    if isinstance(raw, int | float) and not isinstance(raw, bool):
        if raw == int(raw) and 20_000 <= raw <= 80_000:
            return _EPOCH + timedelta(days=int(raw))
        raw = str(int(raw)) if raw == int(raw) and abs(raw) < _EXACT_WHOLE else str(raw)
    words = fold(str(raw))
    found = re.fullmatch(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?: 0?0:00(?::00)?)?", words)
    found = found or re.fullmatch(r"(\d{4})(\d{2})(\d{2})", words)
    if found is None:
        raise Wrong(_("Write a day as 2027-03-09."))
    try:
        return _plausible(date(int(found[1]), int(found[2]), int(found[3])))
    except ValueError:
        raise Wrong(_("There is no such day.")) from None


def _plausible(value: date) -> date:
    if not 1950 <= value.year <= 2100:
        raise Wrong(_("This day lies too far away."))
    return value


def choice(options: Mapping[str, str]) -> Reader:
    """Reads one of the words in `options`, answering its code."""
    known = {_squeezed(words): value for words, value in options.items()}

    def reader(raw: Raw) -> str:
        found = known.get(_squeezed(str(raw)))
        if found is None:
            raise Wrong(_("Choose one of: %s.") % listed(options))
        return found

    return reader


def words_of(options: Mapping[str, str]) -> Mapping[str, str]:
    """The word that stands for each code: how a register writes what `choice` reads."""
    return {value: words for words, value in options.items()}


def _squeezed(words: str) -> str:
    return re.sub(r"[\s*＊:：]", "", fold(words)).upper()


def _shown(raw: Raw) -> str:
    if raw is None:
        return ""
    if isinstance(raw, datetime):
        return raw.date().isoformat() if raw.time() == raw.min.time() else raw.isoformat(" ")
    if isinstance(raw, float) and raw == int(raw) and abs(raw) < _EXACT_WHOLE:
        return str(int(raw))
    return str(raw)


def _book(content: bytes) -> CalamineWorkbook:
    """An xlsx file opened. Raises SheetUnreadable or FileTooLarge."""
    if len(content) > MAX_BYTES:
        raise FileTooLarge(
            _("The file is larger than %(limit)d MB.") % {"limit": MAX_BYTES // 1024**2}
        )
    if not content:
        raise SheetUnreadable(_("The file is empty."))
    if not content.startswith(b"PK\x03\x04"):
        raise SheetUnreadable(_("This is not an xlsx file; save it in Excel as .xlsx."))
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            unpacked = sum(part.file_size for part in packed.infolist())
        if unpacked > _MAX_UNPACKED:
            raise SheetUnreadable(_("The file unpacks to more than can be read."))
        return load_workbook(io.BytesIO(content))
    except (zipfile.BadZipFile, CalamineError, OSError) as error:
        raise SheetUnreadable(_("The file is damaged or locked with a password.")) from error


def names(*, content: bytes) -> tuple[str, ...]:
    """The names of the sheets in an xlsx file. Raises SheetUnreadable or FileTooLarge."""
    return tuple(fold(name) for name in _book(content).sheet_names)


def _grid(content: bytes, name: str) -> Sequence[Sequence[list[Raw]]]:
    """All sheets as rows of raw cells, the one called `name` first; raises SheetUnreadable."""
    book = _book(content)
    ordered = sorted(book.sheet_names, key=lambda known: known != name)
    try:
        return [book.get_sheet_by_name(known).to_python(skip_empty_area=False) for known in ordered]
    except (CalamineError, OSError) as error:
        raise SheetUnreadable(_("The file is damaged or locked with a password.")) from error


@dataclass(frozen=True, slots=True)
class _Headers:
    """The header row of a sheet, from 0, its words, and the place of each known column."""

    row: int
    words: tuple[str, ...]
    places: Mapping[str, int]


def _header_of(rows: Sequence[list[Raw]], sheet: Sheet) -> _Headers:
    """The row that holds the most of the sheet's headers.

    Of two rows of headers merged into each other the lower one counts, its gaps filled from above.
    """
    best = _Headers(0, (), {})
    above: list[str] = []
    for at, row in enumerate(rows[:_HEADER_WITHIN]):
        words = [_shown(cell).strip() for cell in row]
        filled = [own or over for own, over in zip_longest(words, above, fillvalue="")]
        for headers in (words, filled) if any(words) else ():
            places = sheet.places(headers)
            if len(places) > len(best.places):
                best = _Headers(at, tuple(headers), places)
        above = words
    return best


def read(*, content: bytes, sheet: Sheet) -> Reading:
    """Read the sheet out of an xlsx file, wherever it stands and whatever the sheet is called.

    Raises SheetUnreadable when it is no such file or a required column is missing, and
    FileTooLarge. Faults of cells are in `errors`; their lines have no values.
    """
    found = [(rows, _header_of(rows, sheet)) for rows in _grid(content, sheet.name)]
    nothing = ((), _Headers(0, (), {}))
    rows, head = max(found, key=lambda each: len(each[1].places), default=nothing)
    missing = [c.header for c in sheet.columns if c.required and c.key not in head.places]
    if missing or not head.places:
        wanted = missing or [column.header for column in sheet.columns]
        raise SheetUnreadable(_("These columns are missing: %s.") % listed(wanted))
    filled = [
        (at, row)
        for at, row in enumerate(rows[head.row + 1 :], start=head.row + 2)
        if any(_shown(cell).strip() for cell in row)
    ]
    if not filled:
        raise SheetUnreadable(_("There is no filled row below the headers."))
    if len(filled) > MAX_ROWS:
        raise SheetUnreadable(_("At most %(count)d rows at once.") % {"count": MAX_ROWS})
    errors: list[CellError] = []
    lines = [_read_line(at, row, sheet, head.places, errors) for at, row in filled]
    return Reading(
        header_row=head.row + 1,
        headers=head.words,
        places=head.places,
        lines=tuple(lines),
        errors=tuple(errors),
        unused=tuple(
            words
            for place, words in enumerate(head.words)
            if words and place not in head.places.values()
        ),
    )


def _read_line(
    at: int,
    row: list[Raw],
    sheet: Sheet,
    places: Mapping[str, int],
    errors: list[CellError],
) -> Line:
    values: dict[str, Any] = {}
    right = True
    for column in sheet.columns:
        place = places.get(column.key)
        raw = None if place is None else _at(row, place)
        empty = raw is None or (isinstance(raw, str) and not raw.strip())
        try:
            if not empty:
                values[column.key] = column.read(raw)
            elif column.required:
                raise Wrong(_("This is needed."))
        except Wrong as wrong:
            right = False
            errors.append(
                CellError(
                    row=at,
                    column=xl_col_to_name(place),
                    header=column.header,
                    value=_shown(raw),
                    reason=str(wrong),
                )
            )
    return Line(row=at, shown=tuple(_shown(cell) for cell in row), values=values if right else None)
