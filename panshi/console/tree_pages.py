"""Pages of the organisation: the tree as it stands, a new part, a move, a closing."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from panshi.kit.forms import Field, Form, Reading
from panshi.kit.tenancy import HQ
from panshi.kit.web import Request, needs
from panshi.org import queries, services
from panshi.org.queries import PlaceRow, kind_labels


def _parents(request: Request, kind: str = "") -> list[tuple[str, str]]:
    """The nodes below which something, or a node of this kind, may stand."""
    bearing = {services.STANDS_BELOW.get(kind)} if kind else set(services.STANDS_BELOW.values())
    return [
        (str(row.id), f"{row.name} ({kind_labels()[row.kind]})")
        for row in queries.places(actor=request.actor)
        if row.kind in bearing
    ]


def _new(request: Request) -> Form:
    kinds = [(kind, words) for kind, words in kind_labels().items() if kind != "PLATFORM"]
    return Form(
        fields=[
            Field(
                name="parent_id", label=_("Stands below"), kind="choice", choices=_parents(request)
            ),
            Field(name="kind", label=_("Kind"), kind="choice", choices=kinds),
            Field(name="name", label=_("Name"), longest=80),
            Field(
                name="city",
                label=_("City"),
                longest=40,
                required=False,
                help=_("Left empty: the city of what it stands below."),
            ),
        ]
    )


def _move(request: Request, node: PlaceRow) -> Form:
    return Form(
        fields=[
            Field(
                name="parent_id",
                label=_("Stands below"),
                kind="choice",
                choices=_parents(request, node.kind),
                help=_("From today on. What was shared and reported before stays as it was."),
            )
        ]
    )


def _node(request: Request, node_id: int) -> PlaceRow:
    return queries.place(node_id=node_id, actor=request.actor)


def _called(request: Request, form: Reading, verb: Any, **more: Any) -> bool:
    """Whether the verb did it; else its refusal stands beside the field."""
    if not form.ok:
        return False
    form.values["parent_id"] = int(str(form.values["parent_id"]))
    try:
        form.call(request, verb, at=timezone.now(), **more)
    except (services.WrongPlaceInTree, services.Cycle) as refusal:
        form.refuse("parent_id", refusal.words)
        return False
    return True


def _opened(request: Request, form: Reading) -> bool:
    """Open the node: an operator by the verb that tells all rooms of a new tenant."""
    if form.values["kind"] != "OPERATOR":
        return _called(request, form, services.create_node)
    values = form.values
    try:
        services.register_operator(
            region_id=int(str(values["parent_id"])),
            name=str(values["name"]),
            city=str(values["city"]),
            actor=request.actor,
            at=timezone.now(),
        )
    except services.WrongPlaceInTree as refusal:
        form.refuse("parent_id", refusal.words)
        return False
    return True


@require_GET
@needs("org.view")
def tree(request: Request) -> HttpResponse:
    """The parts of the company this person sees, each below what it belongs to."""
    actor = request.actor
    labels = kind_labels()
    context = {
        "places": [(row, labels[row.kind]) for row in queries.places(actor=actor)],
        "may_add": actor.may("org.create_node"),
        "may_move": actor.may("org.move_node") and actor.db_role == HQ,
    }
    return render(request, "console/organisation.html", context)


@require_http_methods(["GET", "POST"])
@needs("org.create_node")
def new(request: Request) -> HttpResponse:
    """Open a regional centre, an operator or a team."""
    context = {
        "title": _("New unit of the organisation"),
        "submit": _("Open the unit"),
        "cancel_url": reverse("console-organisation"),
    }
    made = _new(request)
    if request.method == "GET":
        below = request.GET.get("below", "")
        return made.blank(parent_id=below).respond(request, "console/node_form.html", context)
    form = made.read(request.POST)
    if form.ok:
        form.values["city"] = form.values["city"] or ""
        if _opened(request, form):
            messages.success(request, _("%(name)s is open.") % {"name": form.values["name"]})
            return redirect("console-organisation")
    return form.respond(request, "console/node_form.html", context)


@require_http_methods(["GET", "POST"])
@needs("org.move_node")
def move(request: Request, node_id: int) -> HttpResponse:
    """Put a part below another one from today on."""
    node = _node(request, node_id)
    context = {
        "title": _("Place %(name)s elsewhere") % {"name": node.name},
        "submit": _("Place it there"),
        "cancel_url": reverse("console-organisation"),
    }
    made = _move(request, node)
    if request.method == "GET":
        return made.blank().respond(request, "console/node_form.html", context)
    form = made.read(request.POST)
    if _called(request, form, services.move_node, node_id=node_id):
        messages.success(request, _("%(name)s was moved.") % {"name": node.name})
        return redirect("console-organisation")
    return form.respond(request, "console/node_form.html", context)


@require_POST
@needs("org.close_node")
def close(request: Request, node_id: int) -> HttpResponse:
    """Give up a part in which nothing lives any more."""
    node = _node(request, node_id)
    services.close_node(node_id=node_id, actor=request.actor, at=timezone.now())
    messages.success(request, _("%(name)s is closed.") % {"name": node.name})
    return redirect("console-organisation")
