"""Questions about the promises of the books: what they are, and how they stood when last seen."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from panshi.kit.money import ZERO
from panshi.kit.tenancy import HQ, Actor
from panshi.kit.verbs import question
from panshi.ledger.models import InvariantCheck


@dataclass(frozen=True, slots=True)
class Promised:
    """A promise: in words, what stands on each side, and whom to call when it does not hold."""

    code: str
    words: Promise
    left: Promise
    right: Promise
    call: Promise
    kind: str = "money"


_FINANCE: Final = _("the finance clerk of the operator")
_PLATFORM: Final = _("the administrator of the platform")
PROMISES: Final = (
    Promised("I1", _("Every entry sums to zero"), _("Debits"), _("Credits"), _PLATFORM),
    Promised(
        "I2", _("Every entry has all its legs, none of them zero"), _("Legs announced"),
        _("Legs posted"), _PLATFORM, "number",
    ),
    Promised(
        "I3", _("Nothing posted is changed or removed"), _("Guards that must stand"),
        _("Guards standing"), _PLATFORM, "number",
    ),
    Promised(
        "I4", _("A document is posted once"), _("Entries"), _("Documents"), _PLATFORM, "number"
    ),
    Promised(
        "I5", _("An entry lies in one book"), _("Entries"), _("Entries wholly in their book"),
        _PLATFORM, "number",
    ),
    Promised(
        "I6", _("What one book owes another, the other is owed"), _("Owed by other books"),
        _("Owing to other books"), _PLATFORM,
    ),
    Promised(
        "I7", _("Receivables equal what is open on bills"), _("Accounts 1122 and 1122.02"),
        _("Open on bills"), _FINANCE,
    ),
    Promised(
        "I8", _("The deposit liability equals the deposits held"),
        _("Accounts 2241.01 and 2241.09"), _("Deposits held"), _FINANCE,
    ),
    Promised(
        "I9", _("Money that no bill took is owed to the customer"), _("Account 2203"),
        _("Received and not allocated"), _FINANCE,
    ),
    Promised(
        "I10", _("Nothing is posted into a closed month"), _("Debits when closed"), _("Debits now"),
        _FINANCE,
    ),
    Promised(
        "I11", _("The sums of months equal their postings"), _("Sums kept"), _("Postings counted"),
        _PLATFORM,
    ),
    Promised(
        "I12", _("The results of the vehicles make the result of the book"),
        _("Vehicles, and what belongs to none"), _("The book"), _FINANCE,
    ),
    Promised(
        "I13", _("The stock account equals what parts in stock are worth"), _("Account 1405"),
        _("Worth of parts in places"), _FINANCE,
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class BookStanding:
    """How one book keeps a promise."""

    org_id: int
    left: Decimal
    right: Decimal
    broken: int
    example: str

    @property
    def difference(self) -> Decimal:
        return self.left - self.right


@dataclass(frozen=True, slots=True)
class PromiseStanding:
    """How a promise stood when last looked at, over all books seen; None when it never was."""

    code: str
    words: str
    left_words: str
    right_words: str
    call: str
    kind: str
    checked_at: datetime | None
    left: Decimal
    right: Decimal
    broken: int
    books: tuple[BookStanding, ...]

    @property
    def holds(self) -> bool:
        return self.broken == 0


@question
def promises(*, actor: Actor) -> list[PromiseStanding]:
    """The promises of the books with the figures of both sides; `books` are the broken."""
    rows: dict[str, list[InvariantCheck]] = defaultdict(list)
    for row in InvariantCheck.objects.visible_to(actor).order_by("-broken", "org_id"):
        rows[row.code].append(row)
    looks = [row.checked_at for some in rows.values() for row in some]
    return [
        _standing(one, rows[one.code], max(looks, default=None))
        for one in PROMISES
        if one.code != "I6" or actor.db_role == HQ or rows[one.code]
    ]


def _standing(
    one: Promised, rows: list[InvariantCheck], looked_at: datetime | None
) -> PromiseStanding:
    # Where a look found nothing to count, as in a book without a closed month, nothing is broken.
    return PromiseStanding(
        code=one.code,
        words=str(one.words),
        left_words=str(one.left),
        right_words=str(one.right),
        call=str(one.call),
        kind=one.kind,
        checked_at=min((row.checked_at for row in rows), default=looked_at),
        left=_whole(one, sum((row.left for row in rows), ZERO)),
        right=_whole(one, sum((row.right for row in rows), ZERO)),
        broken=sum(row.broken for row in rows),
        books=tuple(
            BookStanding(
                row.org_id, _whole(one, row.left), _whole(one, row.right), row.broken, row.example
            )
            for row in rows
            if row.broken
        ),
    )


def _whole(one: Promised, figure: Decimal) -> Decimal:
    """A count without the fen of an amount."""
    return figure if one.kind == "money" else figure.quantize(Decimal(1))


@question
def broken_promises(*, org_id: int, actor: Actor) -> list[str]:
    """The codes of the promises that a book did not keep when last looked at."""
    rows = InvariantCheck.objects.filter(org_id=org_id, broken__gt=0)
    return sorted(rows.values_list("code", flat=True), key=lambda code: int(code[1:]))
