"""From a request to an actor: who signed in, in which part of the tree, under which role."""

import logging
from collections.abc import Callable
from typing import Any, Final, cast
from urllib.parse import urlencode, urlsplit

from django.core.exceptions import ObjectDoesNotExist
from django.db import DataError, connection
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseNotAllowed,
    JsonResponse,
)
from django.middleware.csrf import CsrfViewMiddleware
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from panshi.kit.misfits import problem
from panshi.kit.refusals import NotPermitted, Refusal, told
from panshi.kit.tenancy import acting
from panshi.kit.web import Request
from panshi.org import queries, services
from panshi.org.models import User

log = logging.getLogger("panshi.pages")
PUBLIC = "public"
READS: Final = ("GET", "HEAD")


def public(view: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a view that strangers may open: it gets no actor and sets its own context."""
    setattr(view, PUBLIC, True)
    return view


def _page(request: HttpRequest) -> str:
    """The page somebody stands on: the one asked for, or the one whose form was sent."""
    if request.method in READS:
        return request.get_full_path()
    came = urlsplit(request.headers.get("Referer", ""))
    if came.netloc != request.get_host():
        return "/"
    return came._replace(scheme="", netloc="").geturl()


def asking(address: str, after: str) -> str:
    """A page of the sign-in that leads on to `after`."""
    return f"{address}?{urlencode({'next': after}, safe='/')}"


def _by_token(request: HttpRequest) -> bool:
    return request.headers.get("Authorization", "").startswith("Bearer ")


def _checked(request: HttpRequest) -> HttpResponse:
    """Stand in for a view that the API library declares exempt from the CSRF check."""
    return HttpResponse()


_CSRF = CsrfViewMiddleware(lambda request: HttpResponse())


def _wants_json(request: HttpRequest) -> bool:
    return request.path.startswith("/api/") or "application/json" in request.headers.get(
        "Accept", ""
    )


def refused(request: HttpRequest, refusal: Refusal, *, status: int = 409) -> HttpResponse:
    """A refusal as 409: JSON for programs, a toast for htmx, a plain page otherwise."""
    if _wants_json(request):
        answer = told(refusal.code, refusal.words, refusal.way_out)
        return JsonResponse(answer, status=403 if isinstance(refusal, NotPermitted) else 409)
    template = "kit/toast.html" if request.headers.get("HX-Request") else "kit/refused.html"
    return render(request, template, {"refusal": refusal}, status=status)


def _only_sent(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """The answer, in words where a page is opened whose address takes a form alone."""
    empty = isinstance(response, HttpResponseNotAllowed)
    if not empty or request.method not in READS or _wants_json(request):
        return response
    words = _("This address takes what a button sends. Open its page and press it.")
    page = refused(request, Refusal(words), status=405)
    page["Allow"] = response["Allow"]
    return page


class ActorMiddleware:
    """Run each view inside one transaction, under the actor's database role and tenant context."""

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if response.streaming:
            # An open stream would keep its pooled connection until it closes.
            connection.close()
        return response

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        if getattr(view, PUBLIC, False):
            return None
        user = self._user(request)
        if user is None:
            if _wants_json(request):
                words = _("Sign in, or send a bearer token.")
                return JsonResponse(problem("SignInNeeded", words), status=401)
            return redirect(asking("/sign-in/", _page(request)))
        if user.must_use_second_factor and not self._second_factor_done(request):
            return redirect("/sign-in/second-factor/")
        if not _by_token(request) and (forged := _CSRF.process_view(request, _checked, (), {})):
            return forged
        node = request.session.get("node") if hasattr(request, "session") else None
        actor = queries.actor_of(user, node_id=node)
        cast(Request, request).actor = actor
        try:
            with acting(actor):
                response: HttpResponseBase = view(request, *args, **kwargs)
            return _only_sent(request, response)
        except Refusal as refusal:
            return refused(request, refusal)
        except (DataError, OverflowError):
            log.warning("%s does not take this", request.path, exc_info=True)
            words = _(
                "Something typed here is too long or too large, or has a sign that no text has."
            )
            return refused(request, Refusal(words), status=422)
        except ObjectDoesNotExist as missing:
            if _wants_json(request):
                words = _("There is no such record in your part of the tree.")
                return JsonResponse(problem("NoSuchRecord", words), status=404)
            raise Http404(str(missing)) from missing

    @staticmethod
    def _user(request: HttpRequest) -> User | None:
        if _by_token(request):
            header = request.headers["Authorization"]
            digest = services.token_digest(header.removeprefix("Bearer ").strip())
            return queries.user_of_token(digest, timezone.now())
        user = request.user
        return user if isinstance(user, User) and user.is_active else None

    @staticmethod
    def _second_factor_done(request: HttpRequest) -> bool:
        if _by_token(request):
            return True
        verified = getattr(request.user, "is_verified", None)
        return bool(verified and verified())
