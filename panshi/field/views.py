"""The shell of the app, the day of who holds the phone, and the acts that come from it."""

import hashlib
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, Final, ParamSpec
from uuid import UUID

from django.core.exceptions import ObjectDoesNotExist
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST
from pydantic import TypeAdapter

from panshi import __version__
from panshi.field import acts, words
from panshi.field.day import ENGINEERS, Day, day_of
from panshi.field.yard import works_here
from panshi.fleet import queries as fleet
from panshi.handbook import services as handbook
from panshi.kit import vendored
from panshi.kit.refusals import NotPermitted, Refusal
from panshi.kit.web import Request, once
from panshi.kit.wording import reads_chinese
from panshi.org.middleware import public
from panshi.service import services as service

P = ParamSpec("P")
SHELL: Final = (
    "console/icon.svg", "console/tokens.css", "console/console.css", "field/field.css",
    "field/app.js", "field/draw.js", "field/job.js", "field/photo.js", "field/procedure.js",
    "field/queue.js", "field/sign.js", "field/store.js", "field/handing.js", "field/marks.js",
    "field/sections.js", "field/upkeep.js", "field/walk.js", "field/wear.js", "field/count.js",
)  # fmt: skip
# What waits for a fact of an act that came just before it: the phone sends it again.
TOO_EARLY: Final = (handbook.StepAwaitsFact, service.ProcedureOpen)
_VENDORED: Final = ("icons", "idb", "signature_pad")
_DAY: Final = TypeAdapter(Day)


def for_the_field(
    view: Callable[Concatenate[Request, P], HttpResponse],
) -> Callable[Concatenate[Request, P], HttpResponse]:
    """Open a view to engineers and the people of the yard; for others there is nothing here."""

    @wraps(view)
    def entered(request: Request, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        actor = request.actor
        if actor.customer_id is not None or not (actor.may(ENGINEERS) or works_here(actor)):
            raise Http404
        return view(request, *args, **kwargs)

    return entered


@never_cache
@require_GET
@for_the_field
def app(request: Request) -> HttpResponse:
    """The one page of the app; all else it draws from what the phone keeps."""
    context = {
        "words": words.spoken(),
        "actor": request.actor,
        "views": fleet.drawn_views() if works_here(request.actor) else (),
    }
    return render(request, "field/app.html", context)


@never_cache
@require_GET
@for_the_field
def day(request: Request) -> HttpResponse:
    """The shift of who asks as one JSON document."""
    chinese = reads_chinese()
    found = day_of(actor=request.actor, at=timezone.now(), chinese=chinese)
    return HttpResponse(_DAY.dump_json(found), content_type="application/json")


@never_cache
@require_POST
@for_the_field
def take_act(request: Request) -> HttpResponse:
    """Do one act of the queue, once per key.

    201 done, 200 done before, 409 refused in words, 425 not yet: send it again in a moment.
    """
    try:
        key = UUID(request.headers.get("Idempotency-Key", ""))
    except ValueError:
        return _told(422, _("An act needs a UUID as its key."))
    sent = request.FILES.get("content")
    at = timezone.now()
    try:
        act = acts.read(
            verb=request.POST.get("verb", ""),
            given=request.POST.get("given", ""),
            done_at=request.POST.get("done_at", ""),
            now=request.POST.get("now", ""),
            content=sent.read() if isinstance(sent, UploadedFile) else None,
            at=at,
        )
    except acts.Unreadable as fault:
        return _told(422, _("This act cannot be read: %(field)s.") % {"field": fault})
    try:
        fact, new = once(
            key=key,
            actor=request.actor,
            name=act.name,
            call=lambda: act.verb(actor=request.actor, at=act.moment, **act.given),
        )
    except NotPermitted as refusal:
        return _told(403, refusal.words)
    except TOO_EARLY as refusal:
        return _told(425, refusal.words)
    except Refusal as refusal:
        return _told(409, refusal.words)
    except ObjectDoesNotExist:
        return _told(404, _("This job is not yours (any more)."))
    if act.name == "handbook.complete_step" and fact.get("words"):
        # The step's own verb said no: the step stays open, with these words on it.
        return _told(409, fact["words"])
    skew_s = round(act.skew.total_seconds()) if act.clock_is_off else 0
    return JsonResponse({"fact": fact, "at": at, "skew_s": skew_s}, status=201 if new else 200)


def _told(status: int, words: str) -> JsonResponse:
    return JsonResponse({"words": words}, status=status)


def _shell() -> list[str]:
    own = [static(name) for name in SHELL]
    return own + [static(vendored.FILES[name]) for name in _VENDORED]


@public
@require_GET
def worker(request: HttpRequest) -> HttpResponse:
    """The service worker; its version changes with any file of the shell, and with nothing else."""
    files = _shell()
    version = hashlib.sha256("\n".join([__version__, *files]).encode()).hexdigest()[:12]
    response = render(
        request,
        "field/sw.js",
        {"version": version, "files": files},
        content_type="text/javascript; charset=utf-8",
    )
    response["Cache-Control"] = "no-cache"
    return response


@public
@require_GET
def manifest(request: HttpRequest) -> HttpResponse:
    """What the phone needs to install the app."""
    icon = {"src": static("console/icon.svg"), "sizes": "any", "type": "image/svg+xml"}
    document = {
        "id": "/field/",
        "name": _("Panshi field"),
        "short_name": _("Panshi field"),
        "start_url": "/field/",
        "scope": "/field/",
        "display": "standalone",
        "orientation": "portrait",
        "background_color": "#11171a",
        "theme_color": "#14211d",
        "lang": get_language(),
        "icons": [icon | {"purpose": "any"}, icon | {"purpose": "maskable"}],
    }
    return JsonResponse(document, content_type="application/manifest+json")
