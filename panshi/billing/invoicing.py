"""The port to whoever issues electronic VAT invoices, and a simulator of it.

The form is neutral: a direct connection to the tax service or a service provider's. A request
carries our key; whoever receives it twice issues one invoice, so a lost answer is asked for again
and never repeated as something new.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceLine:
    """A line to invoice, in CNY; below zero on a red letter."""

    words: str
    vat_rate: Decimal
    net: Decimal
    vat: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceRequest:
    """An invoice to issue, or with `red_of` (year, number) a red letter that takes one back."""

    key: str
    year: int
    buyer_name: str
    buyer_tax_no: str
    total: Decimal
    lines: tuple[InvoiceLine, ...]
    red_of: tuple[int, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceAnswer:
    """What became of a request: a number in a year, or the reason why there is none."""

    key: str
    number: str = ""
    year: int = 0
    reason: str = ""


class TaxService(Protocol):
    def submit(self, request: InvoiceRequest) -> Sequence[InvoiceAnswer]:
        """Ask for an invoice. No answer: it was lost on the way. The same one may come twice."""

    def query(self, request: InvoiceRequest) -> InvoiceAnswer | None:
        """What became of a request that was submitted; None when it never arrived."""


LOSES, REJECTS, DOUBLES = 2, 2, 1
# How many characters a tax number may have: of a company, of a person or an older registration.
_TAX_NUMBERS: Final = (15, 17, 18, 20)
_OF: Final = 100


@dataclass(slots=True)
class SimulatedTaxService:
    """Issues by rule of the key alone: of a hundred, two answers are lost, two requests rejected,
    and one is answered twice. A buyer's tax number of a length that none has is rejected always, a
    red letter never. `issued` are the keys that got one.
    """

    issued: dict[str, str] = field(default_factory=dict)

    def submit(self, request: InvoiceRequest) -> Sequence[InvoiceAnswer]:
        answer = self._answer(request)
        turn = self._turn(request.key, "way")
        if turn < LOSES:
            return []
        return [answer, answer] if turn < LOSES + DOUBLES else [answer]

    def query(self, request: InvoiceRequest) -> InvoiceAnswer | None:
        return self._answer(request)

    def _answer(self, request: InvoiceRequest) -> InvoiceAnswer:
        if request.buyer_tax_no and len(request.buyer_tax_no) not in _TAX_NUMBERS:
            return InvoiceAnswer(key=request.key, reason="购买方纳税人识别号位数有误")
        if request.red_of is None and self._turn(request.key, "verdict") < REJECTS:
            return InvoiceAnswer(key=request.key, reason="购买方信息校验未通过")
        mark = hashlib.sha256(request.key.encode()).hexdigest()
        number = self.issued.setdefault(
            request.key, f"{request.year % 100}{int(mark, 16) % 10**18:018d}"
        )
        return InvoiceAnswer(key=request.key, number=number, year=request.year)

    @staticmethod
    def _turn(key: str, salt: str) -> int:
        return int(hashlib.sha256(f"{salt}/{key}".encode()).hexdigest(), 16) % _OF


_SIMULATED: Final = SimulatedTaxService()


def tax_service() -> TaxService:
    """The one that is connected; the simulator until an operator has a contract with another."""
    return _SIMULATED
