"""Bring a database to this version; a fresh one in seconds."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from django.core.management import call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.db.migrations.state import ProjectState

_CHOOSES = "_find_reload_model"  # Django's own choice of the models that a change touches.


def migrate() -> None:
    """Run all migrations as the owner role."""
    fresh = not MigrationRecorder(connection).has_table()
    with _rendering_one_model_at_a_time() if fresh else nullcontext():
        call_command("migrate", verbosity=0, interactive=False)


@contextmanager
def _rendering_one_model_at_a_time() -> Iterator[None]:
    """Keep Django from rendering all models anew after each operation.

    Every noun refers to the organisation tree, so each change makes Django render every model
    again: 40 s on an empty database. Without rows no operation looks at a neighbour's class.
    """

    def alone(state: Any, app_label: str, model_name: str, delay: bool = False) -> set[Any]:
        return {(app_label, model_name.lower())}

    usual = vars(ProjectState)[_CHOOSES]
    setattr(ProjectState, _CHOOSES, alone)
    try:
        yield
    finally:
        setattr(ProjectState, _CHOOSES, usual)
