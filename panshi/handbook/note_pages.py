"""The page of a node with the form of its local note, and what the form does."""

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from panshi.handbook import services
from panshi.handbook.services.notes import LONGEST
from panshi.handbook.views import node_context
from panshi.kit.forms import Field, Form
from panshi.kit.web import Request, needs

FORM = Form(
    fields=[
        Field(
            name="words",
            label=gettext_lazy("Words of our local note"),
            kind="area",
            longest=LONGEST,
            help=gettext_lazy(
                "Read here and in the units below ours, beside the text of the book."
            ),
        )
    ]
)


@require_GET
def node(request: Request, slug: str) -> HttpResponse:
    return FORM.blank().respond(request, "handbook/node.html", node_context(request, slug))


@require_POST
@needs("handbook.set_local_note")
def write(request: Request, slug: str) -> HttpResponse:
    reading = FORM.read(request.POST, request.FILES)
    if reading.ok:
        reading.call(
            request,
            services.set_local_note,
            node_slug=slug,
            org_id=request.actor.org_id,
            at=timezone.now(),
        )
        return redirect("handbook-node", slug)
    return reading.respond(request, "handbook/node.html", node_context(request, slug))


@require_POST
@needs("handbook.set_local_note")
def take_back(request: Request, slug: str) -> HttpResponse:
    services.take_back_local_note(
        node_slug=slug, org_id=request.actor.org_id, actor=request.actor, at=timezone.now()
    )
    return redirect("handbook-node", slug)


urlpatterns = [
    path("handbook/nodes/<slug:slug>/", node, name="handbook-node"),
    path("handbook/nodes/<slug:slug>/note/", write, name="handbook-write-note"),
    path("handbook/nodes/<slug:slug>/note/back/", take_back, name="handbook-take-back-note"),
]
