"""Filters for what people read: money, masked data, local moments, empty values."""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django import template
from django.utils.safestring import SafeString

from panshi.kit import money, personal, wording
from panshi.kit.clock import SHANGHAI

register = template.Library()
EMPTY = "—"


@register.filter
def yuan(amount: Decimal | None) -> str:
    return EMPTY if amount is None else money.yuan(amount)


@register.filter
def in_capitals(amount: Decimal) -> str:
    return money.in_capitals(amount)


@register.filter
def listed(words: Iterable[object]) -> str:
    """Words parted as the language parts them: "甲、乙" or "A, B"."""
    return wording.listed(words)


@register.filter
def lang(text: object) -> SafeString:
    """The attribute that says a text is Chinese, where the page around it is in another language.

    It stands right behind the name of the element: `<p{{ step.why|lang }}>`.
    """
    own = wording.is_chinese(str(text)) and not wording.reads_chinese()
    return SafeString(' lang="zh-Hans"' if own else "")


@register.filter
def or_dash(value: Any) -> Any:
    return EMPTY if value is None or value == "" else value


@register.filter
def masked_phone(phone: str | None) -> str:
    return personal.mask_phone(phone) if phone else EMPTY


@register.filter
def day(value: date | datetime | None) -> str:
    """2027-03-09, in Shanghai."""
    if value is None:
        return EMPTY
    if isinstance(value, datetime):
        value = value.astimezone(SHANGHAI).date()
    return value.isoformat()


@register.filter
def moment(value: datetime | None) -> str:
    """2027-03-09 14:05, in Shanghai."""
    return EMPTY if value is None else value.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")


@register.filter
def clock(value: datetime | None) -> str:
    """14:05:09, in Shanghai."""
    return EMPTY if value is None else value.astimezone(SHANGHAI).strftime("%H:%M:%S")


@register.filter
def percent(value: float | Decimal | None) -> str:
    return EMPTY if value is None else f"{value * 100:.1f}%"


@register.filter
def label_of(choices: Any, code: str) -> str:
    """The label of a stored code: `{{ LeaseState|label_of:row.state }}`."""
    return str(choices(code).label)
