"""Form pages: fields declared once, drawn with their errors, read into typed values for a verb.

`Form(fields=…)` or `for_verb(verb, …)`; `blank()` for the empty page, `read(post)` for what came
back. `values` fit the verb's keywords. A field that does not read has its words in `errors`.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from enum import Enum
from types import UnionType
from typing import Any, Final, Union, get_args, get_origin
from uuid import UUID

from django.db.models import Choices
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.datastructures import MultiValueDict
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from panshi.kit.clock import SHANGHAI, read_day
from panshi.kit.facts import Fact
from panshi.kit.ids import uuid7
from panshi.kit.money import MOST, is_amount
from panshi.kit.verbs import parameters
from panshi.kit.web import Request, once

KEY: Final = "_key"
_LARGEST: Final = 2**31 - 1
Label = str | Promise
Files = MultiValueDict[str, Any]


class Unreadable(Exception):
    """What was typed is not a value of the field's kind; the words say what is expected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of a form.

    Kinds: text, area, mono, whole, number, money, day, moment, choice, choices (several), flag,
    file, id, password, phone, hidden. `unit` stands inside the field. `group` is the heading of the
    group that begins with this field.
    """

    name: str
    label: Label = ""
    kind: str = "text"
    required: bool = True
    choices: type[Choices] | Sequence[tuple[str, Label]] = ()
    unit: Label = ""
    help: Label = ""
    group: Label = ""
    longest: int = 0
    least: Decimal | int | None = None


@dataclass(frozen=True, slots=True)
class Option:
    value: str
    label: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Bound:
    """A field with what stands in it, as the template draws it."""

    name: str
    dom_id: str
    label: str
    kind: str
    required: bool
    value: str
    options: Sequence[Option]
    unit: str
    help: str
    group: str
    longest: int
    error: str


@dataclass(slots=True)
class Reading:
    """A form with what was typed: `values` when it is `ok`, else `errors` by field name."""

    form: "Form"
    typed: Mapping[str, Sequence[str]] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    key: UUID = field(default_factory=uuid7)

    @property
    def ok(self) -> bool:
        return not self.errors

    def refuse(self, name: str, words: str) -> None:
        """Add words beside a field, for what only the room can judge."""
        self.errors[name] = words

    @property
    def fields(self) -> list[Bound]:
        return [self._bound(f) for f in self.form.fields]

    @property
    def summary(self) -> list[Bound]:
        """The fields that have an error, in the order of the page."""
        return [f for f in self.fields if f.error]

    @property
    def has_file(self) -> bool:
        return any(f.kind == "file" for f in self.form.fields)

    def _bound(self, f: Field) -> Bound:
        typed = [] if f.kind in {"file", "password"} else list(self.typed.get(f.name, []))
        chosen = set(typed)
        return Bound(
            name=f.name,
            dom_id=f"field-{f.name}",
            label=str(f.label) or f.name.replace("_", " ").capitalize(),
            kind=f.kind,
            required=f.required,
            value=typed[0] if typed else "",
            options=[Option(c, str(lab), c in chosen) for c, lab in _choices(f)],
            unit=str(f.unit),
            help=str(f.help),
            group=str(f.group),
            longest=f.longest,
            error=self.errors.get(f.name, ""),
        )

    def call(self, request: Request, verb: Callable[..., Fact], **more: Any) -> dict[str, Any]:
        """Call a verb with the values, once for this page's key; answers the fact as plain values.

        A second press of the button answers the first one's fact. Raises the verb's refusals.
        """
        name = f"{verb.__module__.split('.')[1]}.{verb.__name__}"
        plain, _new = once(
            key=self.key,
            actor=request.actor,
            name=name,
            call=lambda: verb(actor=request.actor, **self.values, **more),
        )
        return plain

    def respond(
        self, request: Request, template: str, context: Mapping[str, Any] | None = None
    ) -> HttpResponse:
        """Show the page: 200 when untouched, 422 with the errors."""
        status = 200 if self.ok else 422
        return render(request, template, {**(context or {}), "form": self}, status=status)


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    fields: Sequence[Field]

    def blank(self, **initial: Any) -> Reading:
        """The form before anybody typed, filled with `initial` values by field name."""
        typed = {name: _typed(value) for name, value in initial.items() if value is not None}
        return Reading(form=self, typed=typed)

    def read(self, post: QueryDict, files: Files | None = None) -> Reading:
        """Turn what was typed into values; nothing is raised, errors are kept by field."""
        reading = Reading(form=self, typed={f.name: post.getlist(f.name) for f in self.fields})
        with suppress(ValueError):
            reading.key = UUID(post.get(KEY, ""))
        for f in self.fields:
            try:
                value = _read(f, post, files)
            except Unreadable as unreadable:
                reading.errors[f.name] = str(unreadable)
                continue
            if f.required and value in (None, "", []):
                reading.errors[f.name] = _("This is needed.")
            else:
                reading.values[f.name] = value
        return reading


def _typed(value: Any) -> list[str]:
    if isinstance(value, list | tuple | set | frozenset):
        return [_typed(v)[0] for v in value]
    if isinstance(value, Enum):
        return [str(value.value)]
    if isinstance(value, bool):
        return ["1"] if value else [""]
    if isinstance(value, datetime):
        return [value.astimezone(SHANGHAI).strftime("%Y-%m-%dT%H:%M")]
    return [str(value)]


def _choices(f: Field) -> Sequence[tuple[str, Label]]:
    if isinstance(f.choices, type):
        return [(str(code), label) for code, label in f.choices.choices]
    return f.choices


def _read(f: Field, post: QueryDict, files: Files | None) -> Any:
    if f.kind == "file":
        return files.get(f.name) if files else None
    if f.kind == "flag":
        return post.get(f.name, "") not in {"", "0"}
    if f.kind == "choices":
        several = [v for v in post.getlist(f.name) if v]
        _known(f, several)
        return several
    words = post.get(f.name, "")
    words = words if f.kind == "password" else words.strip()
    if words == "":
        return "" if f.kind in _TEXTUAL and f.required else _nothing(f)
    if f.longest and len(words) > f.longest:
        raise Unreadable(_("At most %(count)d characters.") % {"count": f.longest})
    if f.kind == "choice":
        _known(f, [words])
        return words
    value = _READERS.get(f.kind, str)(words)
    if f.least is not None and value < f.least:
        raise Unreadable(_("At least %(least)s.") % {"least": f.least})
    return value


def _nothing(f: Field) -> Any:
    return "" if f.kind in _TEXTUAL else None


def _known(f: Field, codes: Sequence[str]) -> None:
    if not set(codes) <= {str(code) for code, _label in _choices(f)}:
        raise Unreadable(_("Choose one of the list."))


def _whole(words: str) -> int:
    try:
        value = int(words.replace(",", ""))
    except ValueError:
        raise Unreadable(_("Write a whole number.")) from None
    if abs(value) > _LARGEST:
        raise Unreadable(_("This number is too large."))
    return value


def _number(words: str) -> Decimal:
    try:
        value = Decimal(words.replace(",", "").removeprefix("¥"))
    except InvalidOperation:
        raise Unreadable(_("Write a number.")) from None
    if not value.is_finite():
        raise Unreadable(_("Write a number."))
    if abs(value) >= 10**15:
        raise Unreadable(_("This number is too large."))
    return value


def _money(words: str) -> Decimal:
    value = _number(words)
    if abs(value) >= MOST:
        raise Unreadable(_("This amount is too large."))
    if not is_amount(value):
        raise Unreadable(_("At most two decimals."))
    return value


def _day(words: str) -> date:
    try:
        return read_day(words)
    except ValueError:
        raise Unreadable(_("Write a day as 2027-03-09.")) from None


def _moment(words: str) -> datetime:
    try:
        written = datetime.fromisoformat(words)
        read_day(f"{written:%Y-%m-%d}")
        return written.replace(tzinfo=SHANGHAI).astimezone(UTC)
    except ValueError:
        raise Unreadable(_("Write a moment as 2027-03-09 14:05.")) from None


def _id(words: str) -> UUID:
    try:
        return UUID(words)
    except ValueError:
        raise Unreadable(_("Choose one of the list.")) from None


_TEXTUAL: Final = frozenset({"text", "area", "mono", "password", "phone", "choice", "hidden"})
_READERS: Final[dict[str, Callable[[str], Any]]] = {
    "whole": _whole,
    "number": _number,
    "money": _money,
    "day": _day,
    "moment": _moment,
    "id": _id,
}
_KINDS: Final[dict[Any, str]] = {
    str: "text",
    int: "whole",
    Decimal: "number",
    float: "number",
    date: "day",
    datetime: "moment",
    bool: "flag",
    UUID: "id",
}


def for_verb(
    verb: Callable[..., Any],
    *,
    labels: Mapping[str, Label],
    kinds: Mapping[str, str] | None = None,
    choices: Mapping[str, type[Choices] | Sequence[tuple[str, Label]]] | None = None,
    units: Mapping[str, Label] | None = None,
    helps: Mapping[str, Label] | None = None,
    groups: Mapping[str, Label] | None = None,
) -> Form:
    """A form of a verb's parameters, those named in `labels` and in that order.

    The kind follows from the annotation; `kinds` says it where a str means an area or money.
    Raises KeyError for a label that is no parameter.
    """
    signature = parameters(verb)
    made = []
    for name, label in labels.items():
        parameter = signature[name]
        annotation, optional = _without_none(parameter.annotation)
        listed = (choices or {}).get(name, ())
        kind = (kinds or {}).get(name) or _kind(annotation, listed)
        made.append(
            Field(
                name=name,
                label=label,
                kind=kind,
                required=not optional and parameter.default is inspect.Parameter.empty,
                choices=listed,
                unit=(units or {}).get(name, ""),
                help=(helps or {}).get(name, ""),
                group=(groups or {}).get(name, ""),
            )
        )
    return Form(fields=made)


def _without_none(annotation: Any) -> tuple[Any, bool]:
    if get_origin(annotation) in (Union, UnionType):
        inner = [a for a in get_args(annotation) if a is not type(None)]
        return inner[0], len(inner) < len(get_args(annotation))
    return annotation, False


def _kind(annotation: Any, listed: Any) -> str:
    if listed:
        several = get_origin(annotation) is not None
        return "choices" if several else "choice"
    return _KINDS.get(annotation, "text")
