"""The page that answers who had a vehicle at a moment, by its plate."""

from datetime import datetime
from typing import Final

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from panshi.kit.forms import Field, Form
from panshi.kit.web import Request, needs
from panshi.leasing import queries

ASKED: Final = Form(
    fields=[
        Field(name="plate", label=_("Plate"), kind="mono", longest=10),
        Field(name="moment", label=_("Moment"), kind="moment"),
    ]
)


@require_GET
@needs("leasing.view")
def who_held(request: Request) -> HttpResponse:
    """Who had the vehicle of a plate at a moment; asked by the address, so that it can be kept."""
    if not request.GET:
        return render(request, "leasing/who_held.html", {"form": ASKED.blank(), "asked": False})
    form = ASKED.read(request.GET)
    held = None
    if form.ok:
        moment = form.values["moment"]
        assert isinstance(moment, datetime)
        held = queries.who_held(plate=str(form.values["plate"]), moment=moment, actor=request.actor)
    context = {"asked": form.ok, "held": held}
    return form.respond(request, "leasing/who_held.html", context)


URLS: Final = [path("leasing/who-held/", who_held, name="leasing-who-held")]
