"""How words are put together in the reader's language."""

from collections.abc import Iterable

from django.utils.translation import pgettext


def listed(words: Iterable[object]) -> str:
    """Words one after the other, parted as the language parts them: "甲、乙" or "A, B"."""
    return pgettext("between the words of a list", ", ").join(map(str, words))
