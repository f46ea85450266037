"""Verbs and questions: every business act and every read, listed under its name."""

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from panshi.kit import outbox
from panshi.kit.facts import Fact
from panshi.kit.tenancy import Actor, acting, verb_depth

P = ParamSpec("P")
R = TypeVar("R")
F = TypeVar("F", bound=Fact)

VERBS: dict[str, Callable[..., Fact]] = {}
QUESTIONS: dict[str, Callable[..., Any]] = {}
GUARDS: dict[str, Callable[..., Any]] = {}


def _name(function: Callable[..., Any]) -> str:
    return f"{function.__module__.split('.')[1]}.{function.__name__}"


def _actor(function: Callable[..., Any], kwargs: dict[str, Any]) -> Actor:
    actor = kwargs.get("actor")
    if not isinstance(actor, Actor):
        raise TypeError(f"{_name(function)} needs actor=")
    return actor


def verb(function: Callable[P, F]) -> Callable[P, F]:
    """Make a function a verb: one transaction, under the actor's context, its fact published.

    The function takes keywords only, `actor` among them, and returns the fact it made true.
    """
    name = _name(function)

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> F:
        actor = _actor(function, kwargs)
        with verb_depth(), acting(actor, to_write=True):
            fact = function(*args, **kwargs)
            outbox.publish(fact, verb=name)
        return fact

    VERBS[name] = call
    return call


def question(function: Callable[P, R]) -> Callable[P, R]:
    """Make a function a question: a read under the actor's context, answering frozen rows."""

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        with acting(_actor(function, kwargs)):
            return function(*args, **kwargs)

    QUESTIONS[_name(function)] = call
    return call


def guard(function: Callable[P, R]) -> Callable[P, R]:
    """List a named plural guard that another room asks by name, without importing it."""
    GUARDS[_name(function)] = function
    return function


def parameters(function: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """The parameters a caller from outside fills in: all but `actor` and `at`."""
    return {
        name: parameter
        for name, parameter in inspect.signature(function, eval_str=True).parameters.items()
        if name not in {"actor", "at"}
    }
