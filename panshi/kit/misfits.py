"""What is wrong with a body that was sent, in words for its sender: which field, and what to send.

The model of a verb says it in the English of its library and in terms of its types.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from pydantic import ValidationError

from panshi.kit.refusals import told

MOST: Final = 20  # Of a list of thousands that are all wrong in the same way.
_OTHER: Final = lazy("This does not fit; /api/openapi.json says what does.")
_LIST: Final = lazy("Send a list, in square brackets.")
_OBJECT: Final = lazy("Send an object with named fields, in braces.")
_NUMBER: Final = lazy("Send a number such as 2980.00, without separators, letters or a currency.")
_CHOICE: Final = lazy("Send one of %(expected)s.")
# By how the library's name of a fault begins; the first that does.
_WORDS: Final = (
    ("json_invalid", lazy("The body is no JSON. Send an object with named fields, in braces.")),
    ("missing", lazy("This is missing. Send it too.")),
    ("extra_forbidden", lazy("There is no such field. Leave it out, or correct its name.")),
    ("uuid", lazy("Send the identifier of a record: 32 hexadecimal digits.")),
    ("decimal", _NUMBER),
    ("float", _NUMBER),
    ("finite_number", _NUMBER),
    ("int", lazy("Send a whole number such as 12.")),
    ("bool", lazy("Send true or false.")),
    ("datetime", lazy("Send a moment such as 2027-03-18T09:30:00+08:00.")),
    ("timezone", lazy("Send a moment such as 2027-03-18T09:30:00+08:00.")),
    ("date", lazy("Send a day that exists, such as 2027-03-18.")),
    ("bytes", lazy("Send the content of the file in Base64.")),
    ("string", lazy("Send text, in quotation marks.")),
    ("enum", _CHOICE),
    ("literal", _CHOICE),
    ("list", _LIST),
    ("tuple", _LIST),
    ("set", _LIST),
    ("frozen_set", _LIST),
    ("dict", _OBJECT),
    ("model", _OBJECT),
    ("dataclass", _OBJECT),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Misfit:
    """A field as its sender names it, such as `lines[2].gross`, and what it has to be."""

    field: str
    words: str


def misfits(error: ValidationError) -> tuple[Misfit, ...]:
    """What does not fit, in the order of the fields, at most twenty."""
    return tuple(
        Misfit(_field(one["loc"]), _words(one["type"]) % one.get("ctx", {}))
        for one in error.errors(include_url=False)[:MOST]
    )


def unknown(given: Mapping[str, Any], said: str) -> tuple[Misfit, ...]:
    """The fields whose value names nothing, where what a verb said of it shows which they are."""
    words = _("There is no “%(value)s” here. Send a value that exists.")
    return tuple(
        Misfit(field, words % {"value": value})
        for field, value in given.items()
        if isinstance(value, str) and value and repr(value) in said
    )


def problem(code: str, words: str, found: Sequence[Misfit] = ()) -> dict[str, Any]:
    """An answer in the form of a refusal; `fields` are those to send differently."""
    lines = [f"{one.field}: {one.words}" if one.field else one.words for one in found]
    return {**told(code, "\n".join([words, *lines])), "fields": [asdict(one) for one in found]}


def _field(place: Sequence[int | str]) -> str:
    return "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in place).removeprefix(".")


def _words(kind: str) -> str:
    return str(next((words for start, words in _WORDS if kind.startswith(start)), _OTHER))
