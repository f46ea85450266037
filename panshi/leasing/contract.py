"""The contract of a lease as PDF: its terms, the clauses that ship, and the plan of charges.

A contract speaks Chinese whatever the reader's language, as the law it rests on does.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import yaml

from panshi.billing.queries import Charge, CreditTerms
from panshi.kit import typeset
from panshi.kit.money import ZERO, in_capitals, percent

_SHEET: Final = Path(__file__).with_name("contract.typ")
_TEXTS: Final = Path(__file__).with_name("contract_text")
REQUIRED: Final = frozenset(
    {"USE", "RENT", "DEPOSIT", "WEAR", "DATA", "RESTRAINT", "RETURN", "NOTICE", "DISPUTE"}
)
REFUND_DAYS: Final = 15
TRANSFER_DAYS: Final = 15
_NUMERALS: Final = "零一二三四五六七八九十"


class ClauseMissing(Exception):
    """The text lacks a clause without which no lease may be signed."""


@dataclass(frozen=True, slots=True)
class Clause:
    code: str
    title: str
    body: str


@dataclass(frozen=True, slots=True)
class ContractText:
    version: str
    title: str
    consent: str
    clauses: tuple[Clause, ...]


def text_of(name: str = "rental") -> ContractText:
    """The text that ships under this name. Raises ClauseMissing, FileNotFoundError."""
    read = yaml.safe_load((_TEXTS / f"{name}.yaml").read_text(encoding="utf-8"))
    clauses = tuple(Clause(**clause) for clause in read["clauses"])
    if missing := REQUIRED - {clause.code for clause in clauses}:
        raise ClauseMissing(f"{name}: {', '.join(sorted(missing))}")
    return ContractText(read["version"], read["title"], _printed(read["consent"]), clauses)


def clauses_of_owning() -> tuple[Clause, ...]:
    """What the text gains when the vehicle is rented to own."""
    read = yaml.safe_load((_TEXTS / "own.yaml").read_text(encoding="utf-8"))
    return tuple(Clause(**clause) for clause in read["clauses"])


@dataclass(frozen=True, slots=True, kw_only=True)
class PurchasePrice:
    """What a vehicle costs that is rented to own, CNY; the rate as a share of the balance."""

    price: Decimal
    monthly_rate: Decimal
    fee: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractTerms:
    """What one lease puts into the text, in CNY; `first_day` and `last_day` are both included."""

    number: str
    lessor: str
    lessee: str
    id_masked: str
    phone_masked: str
    plate: str
    vin: str
    model_name: str
    battery_kwh: Decimal | None
    first_day: date
    last_day: date
    monthly_rent: Decimal
    deposit: Decimal
    charges: tuple[Charge, ...]
    early_share: Decimal
    credit: CreditTerms
    purchase: PurchasePrice | None = None


def contract_pdf(terms: ContractTerms) -> bytes:
    """Set the contract of a lease. Raises kit.fonts.FontMissing without the vendored font."""
    return typeset.pdf(_SHEET, _shown(terms, text_of()))


def _shown(terms: ContractTerms, text: ContractText) -> dict[str, Any]:
    total = sum((charge.amount for charge in terms.charges), ZERO)
    figures = _figures(text.version, terms.early_share, terms.credit) | _owning(terms)
    added = clauses_of_owning() if terms.purchase else ()
    return {
        "number": terms.number,
        "version": text.version,
        "title": text.title,
        "lessor": terms.lessor,
        "lessee": terms.lessee,
        "parties": [
            ("甲方（出租人）", terms.lessor),
            ("乙方（承租人）", terms.lessee),
            ("证件号码", terms.id_masked),
            ("联系电话", terms.phone_masked),
        ],
        "terms": [
            ("车牌号", terms.plate or "—"),
            ("车架号", terms.vin or "—"),
            ("车型", terms.model_name or "—"),
            ("电池容量", f"{terms.battery_kwh:f} kWh" if terms.battery_kwh else "—"),
            ("起租日", f"{terms.first_day}"),
            ("到期日", f"{terms.last_day}"),
            ("月租金（含税）", f"¥{terms.monthly_rent:,.2f}"),
            ("押金", f"¥{terms.deposit:,.2f}"),
        ],
        "clauses": [
            {
                "numeral": numeral(number),
                "title": clause.title,
                "body": _printed(clause.body).format(**figures),
            }
            for number, clause in enumerate((*text.clauses, *added), start=1)
        ],
        "charges": [_line(number, c) for number, c in enumerate(terms.charges, start=1)],
        "total": f"{total:,.2f}",
        "capitals": in_capitals(total),
        "deposit": f"{terms.deposit:,.2f}",
        "deposit_capitals": in_capitals(terms.deposit),
    }


def _printed(body: str) -> str:
    """A clause as it is printed: without the file's line ends and its marks for the lawyer."""
    return "".join(body.split()).replace("§", "")


def _line(number: int, charge: Charge) -> list[str]:
    return [
        str(number),
        f"{charge.period_from} – {charge.period_to - timedelta(days=1)}",
        f"{charge.days} / {charge.whole_days}",
        f"{charge.due_on}",
        f"{charge.amount:,.2f}",
    ]


def _figures(version: str, early_share: Decimal, credit: CreditTerms) -> dict[str, str]:
    """The figures that the clauses name, from the rules that bills and returns follow."""
    return {
        "grace_days": str(credit.grace_days),
        "after_grace": str(credit.grace_days + 1),
        "late_fee": f"万分之{(credit.late_fee_a_day * 10_000).normalize():f}",
        "late_cap": percent(credit.late_fee_cap),
        "early_share": percent(early_share),
        "refund_days": str(REFUND_DAYS),
        "version": version,
    }


def _owning(terms: ContractTerms) -> dict[str, str]:
    if terms.purchase is None:
        return {}
    return {
        "price": f"{terms.purchase.price:,.2f}",
        "monthly_rate": percent(terms.purchase.monthly_rate),
        "fee": f"{terms.purchase.fee:,.2f}",
        "months": str(len(terms.charges)),
        "transfer_days": str(TRANSFER_DAYS),
    }


def numeral(number: int) -> str:
    """A number up to 99 in Chinese numerals, as clauses are counted. Raises ValueError above."""
    if not 0 < number < 100:
        raise ValueError(number)
    tens, ones = divmod(number, 10)
    ten = "" if tens == 0 else "十" if tens == 1 else f"{_NUMERALS[tens]}十"
    return ten + (_NUMERALS[ones] if ones or not tens else "")
