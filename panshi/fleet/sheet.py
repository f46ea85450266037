"""The vehicle sheet that operators fill in, and that the register writes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from panshi.fleet import rules
from panshi.kit.sheets import Column, Sheet, Wrong, choice, code, day, money, number, text, words_of

_PLATE_CLASSES: Final = {
    "小型新能源": "GREEN_SMALL",
    "大型新能源": "GREEN_LARGE",
    "蓝牌": "BLUE",
    "黄牌": "YELLOW",
}
_STATES: Final = {
    "待上牌": "PROCURED",
    "已上牌": "PLATED",
    "待租": "READY",
    "闲置": "IDLE",
    "在租": "LEASED",
    "维修": "IN_SERVICE",
    "已退役": "RETIRED",
}
_STATE_WORDS: Final = _STATES | {
    "采购": "PROCURED",
    "可租": "READY",
    "整备完成": "READY",
    "空闲": "IDLE",
    "已租": "LEASED",
    "出租中": "LEASED",
    "租赁中": "LEASED",
    "在修": "IN_SERVICE",
    "维修中": "IN_SERVICE",
    "维保中": "IN_SERVICE",
    "报废": "RETIRED",
}
KIND: Final = "VEHICLES"
# The papers that the sheet carries, by the key of their column.
PAPERS: Final[Mapping[str, str]] = {
    "inspection_on": "INSPECTION",
    "compulsory_on": "COMPULSORY_INSURANCE",
    "commercial_on": "COMMERCIAL_INSURANCE",
    "permit_on": "ROAD_PERMIT",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleSheetRow:
    """One row of the sheet; `model` is in the operator's words, papers by their last day."""

    vin: str
    model: str
    city: str
    state: str
    plate: str = ""
    plate_class: str = ""
    motor_no: str = ""
    pack_no: str = ""
    purchased_on: date | None = None
    cost: Decimal | None = None
    funding: str = ""
    first_registered_on: date | None = None
    parking: str = ""
    odometer_km: Decimal | None = None
    inspection_on: date | None = None
    compulsory_on: date | None = None
    commercial_on: date | None = None
    permit_on: date | None = None


def vin_words(fault: rules.VinFault) -> str:
    """Say what is wrong with a VIN."""
    if fault.code == "LENGTH":
        return _("A VIN has 17 characters, this one has %s.") % fault.found
    if fault.code == "CHARACTER":
        return _("The character “%(found)s” at place %(place)d does not occur in a VIN.") % {
            "found": fault.found,
            "place": fault.place,
        }
    return _("The check digit at place 9 is “%(found)s” but should be “%(expected)s”.") % {
        "found": fault.found,
        "expected": fault.expected,
    }


_code = code(longest=40)


def _vin(raw: Any) -> str:
    vin = rules.fold(_code(raw))
    if fault := rules.vin_fault(vin):
        raise Wrong(vin_words(fault))
    return vin


def _plate(raw: Any) -> str:
    plate = rules.fold(_code(raw))
    if not rules.plate_class_of(plate):
        raise Wrong(_("“%s” is not a number plate.") % plate)
    return plate


_STATE_OF: Final = words_of(_STATES)
_PLATE_CLASS_OF: Final = words_of(_PLATE_CLASSES)

SHEET: Final = Sheet(
    name="车辆",
    columns=(
        Column(
            key="vin",
            header="车架号",
            aliases=("VIN", "车辆识别代号", "车架号码"),
            required=True,
            read=_vin,
            help=lazy("17 characters; the ninth is checked."),
            example="LPSEV4E16RA000001",
        ),
        Column(
            key="plate",
            header="车牌号",
            aliases=("车牌", "车牌号码", "号牌号码"),
            read=_plate,
            help=lazy("Needed unless the vehicle waits for its plate."),
            example="粤BD12345",
        ),
        Column(
            key="plate_class",
            header="车牌种类",
            aliases=("号牌种类",),
            read=choice(_PLATE_CLASSES),
            options=tuple(_PLATE_CLASSES),
            shown=_PLATE_CLASS_OF.get,
        ),
        Column(
            key="model",
            header="品牌型号",
            aliases=("车型", "型号"),
            required=True,
            read=text(longest=100),
            help=lazy("Maker and name, or the code, of a known vehicle model."),
            example="青原 轻运 V42",
        ),
        Column(key="motor_no", header="电机号", read=code(longest=40)),
        Column(key="pack_no", header="电池包编号", aliases=("电池编号",), read=code(longest=40)),
        Column(key="purchased_on", header="购置日期", read=day, example="2026-03-01"),
        Column(
            key="cost",
            header="购置价(元)",
            aliases=("购置价", "采购价"),
            read=money,
            help=lazy("In yuan, tax included."),
            example="86800",
        ),
        Column(key="funding", header="资金来源", read=text(longest=40)),
        Column(key="first_registered_on", header="首次登记日期", aliases=("注册日期",), read=day),
        Column(
            key="city",
            header="运营城市",
            aliases=("城市",),
            required=True,
            read=text(longest=40),
            example="深圳",
        ),
        Column(key="parking", header="停放场地", aliases=("停车场",), read=text(longest=80)),
        Column(
            key="odometer_km",
            header="当前里程(公里)",
            aliases=("当前里程", "里程"),
            read=number(decimals=1, most=2_000_000),
            example="12650",
        ),
        Column(
            key="state",
            header="状态",
            aliases=("车辆状态",),
            required=True,
            read=choice(_STATE_WORDS),
            options=tuple(_STATES),
            shown=_STATE_OF.get,
            example="待租",
        ),
        Column(key="inspection_on", header="年检到期", aliases=("年检有效期",), read=day),
        Column(key="compulsory_on", header="交强险到期", read=day),
        Column(key="commercial_on", header="商业险到期", read=day),
        Column(key="permit_on", header="营运证到期", read=day),
    ),
)
