"""The page of words: what people say for what, and what they looked for in vain."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from panshi.handbook import queries, services
from panshi.kit.refusals import NotPermitted
from panshi.kit.web import Request

ADD = "handbook.add_synonym"


@require_GET
def words(request: Request) -> HttpResponse:
    if not request.actor.may(ADD):
        raise NotPermitted(_("You are not permitted to look after the words of the search."))
    context = {
        "synonyms": queries.synonyms(actor=request.actor),
        "misses": queries.search_misses(actor=request.actor, at=timezone.now()),
        "said": request.GET.get("said", ""),
    }
    return render(request, "handbook/words.html", context)


@require_POST
def add(request: Request) -> HttpResponse:
    told = request.POST.get("meant", "").replace("，", "、").replace(",", "、")
    fact = services.add_synonym(
        said=request.POST.get("said", ""),
        meant=told.split("、"),
        actor=request.actor,
        at=timezone.now(),
    )
    messages.success(request, _("“%s” is understood from now on.") % fact.said)
    return redirect("handbook-words")


@require_POST
def remove(request: Request) -> HttpResponse:
    services.remove_synonym(
        said=request.POST.get("said", ""), actor=request.actor, at=timezone.now()
    )
    return redirect("handbook-words")


urlpatterns = [
    path("handbook/words/", words, name="handbook-words"),
    path("handbook/words/add/", add, name="handbook-add-word"),
    path("handbook/words/remove/", remove, name="handbook-remove-word"),
]
