"""Arithmetic of customers: identity numbers, telephone numbers, the score of a qualification."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

_ID_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECKS: Final = "10X98765432"
_USCC_ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_MOBILE: Final = re.compile(r"^1[3-9]\d{9}$")
STRICTEST_DEPOSIT_MONTHS: Final = 3
_LANDLINE: Final = re.compile(r"^0\d{2,3}\d{7,8}$|^400\d{7}$")


def fold(text: str) -> str:
    """Upper case without spaces and hyphens, full-width letters and digits made plain."""
    plain = "".join(chr(ord(c) - 0xFEE0) if 0xFF01 <= ord(c) <= 0xFF5E else c for c in text)
    return re.sub(r"[\s\-]", "", plain).upper()


def id_check_digit(first_17: str) -> str:
    """The last character of a resident identity number (GB 11643)."""
    total = sum(int(digit) * weight for digit, weight in zip(first_17, _ID_WEIGHTS, strict=True))
    return _ID_CHECKS[total % 11]


def is_identity_number(number: str) -> bool:
    """Whether a folded number is an identity number with a real birthday and its check digit."""
    if not re.match(r"^[1-9]\d{16}[\dX]$", number):
        return False
    try:
        date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    return number[17] == id_check_digit(number[:17])


def credit_code_check(first_17: str) -> str:
    """The last character of a unified social credit code (GB 32100)."""
    total = sum(
        _USCC_ALPHABET.index(character) * pow(3, place, 31)
        for place, character in enumerate(first_17)
    )
    return _USCC_ALPHABET[-total % 31]


def is_credit_code(code: str) -> bool:
    """Whether a folded code is a unified social credit code with its check character."""
    if not re.match(r"^[0-9A-HJ-NPQRTUWXY]{2}\d{6}[0-9A-HJ-NPQRTUWXY]{10}$", code):
        return False
    return code[17] == credit_code_check(code[:17])


def is_mobile(phone: str) -> bool:
    return _MOBILE.match(phone) is not None


def is_phone(phone: str) -> bool:
    """Whether a folded number is a mobile, a landline with its area code, or a 400 number."""
    return is_mobile(phone) or _LANDLINE.match(phone) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditInputs:
    """What a customer's score is computed from. `monthly_income` is CNY."""

    years_in_trade: Decimal
    vehicles_run: int
    monthly_income: Decimal
    late_payments: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ScorePart:
    """Points for one input, by the code of the input."""

    code: str
    points: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """The score out of 100, its parts, and what follows from it.

    `credit_limit` is CNY; `deposit_months` the months of rent asked as a deposit.
    """

    total: int
    parts: tuple[ScorePart, ...]
    credit_limit: Decimal
    deposit_months: int


def _step(value: Decimal | int, steps: Sequence[tuple[int, int]]) -> int:
    """The points of the highest step that the value reaches."""
    return max((points for at_least, points in steps if value >= at_least), default=0)


def score(inputs: CreditInputs) -> Score:
    """Score a customer; the same inputs always give the same score."""
    parts = (
        ScorePart(
            code="YEARS_IN_TRADE",
            points=_step(inputs.years_in_trade, ((0, 5), (1, 12), (3, 20), (5, 25))),
        ),
        ScorePart(
            code="VEHICLES_RUN", points=_step(inputs.vehicles_run, ((0, 5), (1, 10), (5, 20)))
        ),
        ScorePart(
            code="MONTHLY_INCOME",
            points=_step(inputs.monthly_income, ((0, 0), (6000, 10), (10_000, 18), (30_000, 25))),
        ),
        ScorePart(code="LATE_PAYMENTS", points=max(30 - 10 * inputs.late_payments, 0)),
    )
    total = sum(part.points for part in parts)
    share = Decimal(total) / 100
    limit = (inputs.monthly_income * share).quantize(Decimal(100))
    return Score(
        total=total,
        parts=parts,
        credit_limit=max(limit, Decimal(0)),
        deposit_months=1
        if total >= 80
        else 2
        if total >= CREDIT_PASSES
        else STRICTEST_DEPOSIT_MONTHS,
    )


PASSED: Final = "PASSED"
FAILED: Final = "FAILED"
REVIEW: Final = "REVIEW"
NOT_NEEDED: Final = "NOT_NEEDED"
CREDIT_PASSES: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was looked at: `saw` is the input it rests on, REVIEW waits for a person."""

    code: str
    outcome: str
    saw: str


def checks(
    *,
    company: bool,
    identity_sound: bool,
    licence_expires_on: date,
    on: date,
    authorised_by: str,
    score: int,
    blacklisted: bool,
) -> tuple[Check, ...]:
    """What a customer is examined for, with what was seen; the same inputs give the same checks."""
    authority = NOT_NEEDED if not company else PASSED if authorised_by else REVIEW
    return (
        Check(
            code="IDENTITY",
            outcome=PASSED if identity_sound else FAILED,
            saw="GB 32100" if company else "GB 11643",
        ),
        Check(
            code="LICENCE",
            outcome=PASSED if licence_expires_on >= on else FAILED,
            saw=licence_expires_on.isoformat(),
        ),
        Check(code="AUTHORITY", outcome=authority, saw=authorised_by),
        Check(code="CREDIT", outcome=PASSED if score >= CREDIT_PASSES else REVIEW, saw=str(score)),
        Check(code="BLACKLIST", outcome=FAILED if blacklisted else PASSED, saw=on.isoformat()),
    )
