"""Bank statements as files: xlsx, or CSV in UTF-8 or GB18030, read and checked line by line.

A statement adds up: what stood on the account, line after line, is what stands on it after. Where
it does not, the refusal names the line of the file.
"""

import csv
import hashlib
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

import xlsxwriter
from django.utils.translation import gettext as _

from panshi.kit import sheets
from panshi.kit.files import MAX_BYTES, FileTooLarge
from panshi.kit.money import ZERO, yuan
from panshi.kit.refusals import Refusal
from panshi.kit.sheets import Column, Line, Sheet, SheetUnreadable, code, day, number, text

_AMOUNT: Final = number(decimals=2, least=-(10**12))
_NOTHING: Final = frozenset({"-", "--", "—", "/"})
_TIME: Final = re.compile(r"[ T]\d{1,2}:\d{2}(:\d{2})?$")


class StatementDoesNotAdd(Refusal):
    """The lines do not lead from the opening balance to the closing one."""


class DuplicateLine(Refusal):
    """A line, or the whole file, was taken before."""


def _money(raw: Any) -> Decimal:
    if isinstance(raw, str) and sheets.fold(raw) in _NOTHING:
        return ZERO
    amount: Decimal = _AMOUNT(raw)
    return amount


def _day(raw: Any) -> date:
    """The day of a moment; banks often write the time as well."""
    if isinstance(raw, datetime):
        raw = raw.date()
    found: date = day(_TIME.sub("", sheets.fold(raw)) if isinstance(raw, str) else raw)
    return found


