"""The sheet of violations that an operator takes from the traffic police, and that we write."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from panshi.kit.clock import SHANGHAI
from panshi.kit.sheets import Column, Sheet, Wrong, code, fold, money, number, text

KIND: Final = "VIOLATIONS"
_EPOCH: Final = datetime(1899, 12, 30, tzinfo=SHANGHAI)
_MOMENT: Final = re.compile(
    r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?[ T]*(\d{1,2})[:时](\d{2})(?:[:分](\d{2})秒?|分)?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ViolationSheetRow:
    """One notice; `occurred_at` is a moment, fine and fee are CNY."""

    plate: str
    occurred_at: datetime
    fine: Decimal = Decimal(0)
    place: str = ""
    code: str = ""
    points: Decimal = Decimal(0)
    number: str = ""
    agency_fee: Decimal | None = None


_code = code(longest=32)


def _plate(raw: Any) -> str:
    return re.sub(r"[\s·•.\-]", "", _code(raw)).upper()


def moment(raw: Any) -> datetime:
    """Reads a local day with its time: a cell of Excel, its serial, 2027-3-9 14:05, 14时05分."""
    if isinstance(raw, int | float) and not isinstance(raw, bool) and 20_000 <= raw < 80_000:
        raw = _EPOCH + timedelta(seconds=round(raw * 86_400))
    if isinstance(raw, datetime):
        return raw.replace(tzinfo=SHANGHAI)
    if isinstance(raw, date):
        raise Wrong(_("Write the day with its time, as 2027-03-09 14:05."))
    found = _MOMENT.fullmatch(fold(str(raw)).replace("：", ":"))
    if found is None:
        raise Wrong(_("Write the day with its time, as 2027-03-09 14:05."))
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups())
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=SHANGHAI)
    except ValueError:
        raise Wrong(_("There is no such moment.")) from None


def _written(value: datetime) -> str:
    return f"{value.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"


SHEET: Final = Sheet(
    name="违章",
    columns=(
        Column(
            key="plate",
            header="车牌号",
            aliases=("车牌", "车牌号码", "号牌号码"),
            required=True,
            read=_plate,
            help=lazy("The plate on the notice, borne at that moment."),
            example="粤BD12345",
        ),
        Column(
            key="occurred_at",
            header="违章时间",
            aliases=("违法时间", "违法行为时间", "时间"),
            required=True,
            read=moment,
            shown=_written,
            help=lazy("Day and time; the time decides who had the vehicle."),
            example="2026-10-08 14:05",
        ),
        Column(
            key="place",
            header="地点",
            aliases=("违章地点", "违法地点"),
            read=text(longest=120),
            example="深南大道与新洲路口",
        ),
        Column(
            key="code",
            header="行为代码",
            aliases=("违法代码", "违章代码", "违法行为代码"),
            read=code(longest=12),
            example="1625",
        ),
        Column(
            key="fine",
            header="罚款(元)",
            aliases=("罚款", "罚款金额", "罚款金额(元)"),
            read=money,
            example="200",
        ),
        Column(
            key="points",
            header="记分",
            aliases=("扣分", "记分分值"),
            read=number(most=12),
            example="6",
        ),
        Column(
            key="number",
            header="决定书号",
            aliases=("决定书编号", "处罚决定书号", "文书号"),
            read=_code,
            help=lazy("Without it plate, time and code tell the notice."),
            example="440304190012345",
        ),
        Column(
            key="agency_fee",
            header="代办费(元)",
            aliases=("代办费", "服务费"),
            read=money,
            help=lazy("Empty stands for the fee of the terms."),
            example="50",
        ),
    ),
)
