"""Fixtures of all tests: a database cloned from the template, and the house's own context."""

import os
from collections.abc import Iterator
from typing import cast

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.db import connection, transaction
from django.db.backends.postgresql.base import DatabaseWrapper
from django.utils import translation
from hypothesis import HealthCheck, settings
from psycopg import sql
from pytest_django import DjangoDbBlocker

from panshi.config import roles
from panshi.kit.tenancy import acting, hq_actor
from tests import environment

pytest_plugins = ["tests.chromium"]

# Most people of the tests never sign in. A stored password names its own rounds, so that the
# processes of the product read these too.
PBKDF2PasswordHasher.iterations = 1000

# How quick a machine makes up its examples says nothing about what is tested.
settings.register_profile("house", suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if not item.get_closest_marker("plain"):
            item.add_marker("needs_database")


def _clone(name: str) -> None:
    with environment.connect("postgres", "postgres") as superuser:
        drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        superuser.execute(drop)
        superuser.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER panshi_owner STRATEGY wal_log").format(
                sql.Identifier(name), sql.Identifier(environment.TEMPLATE)
            )
        )
        # A clone does not inherit the privileges of the database itself.
        roles.bootstrap(superuser, name)


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: pytest.FixtureRequest) -> Iterator[None]:
    """Replace pytest-django's own set-up: the role of the tests is the role of the product."""
    name = f"panshi_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    _clone(name)
    connection.settings_dict["NAME"] = name
    yield
    connection.close()
    cast(DatabaseWrapper, connection).close_pool()


@pytest.fixture(autouse=True)
def _house(request: pytest.FixtureRequest) -> Iterator[None]:
    """Arrange and assert as HQ; the verbs under test set the context of their own actor.

    A page speaks its reader's language in the test's own thread, so each begins in the default.
    """
    translation.deactivate()
    if request.node.get_closest_marker("plain"):
        yield
        return
    request.getfixturevalue("db")
    with acting(hq_actor()):
        yield


@pytest.fixture(scope="module")
def in_force(
    request: pytest.FixtureRequest, django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[None]:
    """An edition of the handbook under all tests of a module, with its further `NODES`.

    It is imported once; what each test changes of it ends with the test.
    """
    from panshi.handbook.tests import make

    with django_db_blocker.unblock(), transaction.atomic():
        with acting(hq_actor()):
            make.edition(*getattr(request.module, "NODES", ()))
        yield
        transaction.set_rollback(True)
