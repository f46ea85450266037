"""The lease sheet that operators fill in, and that the register writes."""

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from django.utils.translation import gettext_lazy as lazy

from panshi.kit.personal import mask_id, mask_phone
from panshi.kit.sheets import Column, Sheet, choice, code, day, fold, money, number, text, words_of

KIND: Final = "LEASES"
RENT_TO_OWN: Final = "RENT_TO_OWN"
_PRODUCTS: Final = {"月租": "RENT_MONTHLY", "长租": "RENT_LONG", "以租代购": RENT_TO_OWN}
_PRODUCT_WORDS: Final = _PRODUCTS | {
    "短租": "RENT_MONTHLY",
    "普通租赁": "RENT_MONTHLY",
    "经营租赁": "RENT_MONTHLY",
    "经营性租赁": "RENT_MONTHLY",
    "长期租赁": "RENT_LONG",
    "年租": "RENT_LONG",
    "租售": RENT_TO_OWN,
    "先租后买": RENT_TO_OWN,
}
_ALIGNMENTS: Final = {"自然月": "CALENDAR", "按起租日": "ANCHOR"}
_ALIGNMENT_WORDS: Final = _ALIGNMENTS | {
    "按自然月": "CALENDAR",
    "日历月": "CALENDAR",
    "起租日": "ANCHOR",
    "对月": "ANCHOR",
    "按对日": "ANCHOR",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseSheetRow:
    """One row of the sheet. Days are as people write them: `ends_on` is the last day of the lease,
    `paid_until` the last day whose rent is settled. The vehicle is named by VIN or plate, the
    customer by number, telephone or name.
    """

    starts_on: date
    monthly_rent: Decimal
    paid_until: date
    number: str = ""
    vin: str = ""
    plate: str = ""
    customer: str = ""
    id_no: str = ""
    phone: str = ""
    product: str = ""
    months: int | None = None
    ends_on: date | None = None
    deposit: Decimal | None = None
    deposit_held: Decimal | None = None
    alignment: str = ""
    arrears: Decimal | None = None
    arrears_due_on: date | None = None
    note: str = ""


_code = code(longest=40)
_months = number(most=120, least=1)


def _folded(raw: Any) -> str:
    return re.sub(r"[\s·•.\-]", "", _code(raw)).upper()


def _whole_months(raw: Any) -> int:
    """Reads 12, 12个月, 12月 and 1年."""
    words = fold(str(raw)) if isinstance(raw, str) else ""
    if found := re.fullmatch(r"(\d{1,2})\s*年", words):
        return int(_months(int(found[1]) * 12))
    if found := re.fullmatch(r"(\d{1,3})\s*个?月", words):
        return int(_months(int(found[1])))
    return int(_months(raw))


_PRODUCT_OF: Final = words_of(_PRODUCTS)
_ALIGNMENT_OF: Final = words_of(_ALIGNMENTS)

SHEET: Final = Sheet(
    name="租约",
    columns=(
        Column(
            key="number",
            header="合同编号",
            aliases=("合同号", "合同编码", "租约编号", "租约号", "协议编号", "租赁合同编号"),
            read=_code,
            help=lazy("Your own number; without one the lease gets a number here."),
            example="HT-2026-0018",
        ),
        Column(
            key="plate",
            header="车牌号",
            aliases=("车牌", "车牌号码", "号牌号码"),
            read=_folded,
            help=lazy("Plate or VIN of a vehicle that is in the register."),
            example="粤BD12345",
        ),
        Column(
            key="vin",
            header="车架号",
            aliases=("VIN", "车辆识别代号", "车架号码"),
            read=_folded,
            help=lazy("Plate or VIN of a vehicle that is in the register."),
            example="LPSEV4E16RA000001",
        ),
        Column(
            key="customer",
            header="客户名称",
            aliases=(
                "客户",
                "客户姓名",
                "承租人",
                "承租方",
                "承租单位",
                "租户",
                "姓名",
                "公司名称",
            ),
            read=text(longest=80),
            help=lazy("As in the register; with namesakes add the number or the telephone."),
            example="杭州顺达城配物流有限公司",
        ),
        Column(
            key="id_no",
            header="客户证件号",
            aliases=(
                "证件号码/统一社会信用代码",
                "证件号码",
                "证件号",
                "身份证号",
                "身份证号码",
                "统一社会信用代码",
            ),
            read=_folded,
            help=lazy("18 characters; format the column as text, or Excel loses digits."),
            example="91330106MA0000001X",
            mask=mask_id,
        ),
        Column(
            key="phone",
            header="手机号",
            aliases=("客户手机号", "手机", "手机号码", "电话", "联系电话", "联系方式"),
            read=_folded,
            example="13805710001",
            mask=mask_phone,
        ),
        Column(
            key="product",
            header="产品",
            aliases=("租赁方式", "租赁类型", "产品名称", "租赁产品", "业务类型"),
            read=choice(_PRODUCT_WORDS),
            options=tuple(_PRODUCTS),
            shown=_PRODUCT_OF.get,
            help=lazy("Empty stands for a monthly rental."),
            example="月租",
        ),
        Column(
            key="starts_on",
            header="起租日期",
            aliases=(
                "起租日",
                "起租时间",
                "租赁开始日期",
                "合同开始日期",
                "开始日期",
                "租期开始",
                "交车日期",
            ),
            required=True,
            read=day,
            example="2026-01-15",
        ),
        Column(
            key="months",
            header="租期(月)",
            aliases=("租期", "租赁期限", "租赁月数", "租期月数", "合同期限(月)", "期限(月)"),
            read=_whole_months,
            help=lazy("The term or the last day; one of the two is needed."),
            example="12",
        ),
        Column(
            key="ends_on",
            header="到期日期",
            aliases=(
                "到期日",
                "租赁到期日",
                "合同到期日",
                "租赁结束日期",
                "合同结束日期",
                "结束日期",
                "租期结束",
            ),
            read=day,
            help=lazy(
                "The last day of the lease. The same day of a later month means whole months."
            ),
            example="2027-01-14",
        ),
        Column(
            key="monthly_rent",
            header="月租金(元)",
            aliases=("月租金", "月租", "租金", "每月租金", "租金(元/月)", "租金(元)"),
            required=True,
            read=number(decimals=2, least=Decimal("0.01"), most=10**9),
            help=lazy("In yuan a month, tax included."),
            example="3500",
        ),
        Column(
            key="deposit",
            header="押金(元)",
            aliases=("押金", "合同押金", "应收押金", "约定押金", "保证金"),
            read=money,
            example="7000",
        ),
        Column(
            key="deposit_held",
            header="已收押金(元)",
            aliases=("已收押金", "已交押金", "已交押金(元)", "实收押金", "押金已收", "押金已交"),
            read=money,
            help=lazy("What you hold of it; 0 if none. Needed where a deposit is agreed."),
            example="7000",
        ),
        Column(
            key="paid_until",
            header="租金已付至",
            aliases=(
                "已付至",
                "租金付至",
                "租金已缴至",
                "租金缴至",
                "已缴租金至",
                "租金已付至日期",
            ),
            required=True,
            read=day,
            help=lazy(
                "The last day whose rent is settled in your books; billing goes on the day after. "
                "Nothing paid yet: the day before the lease began."
            ),
            example="2026-06-30",
        ),
        Column(
            key="alignment",
            header="账期方式",
            aliases=("账单周期", "计费周期", "计租方式"),
            read=choice(_ALIGNMENT_WORDS),
            options=tuple(_ALIGNMENTS),
            shown=_ALIGNMENT_OF.get,
            help=lazy("Empty stands for calendar months; rent to own runs from the first day."),
        ),
        Column(
            key="arrears",
            header="欠款(元)",
            aliases=("欠款", "欠款金额", "欠租", "欠费", "拖欠金额", "历史欠款"),
            read=money,
            help=lazy("What is still owed from days up to then; it becomes a bill."),
        ),
        Column(
            key="arrears_due_on",
            header="欠款到期日",
            aliases=("欠款应付日", "欠款日期"),
            read=day,
            help=lazy("Empty stands for the day of the move-in."),
        ),
        Column(key="note", header="备注", aliases=("说明",), read=text(longest=300)),
    ),
)
