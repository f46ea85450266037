"""The terms of late payment that bills follow, for contracts that name them."""

from datetime import date

from django.db.models import Q

from panshi.billing.models import LateTerms
from panshi.billing.rules import CreditTerms


def late_terms(*, source_kind: str, due_on: date) -> LateTerms | None:
    """The row in force for a bill of a source that is due on a day; None where none was agreed."""
    return (
        LateTerms.objects.filter(Q(ends_on=None) | Q(ends_on__gt=due_on))
        .filter(source_kind=source_kind, starts_on__lte=due_on)
        .first()
    )


def credit_terms(*, source_kind: str, on: date) -> CreditTerms | None:
    """What being late costs by a contract of this kind made on a day, in shares of 1."""
    row = late_terms(source_kind=source_kind, due_on=on)
    return None if row is None else terms_of(row)


def terms_of(row: LateTerms) -> CreditTerms:
    return CreditTerms(grace_days=row.grace_days, late_fee_a_day=row.a_day, late_fee_cap=row.cap)
