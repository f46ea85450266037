"""What doors share: the typed request, the idempotent call, a file that is shown."""

from collections.abc import Callable
from datetime import date
from functools import cache, wraps
from typing import Any, ParamSpec, TypeVar, cast
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import resolve, reverse
from django.utils.translation import gettext as _
from django_htmx.middleware import HtmxDetails

from panshi.kit import facts
from panshi.kit.clock import read_day
from panshi.kit.facts import Fact
from panshi.kit.models import Idempotent
from panshi.kit.refusals import NotPermitted, Refusal
from panshi.kit.tenancy import Actor, acting

P = ParamSpec("P")
R = TypeVar("R")


class Request(HttpRequest):
    """A request behind ActorMiddleware: `actor` is who acts, in which part of the tree."""

    actor: Actor
    htmx: HtmxDetails


def needs(permission: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Refuse a page to those who lack a permission, such as `fleet.view`: NotPermitted.

    The page keeps it as `permission`, so that nobody is led where they are refused.
    """

    def decorate(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            request = args[0]
            if not (
                isinstance(request, HttpRequest) and cast(Request, request).actor.may(permission)
            ):
                raise NotPermitted(_("You are not permitted to do this (%s).") % permission)
            return view(*args, **kwargs)

        vars(call)["permission"] = permission
        return call

    return decorate


@cache
def permission_of(url_name: str) -> str:
    """What one must be permitted for the page of a name; empty where it says nothing."""
    return getattr(resolve(reverse(url_name)).func, "permission", "")


def day_in(text: str) -> date | None:
    """The day that a date field sent; None for what is no day."""
    try:
        return read_day(text)
    except ValueError:
        return None


class KeyReused(Refusal):
    """The idempotency key was used for something else."""


def once(
    *, key: UUID | None, actor: Actor, name: str, call: Callable[[], Fact]
) -> tuple[dict[str, Any], bool]:
    """Call a verb once per idempotency key; answers (the fact as plain values, whether it is new).

    A repeated key returns the stored answer; the same key for another verb or person is refused.
    """
    if key is None:
        return facts.to_plain(call()), True
    with acting(actor, to_write=True):
        _row, new = Idempotent.objects.get_or_create(
            key=key,
            defaults={"org_id": actor.org_id, "actor_id": actor.id, "verb": name, "answer": {}},
        )
        stored = Idempotent.objects.select_for_update().get(key=key)
        if (stored.verb, stored.actor_id) != (name, actor.id):
            raise KeyReused(_("This Idempotency-Key was used for another call; make a new one."))
        if not new:
            return stored.answer, False
        stored.answer = facts.to_plain(call())
        stored.save(update_fields=["answer"])
        return stored.answer, True


def show_file(content: bytes, media_type: str, *, name: str = "") -> HttpResponse:
    """A file to look at in the window, never taken for another type; `name` is for keeping it."""
    answer = HttpResponse(content, content_type=media_type)
    answer["Content-Disposition"] = f'inline; filename="{name}"' if name else "inline"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer
