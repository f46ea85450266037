"""The sheet of what vehicles cost: charging bills, premiums, repairs, by vehicle and day."""

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from django.utils.translation import gettext_lazy as lazy

from panshi.kit.sheets import Column, Sheet, choice, code, day, money, number, text, words_of

KIND: Final = "VEHICLE_COSTS"
_KINDS: Final = {
    "能耗": "ENERGY",
    "保险": "INSURANCE",
    "维保": "MAINTENANCE",
    "事故维修": "ACCIDENT_REPAIR",
    "其他": "OTHER",
}
_KIND_WORDS: Final = _KINDS | {
    "充电": "ENERGY", "充电费": "ENERGY", "电费": "ENERGY", "换电": "ENERGY", "加油": "ENERGY",
    "保险费": "INSURANCE", "保费": "INSURANCE", "维修": "MAINTENANCE", "维修费": "MAINTENANCE",
    "保养": "MAINTENANCE", "保养费": "MAINTENANCE", "轮胎": "MAINTENANCE",
    "事故修理": "ACCIDENT_REPAIR",
    "停车费": "OTHER", "通行费": "OTHER", "年检费": "OTHER", "其它": "OTHER",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class CostSheetRow:
    """A cost of one vehicle, named by plate or VIN, on a day; CNY, tax included.

    `vat` of it is input VAT; `covers_from` and `covers_until` are the first and last day it serves.
    """

    vehicle: str
    kind: str
    amount: Decimal
    occurred_on: date
    reference: str = ""
    words: str = ""
    vat: Decimal | None = None
    covers_from: date | None = None
    covers_until: date | None = None


_code = code(longest=20)


def _vehicle(raw: Any) -> str:
    return re.sub(r"[\s·•.\-]", "", _code(raw)).upper()


SHEET: Final = Sheet(
    name="车辆费用",
    columns=(
        Column(
            key="vehicle",
            header="车牌号",
            aliases=("车牌", "车牌号码", "车架号", "VIN", "车辆"),
            required=True,
            read=_vehicle,
            help=lazy("Plate or VIN of a vehicle that is in the register."),
            example="粤BD12345",
        ),
        Column(
            key="kind",
            header="费用类别",
            aliases=("类别", "费用类型", "费用项目", "科目"),
            required=True,
            read=choice(_KIND_WORDS),
            options=tuple(_KINDS),
            shown=words_of(_KINDS | {"事故不修": "NOT_REPAIRED"}).get,
            example="能耗",
        ),
        Column(
            key="amount",
            header="金额(元)",
            aliases=("金额", "费用金额", "价税合计", "费用(元)"),
            required=True,
            read=number(decimals=2, least=Decimal("0.01"), most=10**9),
            example="312.60",
        ),
        Column(
            key="occurred_on",
            header="日期",
            aliases=("发生日期", "费用日期", "付款日期", "交易日期"),
            required=True,
            read=day,
            example="2026-05-18",
        ),
        Column(
            key="reference",
            header="凭证号",
            aliases=("单号", "票据号", "订单号", "流水号", "保单号"),
            read=code(longest=64),
            help=lazy("Number of the receipt; it tells two equal costs of a day apart."),
        ),
        Column(
            key="vat",
            header="可抵扣税额(元)",
            aliases=("进项税额", "进项税额(元)", "可抵扣税额", "税额"),
            read=money,
            help=lazy("Input VAT within the amount, as a special VAT invoice shows it."),
        ),
        Column(
            key="covers_from",
            header="受益开始",
            aliases=("受益期起", "保险起期", "起保日期", "分摊开始"),
            read=day,
            help=lazy("A cost for several months is prepaid and spread over its days."),
        ),
        Column(
            key="covers_until",
            header="受益结束",
            aliases=("受益期止", "保险止期", "分摊结束"),
            read=day,
            help=lazy("The last day that the cost covers."),
        ),
        Column(key="words", header="说明", aliases=("备注", "摘要"), read=text(longest=200)),
    ),
)
