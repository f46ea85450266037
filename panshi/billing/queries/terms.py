"""The terms of late payment that bills follow, for contracts that name them."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from panshi.billing import rules


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditTerms:
    """Shares of 1; the late fee counts by the day from the end of the grace days on."""

    grace_days: int
    late_fee_a_day: Decimal
    late_fee_cap: Decimal


CREDIT_TERMS: Final = CreditTerms(
    grace_days=rules.GRACE_DAYS,
    late_fee_a_day=rules.LATE_FEE_A_DAY,
    late_fee_cap=rules.LATE_FEE_CAP,
)
