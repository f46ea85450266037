"""How words are put together in the reader's language."""

import re
from collections.abc import Iterable

from django.utils.translation import get_language, pgettext

_CHINESE = re.compile("[\u3400-\u9fff]")


def listed(words: Iterable[object]) -> str:
    """Words one after the other, parted as the language parts them: "甲、乙" or "A, B"."""
    return pgettext("between the words of a list", ", ").join(map(str, words))


def reads_chinese() -> bool:
    """Whether who reads now reads Chinese; who says nothing else does."""
    return (get_language() or "zh").startswith("zh")


def spoken(zh: str, en: str) -> str:
    """A text for who reads now: the English one for English readers where there is one."""
    return zh if reads_chinese() or not en else en


def is_chinese(text: str) -> bool:
    """Whether any Chinese character stands in a text.

    >>> is_chinese("GB 7258 第 7 条"), is_chinese("GB 7258")
    (True, False)
    """
    return _CHINESE.search(text) is not None
