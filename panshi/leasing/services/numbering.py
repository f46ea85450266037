"""What billing asks of leases when it reads a bank's lines: whose contract number is it."""

from collections.abc import Sequence
from uuid import UUID

from panshi.kit.verbs import guard
from panshi.leasing.models import Lease


@guard
def contract_numbers(*, source_ids: Sequence[UUID]) -> dict[UUID, str]:
    """The numbers of those sources that are leases, as they stand on contracts and bills.

    A memo that names one is evidence of who paid. Asked inside a verb or question, so it sees
    what its caller sees.
    """
    return dict(Lease.objects.filter(id__in=list(source_ids)).values_list("id", "number"))
