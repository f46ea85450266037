"""What a process that helps with the founding does first; free of models, which need Django up."""

import django
from django.db import connection


def prepare() -> None:
    """Set Django up, and let commits be forgotten by a power cut: founding again brings all."""
    django.setup()
    forget_on_power_cut()


def forget_on_power_cut() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = off")
