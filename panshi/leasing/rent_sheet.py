"""The rent ledger that an operator kept until it moved in, and that the register writes."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from django.utils.translation import gettext_lazy as lazy

from panshi.kit.sheets import Column, Sheet, code, day, money, text

KIND: Final = "RENTS"


@dataclass(frozen=True, slots=True, kw_only=True)
class RentSheetRow:
    """One rent period of a lease; `until` is its last day, amounts are CNY."""

    number: str
    since: date
    until: date
    due: Decimal
    received: Decimal | None = None
    due_on: date | None = None
    received_on: date | None = None
    method: str = ""
    reference: str = ""
    note: str = ""

    @property
    def open(self) -> Decimal:
        """What of it was not paid."""
        return self.due - (self.received or 0)


SHEET: Final = Sheet(
    name="租金台账",
    columns=(
        Column(
            key="number",
            header="合同编号",
            aliases=("合同号", "合同编码", "租约编号", "租约号", "协议编号", "租赁合同编号"),
            required=True,
            read=code(longest=40),
            help=lazy("The number of a lease that moved in."),
            example="HT-2026-0018",
        ),
        Column(
            key="since",
            header="账期开始",
            aliases=("账期起", "账期开始日", "开始日期", "账期自", "租期开始"),
            required=True,
            read=day,
            example="2026-05-01",
        ),
        Column(
            key="until",
            header="账期结束",
            aliases=("账期止", "账期结束日", "结束日期", "账期至", "租期结束"),
            required=True,
            read=day,
            help=lazy("The last day; not after the day up to which rent is settled elsewhere."),
            example="2026-05-31",
        ),
        Column(
            key="due",
            header="应收金额(元)",
            aliases=("应收金额", "应收", "应收租金", "应收租金(元)", "应收(元)"),
            required=True,
            read=money,
            example="3500",
        ),
        Column(
            key="received",
            header="已收金额(元)",
            aliases=("已收金额", "已收", "实收金额", "实收", "已收租金", "已收(元)", "实收(元)"),
            read=money,
            help=lazy("Empty stands for nothing; what is missing becomes a bill."),
            example="3500",
        ),
        Column(
            key="due_on",
            header="应付日期",
            aliases=("应收日期", "到期日", "付款日", "应付款日"),
            read=day,
            help=lazy("Empty stands for the day of the move-in."),
        ),
        Column(
            key="received_on",
            header="收款日期",
            aliases=("实收日期", "到账日期", "付款日期"),
            read=day,
            example="2026-05-03",
        ),
        Column(
            key="method",
            header="收款方式",
            aliases=("付款方式", "支付方式"),
            read=text(longest=20),
            example="银行转账",
        ),
        Column(
            key="reference",
            header="流水号",
            aliases=("交易流水号", "收款流水号", "凭证号"),
            read=code(longest=64),
        ),
        Column(key="note", header="备注", aliases=("说明",), read=text(longest=300)),
    ),
)
