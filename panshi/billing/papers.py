"""Bills as PDF, set by typst; the same bill gives the same bytes."""

from pathlib import Path
from typing import Final

from django.utils.translation import gettext as _

from panshi.billing.lists import STANDING_WORDS, period
from panshi.billing.models import BillKind
from panshi.billing.queries import BillCard
from panshi.kit import typeset
from panshi.kit.money import in_capitals, yuan

_SHEET: Final = Path(__file__).with_name("bill.typ")


def _shown(card: BillCard) -> dict[str, object]:
    facts = [
        (_("Customer"), card.customer_name),
        (_("Vehicle"), card.plate),
        (_("Period"), period(card)),
        (_("Due"), card.due_on.isoformat()),
        (_("Issued"), card.issued_on.isoformat() if card.issued_on else "—"),
        (_("State"), str(STANDING_WORDS[card.standing])),
    ]
    lines = [
        [
            str(line.position),
            " ".join(part for part in (line.product, line.words, line.plate) if part)
            + (f"\n{line.service_from} – {line.service_to}" if line.service_from else ""),
            f"{line.quantity.normalize():f} × {line.unit_price:,.2f}",
            f"{line.relieved:,.2f}" if line.relieved else "—",
            f"{line.vat_rate * 100:.0f}%  {line.vat:,.2f}",
            f"{line.gross:,.2f}",
        ]
        for line in card.lines
    ]
    return {
        "title": str(BillKind(card.kind).label),
        "number": card.number or str(STANDING_WORDS["DRAFT"]),
        "operator": card.city,
        "facts": [(name, value or "—") for name, value in facts],
        "heads": ["#", _("Item"), _("Quantity × price"), _("Relieved"), _("VAT"), _("Amount")],
        "lines": lines,
        "sums": [(_("Net"), yuan(card.net)), (_("VAT"), yuan(card.vat))],
        "total": yuan(card.total),
        "capitals": in_capitals(card.total),
        "words": {"total": _("Total")},
    }


def bill_pdf(card: BillCard) -> bytes:
    """Set one bill. Raises fonts.FontMissing when the vendored font is not in place."""
    return typeset.pdf(_SHEET, _shown(card))
