"""Schedules: what the worker does by the clock. The function gets the moment and sets its actor."""

from collections.abc import Callable
from datetime import UTC, datetime

from procrastinate.contrib.django import app

Scheduled = Callable[[datetime], None]


def every(cron: str) -> Callable[[Scheduled], Scheduled]:
    """Run a function by a cron line (five fields, Shanghai time does not matter to `*/5`).

    One run at a time: a run that is still going makes the next one wait.
    """

    def decorate(function: Scheduled) -> Scheduled:
        name = f"{function.__module__.removeprefix('panshi.')}.{function.__name__}"

        def run(timestamp: int) -> None:
            function(datetime.fromtimestamp(timestamp, UTC))

        task = app.task(name=name, queueing_lock=name, lock=name)(run)
        app.periodic(cron=cron, periodic_id=name)(task)
        return function

    return decorate
