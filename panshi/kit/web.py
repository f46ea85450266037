"""What doors share: the typed request, and the idempotent call."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from panshi.kit import facts
from panshi.kit.facts import Fact
from panshi.kit.models import Idempotent
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor, acting


class Request(HttpRequest):
    """A request behind ActorMiddleware: `actor` is who acts, in which part of the tree."""

    actor: Actor
    htmx: HtmxDetails


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
        _, new = Idempotent.objects.get_or_create(
            key=key,
            defaults={"org_id": actor.org_id, "actor_id": actor.id, "verb": name, "answer": {}},
        )
        stored = Idempotent.objects.select_for_update().get(key=key)
        if (stored.verb, stored.actor_id) != (name, actor.id):
            raise KeyReused("This idempotency key was used for another call; send a new one.")
        if not new:
            return stored.answer, False
        stored.answer = facts.to_plain(call())
        stored.save(update_fields=["answer"])
        return stored.answer, True