SHEET: Final = Sheet(
    name="银行流水",
    columns=(
        Column(
            key="value_on",
            header="交易日期",
            aliases=("记账日期", "交易时间", "入账日期", "日期"),
            required=True,
            read=_day,
            example="2027-03-09",
        ),
        Column(
            key="income",
            header="收入",
            aliases=("收入金额", "贷方发生额", "贷方金额", "贷方", "金额", "交易金额"),
            read=_money,
            example="2980.00",
        ),
        Column(
            key="expense",
            header="支出",
            aliases=("支出金额", "借方发生额", "借方金额", "借方"),
            read=_money,
        ),
        Column(key="balance", header="余额", aliases=("账户余额", "当前余额"), read=_AMOUNT),
        Column(
            key="payer",
            header="对方户名",
            aliases=("对方名称", "付款人名称", "对方账户名称"),
            read=text(longest=120),
            example="杭州风行物流有限公司",
        ),
        Column(
            key="account",
            header="对方账号",
            aliases=("付款人账号", "对方账户"),
            read=code(longest=40),
        ),
        Column(
            key="virtual_account",
            header="虚拟账号",
            aliases=("子账号", "收款子账号"),
            read=code(longest=40),
        ),
        Column(
            key="memo",
            header="附言",
            aliases=("摘要", "用途", "备注"),
            read=text(longest=300),
            example="B2027-000123 租金",
        ),
        Column(
            key="serial_no",
            header="流水号",
            aliases=("交易流水号", "凭证号"),
            read=code(longest=64),
        ),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementLine:
    """One line of the file; `amount` in CNY, money out negative; `balance` after it."""

    line: int
    value_on: date
    amount: Decimal
    balance: Decimal
    payer: str
    account: str
    virtual_account: str
    memo: str
    serial_no: str
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadStatement:
    """A statement that adds up, its lines in the order of time."""

    opening: Decimal
    closing: Decimal
    lines: tuple[StatementLine, ...]


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    values: Mapping[str, Any]
    amount: Decimal

    @property
    def balance(self) -> Decimal | None:
        found: Decimal | None = self.values.get("balance")
        return found


def read(
    *,
    content: bytes,
    account: str,
    opening: Decimal | None = None,
    closing: Decimal | None = None,
) -> ReadStatement:
    """Read a bank's file of our `account`; without a balance column `opening` must be given.

    Raises SheetUnreadable, FileTooLarge, StatementDoesNotAdd or DuplicateLine, naming the line.
    """
    found = sheets.read(content=_as_workbook(content), sheet=SHEET)
    if found.errors:
        raise SheetUnreadable(str(found.errors[0]))
    if not {"income", "expense"} & set(found.places):
        raise SheetUnreadable(_("These columns are missing: %s.") % "收入")
    rows = [_row(line) for line in found.lines]
    rows, opening = _in_time(rows, opening)
    balances = _balances(rows, opening)
    if closing is not None and closing != balances[-1]:
        raise StatementDoesNotAdd(
            _("The lines lead to %(found)s, but the closing balance is %(given)s.")
            % {"found": yuan(balances[-1]), "given": yuan(closing)}
        )
    return ReadStatement(
        opening=opening, closing=balances[-1], lines=_lines(rows, balances, account)
    )


def _as_workbook(content: bytes) -> bytes:
    """An xlsx file as it is; the rows of a CSV file as one of text cells, row by row."""
    if content.startswith(b"PK\x03\x04"):
        return content
    if len(content) > MAX_BYTES:
        raise FileTooLarge(
            _("The file is larger than %(limit)d MB.") % {"limit": MAX_BYTES // 1024**2}
        )
    words = _decoded(content)
    first = words[:4096]
    separator = max(",\t;|", key=first.count)
    made = io.BytesIO()
    book = xlsxwriter.Workbook(
        made, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    sheet = book.add_worksheet(SHEET.name)
    try:
        for place, row in enumerate(csv.reader(io.StringIO(words), delimiter=separator)):
            if place > sheets.MAX_ROWS:
                raise SheetUnreadable(_("At most %(count)d rows at once.") % {"count": place})
            for column, cell in enumerate(row[:60]):
                if cell.strip():
                    sheet.write_string(place, column, cell.strip().strip("\t`'")[:2000])
    except csv.Error as error:
        raise SheetUnreadable(_("The file is damaged or locked with a password.")) from error
    book.close()
    return made.getvalue()


def _decoded(content: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            words = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in words:
            return words
    raise SheetUnreadable(_("This is no text in UTF-8 or GB18030 and no xlsx file."))


def _row(line: Line) -> _Row:
    assert line.values is not None  # Errors were refused before.
    income = line.values.get("income", ZERO)
    expense = abs(line.values.get("expense", ZERO))
    if (income == 0) == (expense == 0):
        raise StatementDoesNotAdd(
            _("Line %(line)d: write either money in or money out.") % {"line": line.row}
        )
    return _Row(line.row, line.values, income - expense)


def _in_time(rows: Sequence[_Row], opening: Decimal | None) -> tuple[list[_Row], Decimal]:
    """The rows from the oldest on, and what stood on the account before them."""
    without = [row.line for row in rows if row.balance is None]
    if 0 < len(without) < len(rows):
        raise StatementDoesNotAdd(_("Line %(line)d has no balance.") % {"line": without[0]})
    if without:
        if opening is None:
            raise StatementDoesNotAdd(
                _("The file has no balances; write the opening balance of the statement.")
            )
        return sorted(rows, key=lambda row: row.values["value_on"]), opening
    backwards = list(reversed(rows))
    latest_first = rows[0].values["value_on"] > rows[-1].values["value_on"]
    if latest_first or (_break(rows) is not None and _break(backwards) is None):
        rows = backwards
    assert rows[0].balance is not None
    before = rows[0].balance - rows[0].amount
    if opening is not None and opening != before:
        raise StatementDoesNotAdd(
            _("Line %(line)d starts from %(found)s, but the opening balance is %(given)s.")
            % {"line": rows[0].line, "found": yuan(before), "given": yuan(opening)}
        )
    return list(rows), before


def _break(rows: Sequence[_Row]) -> int | None:
    """The place of the first row whose balance does not follow from the row before."""
    for place in range(1, len(rows)):
        before, here = rows[place - 1].balance, rows[place].balance
        if before is None or here is None or before + rows[place].amount != here:
            return place
    return None


def _balances(rows: Sequence[_Row], opening: Decimal) -> list[Decimal]:
    """What stands on the account after each row. Raises StatementDoesNotAdd."""
    if rows[0].balance is not None and (place := _break(rows)) is not None:
        before, here = rows[place - 1], rows[place]
        assert before.balance is not None
        assert here.balance is not None
        gap = here.balance - here.amount - before.balance
        if _break(rows[place:]) is None:
            raise StatementDoesNotAdd(
                _("Between lines %(before)d and %(line)d the balance jumps by %(gap)s:"
                  " a line is missing.")
                % {"before": before.line, "line": here.line, "gap": yuan(gap)}
            )  # fmt: skip
        raise StatementDoesNotAdd(
            _("Line %(line)d: the balance should be %(wanted)s, not %(found)s.")
            % {
                "line": here.line,
                "wanted": yuan(before.balance + here.amount),
                "found": yuan(here.balance),
            }
        )
    balances, total = [], opening
    for row in rows:
        total += row.amount
        balances.append(total)
    return balances


def _lines(
    rows: Sequence[_Row], balances: Sequence[Decimal], account: str
) -> tuple[StatementLine, ...]:
    seen: dict[str, int] = {}
    lines = []
    for row, balance in zip(rows, balances, strict=True):
        mark = _fingerprint(row, balance, account)
        if mark in seen:
            raise DuplicateLine(
                _("Line %(line)d is the same as line %(first)d.")
                % {"line": row.line, "first": seen[mark]}
            )
        seen[mark] = row.line
        values = row.values
        lines.append(
            StatementLine(
                line=row.line,
                value_on=values["value_on"],
                amount=row.amount,
                balance=balance,
                payer=values.get("payer", ""),
                account=values.get("account", ""),
                virtual_account=values.get("virtual_account", ""),
                memo=values.get("memo", ""),
                serial_no=values.get("serial_no", ""),
                fingerprint=mark,
            )
        )
    return tuple(lines)


def _fingerprint(row: _Row, balance: Decimal, account: str) -> str:
    """The bank's own number tells a line; without one the balance after it does."""
    serial = row.values.get("serial_no", "")
    told = [account, row.values["value_on"].isoformat(), str(row.amount), serial]
    if not serial:
        told += [str(balance), row.values.get("payer", ""), row.values.get("memo", "")]
    return hashlib.sha256("\0".join(told).encode()).hexdigest()
