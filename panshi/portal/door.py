"""What the customers' views share: who may enter, and whose records they show."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec
from uuid import UUID

from django.http import Http404, HttpResponse

from panshi.kit.tenancy import Actor
from panshi.kit.web import Request

P = ParamSpec("P")
View = Callable[Concatenate[Request, P], HttpResponse]


def customer_of(actor: Actor) -> UUID:
    """The customer who acts; for anybody else there is nothing behind this door."""
    if actor.customer_id is None:
        raise Http404
    return actor.customer_id


def for_customers(view: View[P]) -> View[P]:
    """Open a view to customers alone."""

    @wraps(view)
    def entered(request: Request, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        customer_of(request.actor)
        return view(request, *args, **kwargs)

    return entered
