"""The sheet of parts in stock by which an operator moves in, and that the register writes."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from panshi.kit.sheets import Column, Sheet, Wrong, choice, code, money, number, text, words_of

KIND: Final = "PARTS"
_UNITS: Final = {
    "件": "PCS",
    "套": "SET",
    "升": "L",
    "米": "M",
    "千克": "KG",
    "桶": "BARREL",
    "瓶": "BOTTLE",
    "副": "PAIR",
}
_UNIT_WORDS: Final = _UNITS | {
    "个": "PCS", "只": "PCS", "条": "PCS", "台": "PCS", "块": "PCS", "片": "PCS", "根": "PCS",
    "支": "PCS", "把": "PCS", "PCS": "PCS", "SET": "SET", "L": "L", "M": "M", "KG": "KG",
    "公斤": "KG", "公升": "L", "对": "PAIR",
}  # fmt: skip
_quantity = number(least=1, most=1_000_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartSheetRow:
    """Pieces of one part in one place and lot; the price of one is CNY, tax included."""

    code: str
    name: str
    unit: str
    place: str
    quantity: int
    spec: str = ""
    lot: str = ""
    unit_price: Decimal | None = None


def _whole(raw: Any) -> int:
    return int(_quantity(raw))


def _part_code(raw: Any) -> str:
    words: str = code(longest=40)(raw)
    if " " in words:
        raise Wrong(_("A code has no spaces."))
    return words.upper()


_UNIT_OF: Final = words_of(_UNITS)
SHEET: Final = Sheet(
    name="配件",
    columns=(
        Column(
            key="code",
            header="配件编码",
            aliases=("编码", "物料编码", "零件号", "配件号", "备件编码"),
            required=True,
            read=_part_code,
            help=lazy("A code that is new here enters the catalogue of parts."),
            example="BRAKE_PAD_FRONT",
        ),
        Column(
            key="name",
            header="名称",
            aliases=("配件名称", "物料名称", "品名"),
            required=True,
            read=text(longest=80),
            example="前制动片",
        ),
        Column(
            key="spec",
            header="规格",
            aliases=("规格型号", "型号"),
            read=text(longest=80),
            example="轻运 V42",
        ),
        Column(
            key="unit",
            header="单位",
            aliases=("计量单位",),
            required=True,
            read=choice(_UNIT_WORDS),
            options=tuple(_UNITS),
            shown=_UNIT_OF.get,
            example="套",
        ),
        Column(
            key="place",
            header="仓库",
            aliases=("库房", "存放地点", "仓库名称", "服务站"),
            required=True,
            read=text(longest=80),
            help=lazy("The name of a warehouse, station or van that is open here."),
            example="杭州中心库",
        ),
        Column(
            key="lot",
            header="批次",
            aliases=("批号", "批次号"),
            read=code(longest=40),
            example="2026-05",
        ),
        Column(
            key="quantity",
            header="数量",
            aliases=("库存数量", "库存", "结存数量"),
            required=True,
            read=_whole,
            example="12",
        ),
        Column(
            key="unit_price",
            header="单价(元)",
            aliases=("单价", "成本单价", "进价", "进价(元)"),
            read=money,
            help=lazy("What one cost, tax included; it is kept with the receipt."),
            example="96.00",
        ),
    ),
)
