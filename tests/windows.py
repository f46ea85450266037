"""A browser window without a browser: requests that run under the login role, as in production."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.test import Client

from panshi.kit import tenancy
from panshi.org.models import User

BACKEND = "django.contrib.auth.backends.ModelBackend"


@contextmanager
def nobody_known() -> Iterator[None]:
    """Leave the house's own context for a block: what a request meets before it has an actor."""
    before = tenancy._current.get()
    tenancy._apply(tenancy._NOBODY)
    token = tenancy._current.set(tenancy._NOBODY)
    try:
        yield
    finally:
        tenancy._current.reset(token)
    tenancy._apply(before)


class Window(Client):
    """One visitor's window; signed in when a user is given, in the language asked for."""

    def __init__(self, user: User | None = None, *, language: str = "en") -> None:
        super().__init__()
        self.cookies["django_language"] = language
        if user is not None:
            with nobody_known():
                self.force_login(user, backend=BACKEND)

    def request(self, **request: Any) -> Any:
        with nobody_known():
            return super().request(**request)
