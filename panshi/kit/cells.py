"""How a value looks on a page: one function per kind, used by tables, records and templates alike.

Each answers markup that is safe to print; None and "" become a quiet dash.
"""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Final

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from panshi.kit import personal
from panshi.kit.clock import SHANGHAI

DASH: Final = mark_safe('<span class="quiet">—</span>')
TONES: Final = ("ok", "warn", "bad", "info", "idle")


def text(value: Any) -> SafeString:
    """Any value; a member of an enumeration shows its translated label, never its code."""
    return format_html("{}", getattr(value, "label", value))


def _figure(words: str) -> SafeString:
    """Digits and signs alone, in which there is nothing to escape."""
    return mark_safe(f'<span class="figure">{words}</span>')


def mono(value: Any) -> SafeString:
    """A number, VIN or code, in figures of equal width."""
    return format_html('<span class="mono">{}</span>', value)


def money(value: Decimal) -> SafeString:
    """¥12,345.60 with a quiet sign of currency."""
    sign = "-" if value < 0 else ""
    return _figure(f'{sign}<span class="unit">¥</span>{abs(value):,.2f}')


def number(value: Decimal | float | int) -> SafeString:
    """Thousands by comma; a float keeps at most two decimals."""
    words = f"{value:,.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else f"{value:,}"
    return _figure(words)


def percent(value: Decimal | float) -> SafeString:
    """0.953 → 95.3%."""
    return _figure(f'{value * 100:.1f}<span class="unit">%</span>')


def day(value: date | datetime) -> SafeString:
    """2027-03-09, in Shanghai."""
    if isinstance(value, datetime):
        value = value.astimezone(SHANGHAI).date()
    return _figure(value.isoformat())


def moment(value: datetime) -> SafeString:
    """2027-03-09 14:05, in Shanghai."""
    local = value.astimezone(SHANGHAI)
    return format_html(
        '<time class="figure" datetime="{}">{}</time>',
        value.isoformat(),
        local.strftime("%Y-%m-%d %H:%M"),
    )


def phone(value: str) -> SafeString:
    """138****5678; the whole number is another page's matter, and logged."""
    return mono(personal.mask_phone(value))


def flag(value: bool) -> SafeString:
    return text(_("Yes") if value else _("No"))


def plate(value: str) -> SafeString:
    """A number plate as a tag: green for new energy (eight characters), blue otherwise."""
    bare = value.replace("·", "").replace(" ", "")
    kind = "plate-green" if len(bare) >= 8 else "plate-blue"
    return format_html('<span class="plate {}">{}·{}</span>', kind, bare[:2], bare[2:])


def state(value: Any, tone: str = "idle", label: str = "") -> SafeString:
    """A dot and a word; `tone` is one of ok, warn, bad, info, idle."""
    if tone not in TONES:
        raise ValueError(f"no tone {tone}; there are {', '.join(TONES)}")
    return format_html(
        '<span class="state state-{}">{}</span>', tone, label or getattr(value, "label", value)
    )


KINDS: Final[dict[str, Callable[[Any], SafeString]]] = {
    "text": text,
    "mono": mono,
    "money": money,
    "number": number,
    "percent": percent,
    "day": day,
    "moment": moment,
    "phone": phone,
    "flag": flag,
    "plate": plate,
}
TO_THE_RIGHT: Final = frozenset({"money", "number", "percent"})


def show(value: Any, kind: str = "text") -> SafeString:
    """A value of a kind, or the dash."""
    if value is None or value == "":
        return DASH
    return KINDS[kind](value)


def code_of(value: Any) -> str:
    """The stored code behind a value, be it a string or a member of an enumeration."""
    return str(value.value) if isinstance(value, Enum) else str(value)
