"""The chart of accounts and the arithmetic of a balanced entry."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

ASSET, LIABILITY, EQUITY, INCOME, EXPENSE = "ASSET", "LIABILITY", "EQUITY", "INCOME", "EXPENSE"

KEPT_BY_DAY: Final = ("1122", "6001.rental", "6001.service", "6001.smart", "6001.share", "6051")
"""Accounts whose days are asked each minute: their sums are kept by day and kind of entry."""
# Codes follow the Chinese chart; an operator's accountant confirms them before go-live.
CHART: Final[tuple[tuple[str, str, str, str], ...]] = (
    ("1002", ASSET, "Bank deposits", "银行存款"),
    ("1012.wx", ASSET, "WeChat Pay in transit", "微信支付在途"),
    ("1012.ali", ASSET, "Alipay in transit", "支付宝在途"),
    ("1012.sim", ASSET, "Simulated channel in transit", "模拟渠道在途"),
    ("1122", ASSET, "Accounts receivable", "应收账款"),
    ("1122.02", ASSET, "Deposits receivable", "应收押金"),
    ("1123", ASSET, "Prepaid costs", "预付账款"),
    ("1221.90", ASSET, "Receivable between organisations", "内部往来应收"),
    ("1221.91", ASSET, "Owed by insurers", "应收保险赔款"),
    ("1231", ASSET, "Allowance for bad debts", "坏账准备"),
    ("1405", ASSET, "Parts in stock", "库存商品（配件）"),
    ("1601", ASSET, "Fixed assets", "固定资产"),
    ("1602", ASSET, "Accumulated depreciation", "累计折旧"),
    ("1606", ASSET, "Disposal of fixed assets", "固定资产清理"),
    ("2001.fin", LIABILITY, "Advances on receivables", "应收账款融资借款"),
    ("2202", LIABILITY, "Accounts payable", "应付账款"),
    ("2202.est", LIABILITY, "Received and not invoiced", "暂估应付账款"),
    ("2203", LIABILITY, "Customers' money on account", "预收账款"),
    ("2205", LIABILITY, "Contract liabilities", "合同负债"),
    ("2211", LIABILITY, "Wages to pay", "应付职工薪酬"),
    ("2221.01", LIABILITY, "Output VAT", "应交增值税（销项税额）"),
    ("2221.02", LIABILITY, "Input VAT", "应交增值税（进项税额）"),
    ("2221.09", LIABILITY, "Taxes to pay", "应交税费（已缴）"),
    ("2241.01", LIABILITY, "Deposits held", "存入押金"),
    ("2241.02", LIABILITY, "Deposits demanded", "待收押金"),
    ("2241.03", LIABILITY, "Fines passed through", "代收罚款"),
    ("2241.04", LIABILITY, "Repairs of accidents to pay", "应付事故修理费"),
    ("2241.05", LIABILITY, "Bank money to be cleared up", "待查银行款项"),
    ("2241.08", LIABILITY, "Refunds payable", "应付退款"),
    ("2241.09", LIABILITY, "Deposits reserved", "押金预留"),
    ("2241.90", LIABILITY, "Payable between organisations", "内部往来应付"),
    ("2241.91", LIABILITY, "Shares payable to partners", "应付合作方分成"),
    ("4103", EQUITY, "Opening balances", "期初余额"),
    ("6001.rental", INCOME, "Rental revenue", "租赁收入"),
    ("6001.service", INCOME, "Service revenue", "服务收入"),
    ("6001.smart", INCOME, "Smart control revenue", "智控收入"),
    ("6001.share", INCOME, "Shared revenue", "分成收入"),
    ("6051", INCOME, "Other revenue", "其他业务收入"),
    ("6115", INCOME, "Gains on disposal", "资产处置损益"),
    ("6401.dep", EXPENSE, "Depreciation of leased vehicles", "出租车辆折旧"),
    ("6401.energy", EXPENSE, "Energy of vehicles", "车辆能耗成本"),
    ("6401.insurance", EXPENSE, "Insurance of vehicles", "车辆保险成本"),
    ("6401.maintenance", EXPENSE, "Upkeep and repair of vehicles", "车辆维保成本"),
    ("6401.other", EXPENSE, "Other costs of vehicles", "车辆其他成本"),
    ("6401.parts", EXPENSE, "Parts used on vehicles", "车辆配件成本"),
    ("6401.share", EXPENSE, "Shares paid", "分成成本"),
    ("6401.service", EXPENSE, "Cost of service", "服务成本"),
    ("6602.idle", EXPENSE, "Depreciation of idle vehicles", "闲置车辆折旧"),
    ("6602.office", EXPENSE, "Office and other costs", "办公及其他费用"),
    ("6602.rent", EXPENSE, "Rent of premises", "场地与房屋租金"),
    ("6602.stock", EXPENSE, "Stock lost and found", "存货盘亏盘盈"),
    ("6603", EXPENSE, "Finance costs", "财务费用"),
    ("6702", EXPENSE, "Credit losses", "信用减值损失"),
    ("6711", EXPENSE, "Fines and losses borne", "营业外支出"),
    # Kept beside the books: rent that accidents cost is no expense, and both always cancel out.
    ("9001", EQUITY, "Rent lost by accidents, for the record", "停运损失（备查）"),
    ("9002", EQUITY, "Counterpart of rent lost", "停运损失备查对应"),
)

BETWEEN: Final = ("1221.90", "2241.90")
"""What one book owes another, and is owed by another: over the whole tree they sum to zero."""
KIND_OF: Final[Mapping[str, str]] = {code: kind for code, kind, _, _ in CHART}


def is_balanced(amounts: Sequence[Decimal]) -> bool:
    """Whether amounts may stand as one entry: two legs or more, none of zero, summing to zero."""
    return len(amounts) >= 2 and all(a != 0 for a in amounts) and sum(amounts) == 0


@dataclass(frozen=True, slots=True)
class JournalLeg:
    """One leg as it leaves for an outside checker; a debit is positive."""

    account: str
    amount: Decimal
    vehicle: str
    customer: str
    city: str


@dataclass(frozen=True, slots=True)
class JournalEntry:
    on: date
    words: str
    link: str
    legs: tuple[JournalLeg, ...]


_ROOTS: Final = {
    ASSET: "Assets",
    LIABILITY: "Liabilities",
    EQUITY: "Equity",
    INCOME: "Income",
    EXPENSE: "Expenses",
}


def beancount_account(code: str) -> str:
    """1122.02 → Assets:A1122:A02, a name that beancount accepts."""
    parts = [f"A{part}" if part[0].isdigit() else part.capitalize() for part in code.split(".")]
    return ":".join([_ROOTS[KIND_OF[code]], *parts])


def beancount(
    entries: Iterable[JournalEntry],
    *,
    opened_on: date,
    totals: Mapping[str, Decimal],
    closed_on: date,
) -> Iterable[str]:
    """Write a book as lines of beancount text, which an outside program adds up again.

    `totals` by account are asserted at the start of `closed_on`, the day after the last entry.
    """
    yield 'option "operating_currency" "CNY"'
    for code, _, english, _ in CHART:
        yield f"{opened_on} open {beancount_account(code)} CNY"
        yield f'  name: "{english}"'
    for entry in entries:
        yield ""
        yield f'{entry.on} * "{entry.words}" ^{entry.link}'
        for leg in entry.legs:
            yield f"  {beancount_account(leg.account)}  {leg.amount:.2f} CNY"
            for key in ("vehicle", "customer", "city"):
                if value := getattr(leg, key):
                    yield f'    {key}: "{value}"'
    yield ""
    for code, amount in sorted(totals.items()):
        yield f"{closed_on} balance {beancount_account(code)}  {amount:.2f} CNY"
