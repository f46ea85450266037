"""List pages: a table declared once, read from the URL, filled with rows, drawn or exported.

A room declares a `Table`, its view reads an `Ask` from the URL, puts it to a question, and answers
with `table.respond`. The README in `templates/kit` shows one whole page.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Choices
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.functional import Promise

from panshi.kit import cells, exports
from panshi.kit.clock import day_span, read_day
from panshi.kit.listing import SIZES, TableView, build
from panshi.kit.web import Request

Label = str | Promise
ChoiceList = type[Choices] | Sequence[tuple[str, Label]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: `key` is an attribute of the row, dotted for an attribute of an attribute.

    `kind` is one of `cells.KINDS`, or "state", which needs `tones` by stored code. `choices` gives
    labels to bare codes. `show` draws the cell itself from the row: text or safe markup. Long
    words break into lines where the column is `wrapped`.
    """

    key: str
    label: Label
    kind: str = "text"
    sort: bool = False
    total: bool = False
    tones: Mapping[str, str] = field(default_factory=dict)
    choices: type[Choices] | None = None
    show: Callable[[Any], Any] | None = None
    hidden: bool = False
    wrapped: bool = False

    def value(self, row: Any) -> Any:
        value = row
        for name in self.key.split("."):
            value = None if value is None else getattr(value, name)
        if self.choices is not None and value not in (None, ""):
            value = self.choices(value)
        return value

    @property
    def style(self) -> str:
        """The class of its cells."""
        return "right" if self.kind in cells.TO_THE_RIGHT else "wrap" if self.wrapped else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """One field of the filter row; `more` puts it under the fold.

    Kinds: "text", "choice", "flag" (yes, no, either), "days" (two days, `key_from` and `key_to` in
    the URL). `choices` may be a callable taking the actor, for lists that live in the database.
    """

    key: str
    label: Label
    kind: str = "text"
    choices: ChoiceList | Callable[..., Sequence[tuple[str, Label]]] = ()
    placeholder: Label = ""
    more: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchAct:
    """An act on the ticked rows: POST to `url_name` with `id` repeated."""

    label: Label
    url_name: str
    permission: str = ""
    confirm: Label = ""


@dataclass(frozen=True, slots=True)
class Ask:
    """What the URL asks for. `order_by` holds a sortable column only, so it is safe to hand on."""

    given: Mapping[str, str]
    sort: str
    descending: bool
    page: int
    size: int
    after: str
    export: str
    hidden: tuple[str, ...]

    @property
    def limit(self) -> int:
        return exports.LIMIT if self.export else self.size

    @property
    def offset(self) -> int:
        return 0 if self.export else (self.page - 1) * self.size

    @property
    def order_by(self) -> str:
        return f"-{self.sort}" if self.descending else self.sort

    def text(self, key: str) -> str:
        return self.given.get(key, "")

    def flag(self, key: str) -> bool | None:
        return {"1": True, "0": False}.get(self.text(key))

    def day(self, key: str) -> date | None:
        """The day in the URL, or None when there is none or it is not a day."""
        try:
            return read_day(self.text(key))
        except ValueError:
            return None

    def uuid(self, key: str) -> UUID | None:
        try:
            return UUID(self.text(key))
        except ValueError:
            return None

    def since(self, key: str) -> datetime | None:
        """The first moment of the "days" filter `key`, in UTC."""
        day = self.day(f"{key}_from")
        return None if day is None else day_span(day)[0]

    def until(self, key: str) -> datetime | None:
        """The first moment after the "days" filter `key`, in UTC."""
        day = self.day(f"{key}_to")
        return None if day is None else day_span(day)[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """What the question answered: one page of rows.

    `total` counts all rows that match, None when unknown; `about` says it is an estimate. `totals`
    are the sums over all matching rows by column key. `next` is the cursor of a keyset page.
    """

    rows: Sequence[Any]
    total: int | None = None
    about: bool = False
    totals: Mapping[str, Decimal | int | float] = field(default_factory=dict)
    next: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A list page's table. `row_url` is a URL name taking the row's `row_key`."""

    name: str
    columns: Sequence[Column]
    filters: Sequence[Filter] = ()
    sort: str = ""
    row_url: str = ""
    row_key: str = "id"
    keyset: bool = False
    export: str = ""
    import_template: str = ""
    batch: Sequence[BatchAct] = ()
    empty: Label = ""
    live: Sequence[str] = ()

    def read(self, query: QueryDict) -> Ask:
        """Read the page's state from the URL; what does not fit falls back to the default."""
        sortable = {column.key for column in self.columns if column.sort}
        wanted = query.get("sort") or self.sort
        if wanted.removeprefix("-") not in sortable:
            wanted = self.sort
        given = {key: query.get(key, "").strip() for key in self._filter_keys()}
        size = _whole(query.get("size"), SIZES[0])
        export = query.get("export", "")
        return Ask(
            given={key: value for key, value in given.items() if value},
            sort=wanted.removeprefix("-"),
            descending=wanted.startswith("-"),
            page=max(_whole(query.get("page"), 1), 1),
            size=size if size in SIZES else SIZES[0],
            after=query.get("after", ""),
            export=export if self.export and export in exports.WRITERS else "",
            hidden=self._hidden(query),
        )

    def _filter_keys(self) -> list[str]:
        keys = []
        for f in self.filters:
            keys += [f"{f.key}_from", f"{f.key}_to"] if f.kind == "days" else [f.key]
        return keys

    def _hidden(self, query: QueryDict) -> tuple[str, ...]:
        if "columns" in query:
            shown = set(str(query["columns"]).split(","))
            return tuple(c.key for c in self.columns[1:] if c.key not in shown)
        return tuple(c.key for c in self.columns if c.hidden)

    def shown(self, ask: Ask) -> list[Column]:
        return [column for column in self.columns if column.key not in ask.hidden]

    def view(self, request: Request, ask: Ask, part: Slice) -> TableView:
        """Prepare what the template draws."""
        return build(self, request, ask, part)

    def respond(
        self,
        request: Request,
        ask: Ask,
        part: Slice,
        template: str = "kit/list.html",
        context: Mapping[str, Any] | None = None,
    ) -> HttpResponse:
        """Answer the page, only its table when htmx asks for that, or the file of an export."""
        if ask.export:
            return exports.respond(
                name=self.export,
                kind=ask.export,
                columns=self.shown(ask),
                rows=part.rows,
                totals=part.totals,
                of=part.total,
            )
        view = self.view(request, ask, part)
        target = request.headers.get("HX-Target", "")
        if target.endswith(f"#{view.dom_id}"):
            template = "kit/table.html"
        response = render(request, template, {**(context or {}), "table": view})
        response["Vary"] = "HX-Request, HX-Target"
        return response


def _whole(words: str | None, default: int) -> int:
    return int(words) if words and words.isascii() and words.isdigit() else default
