"""Pages of the limits that procedures go by."""

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from panshi.fleet import queries as fleet
from panshi.handbook import queries, services
from panshi.handbook.queries.parameters import ParameterPage, ParameterRow
from panshi.handbook.services.common import ReasonMissing
from panshi.handbook.services.parameters import (
    ModelUnknown,
    ParameterFixed,
    ParameterInThePast,
    ParameterOutOfBounds,
)
from panshi.kit.forms import Field, Form, Reading
from panshi.kit.refusals import NotPermitted
from panshi.kit.tables import Column, Filter, Slice, Table
from panshi.kit.tenancy import Actor
from panshi.kit.web import Request

MAY_SET = "handbook.set_parameter"


def _must_view(request: Request) -> None:
    if not request.actor.may("handbook.view"):
        raise NotPermitted(_("You are not permitted to open the handbook."))


def _bounds(row: ParameterRow) -> str:
    return f"{row.low} – {row.high}" if row.settable else _("fixed by the book")


def _own(row: ParameterRow) -> str:
    parts = [] if row.own is None else [f"{row.own.normalize():f}"]
    if row.models:
        parts.append(_("%(n)d models differ") % {"n": row.models})
    return " · ".join(parts)


PARAMETERS = Table(
    name="parameters",
    columns=(
        Column(key="title", label=gettext_lazy("Limit")),
        Column(key="value", label=gettext_lazy("The book says"), kind="mono"),
        Column(key="own", label=gettext_lazy("Ours"), show=_own),
        Column(key="unit", label=gettext_lazy("Unit")),
        Column(key="bounds", label=gettext_lazy("May lie between"), show=_bounds),
        Column(key="nodes", label=gettext_lazy("Used by nodes"), kind="number"),
    ),
    filters=(
        Filter(key="text", label=gettext_lazy("Words of the limit")),
        Filter(
            key="settable",
            label=gettext_lazy("Who sets it"),
            kind="choice",
            choices=(("yes", gettext_lazy("We may")), ("no", gettext_lazy("The book alone"))),
        ),
    ),
    row_url="handbook-parameter",
    row_key="name",
    export="parameters",
    empty=gettext_lazy("No limit matches."),
    live=("handbook.ParameterSet",),
)


@require_GET
def parameters(request: Request) -> HttpResponse:
    """Every limit with what the book says and what counts here."""
    _must_view(request)
    ask = PARAMETERS.read(request.GET)
    chosen = ask.text("settable")
    rows = queries.parameters(
        text=ask.text("text"),
        settable={"yes": True, "no": False}.get(chosen),
        actor=request.actor,
        at=timezone.now(),
    )
    shown = rows[ask.offset : ask.offset + ask.limit]
    part = Slice(rows=shown, total=len(rows))
    return PARAMETERS.respond(request, ask, part, "handbook/parameters.html")


def _form(page: ParameterPage, actor: Actor) -> Form:
    models = [("", _("All models"))]
    if page.row.per_model:
        models += [(m.code, f"{m.maker} {m.name}") for m in fleet.vehicle_models(actor=actor)]
    return Form(
        fields=[
            Field(
                name="value",
                label=gettext_lazy("Our value"),
                kind="number",
                unit=page.row.unit,
                required=False,
                help=_("Between %(low)s and %(high)s; empty gives it back to the book.")
                % {"low": page.row.low, "high": page.row.high},
            ),
            Field(
                name="model_code",
                label=gettext_lazy("Vehicle model"),
                kind="choice",
                choices=models,
                required=False,
            ),
            Field(
                name="starts_on",
                label=pgettext_lazy("limit", "In force from"),
                kind="day",
                required=False,
                help=gettext_lazy("Empty: from now on."),
            ),
            Field(name="reason", label=gettext_lazy("Why"), longest=200),
        ]
    )


def _set(request: Request, page: ParameterPage, form: Reading) -> bool:
    """Whether the form was taken; a refusal is told beside its field."""
    refused = {
        ParameterOutOfBounds: "value",
        ParameterFixed: "model_code",
        ModelUnknown: "model_code",
        ParameterInThePast: "starts_on",
        ReasonMissing: "reason",
    }
    try:
        form.call(
            request,
            services.set_parameter,
            org_id=request.actor.org_id,
            name=page.row.name,
            at=timezone.now(),
        )
    except tuple(refused) as refusal:
        form.refuse(refused[type(refusal)], refusal.words)
        return False
    return True


@require_http_methods(["GET", "POST"])
def parameter(request: Request, name: str) -> HttpResponse:
    """One limit: its nodes, its changes, and the form that sets it."""
    _must_view(request)
    page = queries.parameter_page(name=name, actor=request.actor, at=timezone.now())
    context = {"page": page, "may_set": page.row.settable and request.actor.may(MAY_SET)}
    form = _form(page, request.actor)
    if request.method == "GET":
        return form.blank().respond(request, "handbook/parameter.html", context)
    reading = form.read(request.POST, request.FILES)
    if reading.ok and _set(request, page, reading):
        return redirect("handbook-parameter", name)
    return reading.respond(request, "handbook/parameter.html", context)
