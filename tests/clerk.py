"""A process beside a test that calls verbs in the database of a running site.

A process of its own, because the test's has another database, and what the product keeps in memory
(lineages, editions) must not pass from one to the other.
"""

import os
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Clerk:
    """Calls functions under headquarters' own context, one at a time, until dismissed."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._pool = ProcessPoolExecutor(
            max_workers=1,
            mp_context=get_context("spawn"),
            initializer=_settle,
            initargs=(dict(environment),),
        )

    def do(self, act: Callable[P, T], *given: P.args, **named: P.kwargs) -> T:
        """What `act`, a function of a module, answers; its error is raised here."""
        answer: T = self._pool.submit(_call, act, given, named).result()
        return answer

    def dismiss(self) -> None:
        """End the process."""
        self._pool.shutdown()


def _settle(environment: dict[str, str]) -> None:
    os.environ.update(environment)
    import django

    django.setup()


def _call(act: Callable[..., Any], given: tuple[Any, ...], named: dict[str, Any]) -> Any:
    from panshi.kit.tenancy import acting, hq_actor

    with acting(hq_actor(), to_write=True):
        return act(*given, **named)
