"""The worker: the outbox relay in a thread, procrastinate's schedules and tasks beside it."""

import asyncio
import logging
import signal
import threading
from contextlib import suppress
from typing import cast

import psycopg
from django.conf import settings
from django.db import connection
from procrastinate.contrib.django import app
from procrastinate.contrib.django.django_connector import DjangoConnector
from procrastinate.exceptions import ConnectorException

from panshi.config import postgres
from panshi.kit import relay
from panshi.kit.schedule import every

log = logging.getLogger("panshi.worker")
STALLED_S = 30
AGAIN_S = 0.5


@every("* * * * *")
def rescue_stalled(at: object) -> None:
    """Give jobs of a killed worker to a living one; their lock would block their kind for ever."""
    asyncio.run(_rescue())


async def _rescue() -> None:
    manager = app.job_manager
    for job in await manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_S):
        await manager.retry_job(job)


def listen_dsn() -> str:
    """A connection string for LISTEN, outside the pool."""
    return psycopg.conninfo.make_conninfo(
        **postgres.dsn(settings.HOME, "panshi_web", str(connection.settings_dict["NAME"]))
    )


def run() -> None:
    """Work until SIGTERM or SIGINT; then finish what is running and return.

    While the database is away, neither half ends: each begins anew when it is back.
    """
    stopping = threading.Event()
    deliveries = threading.Thread(
        target=lambda: relay.run(listen_dsn=listen_dsn(), stopping=stopping.is_set), name="relay"
    )
    deliveries.start()
    try:
        asyncio.run(_tasks_until_told())
    finally:
        stopping.set()
        deliveries.join(timeout=8)


async def _tasks_until_told() -> None:
    told = asyncio.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sign, told.set)
    while not told.is_set():
        tasks = asyncio.create_task(_tasks())
        end = asyncio.create_task(told.wait())
        await asyncio.wait({tasks, end}, return_when=asyncio.FIRST_COMPLETED)
        if told.is_set():
            tasks.cancel()  # It finishes what is running, as long as it is given to.
        try:
            await tasks
        except asyncio.CancelledError:
            return
        except (ConnectorException, psycopg.Error) as error:
            log.warning("database away: %s", str(error.__cause__ or error).strip().split("\n")[0])
        end.cancel()
        with suppress(TimeoutError):
            await asyncio.wait_for(told.wait(), AGAIN_S)


async def _tasks() -> None:
    with app.replace_connector(
        cast(DjangoConnector, app.connector).get_worker_connector()
    ) as worker_app:
        async with worker_app.open_async():
            await worker_app.run_worker_async(
                wait=True,
                fetch_job_polling_interval=5,
                shutdown_graceful_timeout=5,
                install_signal_handlers=False,
            )
