"""What the table template draws, prepared from a declaration, an ask and its rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from panshi.kit import cells, exports

if TYPE_CHECKING:
    from panshi.kit.tables import Ask, BatchAct, Column, Filter, Slice, Table
    from panshi.kit.tenancy import Actor
    from panshi.kit.web import Request

SIZES: Final = (20, 50, 100)


@dataclass(frozen=True, slots=True)
class Head:
    key: str
    label: str
    style: str
    sort_url: str
    direction: str


@dataclass(frozen=True, slots=True)
class Cell:
    """`label` is its column's heading, which a phone shows beside it; empty in the first column."""

    html: SafeString
    style: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A row; `html` are its cells, drawn without a template, as there may be hundreds of rows."""

    id: str
    url: str
    html: SafeString


@dataclass(frozen=True, slots=True)
class Choice:
    value: str
    label: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class FilterField:
    key: str
    label: str
    kind: str
    value: str
    value_to: str
    placeholder: str
    choices: Sequence[Choice]
    more: bool


@dataclass(frozen=True, slots=True)
class Chip:
    label: str
    value: str
    url: str


@dataclass(frozen=True, slots=True)
class Link:
    label: str
    url: str
    current: bool


@dataclass(frozen=True, slots=True)
class TableView:
    """Everything `kit/table.html` and `kit/filters.html` print."""

    name: str
    dom_id: str
    url: str
    here: str
    heads: Sequence[Head]
    lines: Sequence[Line]
    totals: Sequence[Cell]
    filters: Sequence[FilterField]
    more: Sequence[FilterField]
    more_open: bool
    chips: Sequence[Chip]
    reset_url: str
    sizes: Sequence[Link]
    pages: Sequence[Link | None]
    previous_url: str
    next_url: str
    total: int | None
    about: bool
    first_row: int
    last_row: int
    exports: Sequence[Link]
    export_cut: str
    import_template: str
    columns: Sequence[Choice]
    batch: Sequence["BatchAct"]
    empty: str
    live: str
    hidden_inputs: Sequence[tuple[str, str]]
    filter_inputs: Sequence[tuple[str, str]]

    @property
    def filtered(self) -> bool:
        return bool(self.chips)


class _Urls:
    """Addresses of the same page with some of its state changed."""

    def __init__(self, table: "Table", request: "Request", ask: "Ask") -> None:
        self.path = request.path
        self.state: dict[str, str] = dict(ask.given)
        order = ask.order_by
        if order and order != table.sort:
            self.state["sort"] = order
        if ask.size != 20:
            self.state["size"] = str(ask.size)
        if "columns" in request.GET:
            self.state["columns"] = request.GET["columns"]

    def to(self, *, without: Sequence[str] = (), **changed: str) -> str:
        state = {k: v for k, v in self.state.items() if k not in without}
        state.update(changed)
        query = urlencode({k: v for k, v in state.items() if v})
        return f"{self.path}?{query}" if query else self.path


def build(table: "Table", request: "Request", ask: "Ask", part: "Slice") -> TableView:
    """Prepare the view of a table; nothing in it asks the database."""
    urls = _Urls(table, request, ask)
    columns = table.shown(ask)
    filters = [_field(f, ask, request.actor) for f in table.filters]
    pages, previous_url, next_url = _pager(table, urls, ask, part)
    first = 0 if not part.rows else (1 if table.keyset else ask.offset + 1)
    position = dict(urls.state)
    if ask.page > 1:
        position["page"] = str(ask.page)
    if ask.after:
        position["after"] = ask.after
    openings = _openings(columns)
    return TableView(
        name=table.name,
        dom_id=f"table-{table.name}",
        url=request.path,
        here=f"{request.path}?{urlencode(position)}",
        heads=[_head(column, urls, ask) for column in columns],
        lines=[_line(table, columns, openings, row) for row in part.rows],
        totals=_totals(columns, part.totals),
        filters=[f for f in filters if not f.more],
        more=[f for f in filters if f.more],
        more_open=any(f.more and (f.value or f.value_to) for f in filters),
        chips=_chips(filters, urls),
        reset_url=urls.to(without=tuple(ask.given)),
        sizes=[Link(str(n), urls.to(size="" if n == 20 else str(n)), n == ask.size) for n in SIZES],
        pages=pages,
        previous_url=previous_url,
        next_url=next_url,
        total=part.total,
        about=part.about,
        first_row=first,
        last_row=0 if not part.rows else first + len(part.rows) - 1,
        exports=[Link(kind, urls.to(export=kind), False) for kind in ("xlsx", "csv")]
        if table.export
        else [],
        export_cut=exports.cut_words(exports.LIMIT, part.total)
        if (part.total or 0) > exports.LIMIT
        else "",
        import_template=reverse(table.import_template) if table.import_template else "",
        columns=[Choice(c.key, str(c.label), c.key not in ask.hidden) for c in table.columns[1:]],
        batch=[a for a in table.batch if not a.permission or request.actor.may(a.permission)],
        empty=str(table.empty) or _("There is nothing here yet."),
        live=" ".join(table.live),
        hidden_inputs=[(k, v) for k, v in urls.state.items() if k not in ask.given],
        filter_inputs=list(ask.given.items()),
    )


def _head(column: "Column", urls: _Urls, ask: "Ask") -> Head:
    sort_url = direction = ""
    if column.sort:
        active = ask.sort == column.key
        direction = ("descending" if ask.descending else "ascending") if active else "none"
        turn = f"-{column.key}" if active and not ask.descending else column.key
        sort_url = urls.to(sort=turn)
    return Head(column.key, str(column.label), column.style, sort_url, direction)


def cell(column: "Column", row: Any) -> SafeString:
    """Draw one cell of a row."""
    if column.show is not None:
        return cells.show(column.show(row))
    value = column.value(row)
    if column.kind == "state" and value not in (None, ""):
        return cells.state(value, column.tones.get(cells.code_of(value), "idle"))
    return cells.show(value, "text" if column.kind == "state" else column.kind)


def _openings(columns: Sequence["Column"]) -> list[str]:
    """The tag before each cell of a row; all but the first name their heading for a phone."""
    styles = [f' class="{column.style}"' if column.style else "" for column in columns]
    labels = [escape(str(column.label)) for column in columns]
    return [
        f'<td{style} data-label="{label}">' if place else f'<th scope="row"{style}>'
        for place, (style, label) in enumerate(zip(styles, labels, strict=True))
    ]


def _line(table: "Table", columns: Sequence["Column"], openings: Sequence[str], row: Any) -> Line:
    key = str(getattr(row, table.row_key, ""))
    url = reverse(table.row_url, args=[key]) if table.row_url and key else ""
    first, *rest = [cell(column, row) for column in columns]
    head = f'<a href="{escape(url)}">{first}</a>' if url else first
    others = (f"{opening}{html}</td>" for opening, html in zip(openings[1:], rest, strict=True))
    return Line(key, url, mark_safe("".join([openings[0], head, "</th>", *others])))


def _totals(columns: Sequence["Column"], totals: Mapping[str, Any]) -> list[Cell]:
    if not totals:
        return []
    drawn = [
        Cell(
            cells.show(totals[c.key], c.kind) if c.key in totals else SafeString(""),
            c.style,
            str(c.label),
        )
        for c in columns
    ]
    if not drawn[0].html:
        drawn[0] = Cell(cells.text(_("Total")), "")
    return drawn


def _choices(declared: Any, actor: "Actor") -> Sequence[tuple[str, str | Promise]]:
    if hasattr(declared, "choices"):
        found: Sequence[tuple[str, str | Promise]] = declared.choices
        return found
    listed: Sequence[tuple[str, str | Promise]] = (
        declared(actor) if callable(declared) else declared
    )
    return listed


def _field(f: "Filter", ask: "Ask", actor: "Actor") -> FilterField:
    value = ask.text(f"{f.key}_from" if f.kind == "days" else f.key)
    choices = _choices(f.choices, actor)
    if f.kind == "flag":
        choices = [("1", _("Yes")), ("0", _("No"))]
    return FilterField(
        key=f.key,
        label=str(f.label),
        kind="choice" if f.kind == "flag" else f.kind,
        value=value,
        value_to=ask.text(f"{f.key}_to") if f.kind == "days" else "",
        placeholder=str(f.placeholder),
        choices=[Choice(str(code), str(label), str(code) == value) for code, label in choices],
        more=f.more,
    )


def _chips(fields: Sequence[FilterField], urls: _Urls) -> list[Chip]:
    chips = []
    for f in fields:
        if f.kind == "days" and (f.value or f.value_to):
            words, keys = f"{f.value} – {f.value_to}", (f"{f.key}_from", f"{f.key}_to")
        elif f.value:
            words = next((c.label for c in f.choices if c.chosen), f.value)
            keys = (f.key, f.key)
        else:
            continue
        chips.append(Chip(f.label, words, urls.to(without=keys)))
    return chips


def _pager(
    table: "Table", urls: _Urls, ask: "Ask", part: "Slice"
) -> tuple[list[Link | None], str, str]:
    if table.keyset:
        return [], urls.to() if ask.after else "", urls.to(after=part.next) if part.next else ""
    if part.total is None:
        more = len(part.rows) == ask.size
        return (
            [],
            _page(urls, ask.page - 1) if ask.page > 1 else "",
            _page(urls, ask.page + 1) if more else "",
        )
    last = max(-(-part.total // ask.size), 1)
    near = sorted({1, last, *range(max(ask.page - 1, 1), min(ask.page + 1, last) + 1)})
    links: list[Link | None] = []
    before = 0
    for page in near:
        if page - before > 1:
            links.append(None)
        links.append(Link(str(page), _page(urls, page), page == ask.page))
        before = page
    return (
        links if last > 1 else [],
        _page(urls, ask.page - 1) if 1 < ask.page <= last else "",
        _page(urls, ask.page + 1) if ask.page < last else "",
    )


def _page(urls: _Urls, page: int) -> str:
    return urls.to(page="" if page == 1 else str(page))
