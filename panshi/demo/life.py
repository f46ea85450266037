"""The demo company alive: vehicles drive through the gateway, people act through verbs."""

import asyncio
import json
import logging
import os
import signal
import threading
from collections.abc import Sequence
from random import Random
from typing import Final

from django.utils import timezone

from panshi.demo import founding, people, traffic
from panshi.kit.tenancy import hq_actor
from panshi.org import queries as org

_log = logging.getLogger(__name__)
FIRST_ALARM_S: Final = 90.0
ALARM_SETTING: Final = "PANSHI_DEMO_ALARM_S"


def run() -> None:
    """Let the company live until SIGTERM or SIGINT; vehicles sign out, the act under way ends."""
    random = Random()
    first_org_id = visitors_org_id()
    on_road = traffic.cars(random=random, at=timezone.now())
    _log.info("%d vehicles set off", len(on_road))
    leaving = threading.Event()
    staff = threading.Thread(
        target=people.act_on,
        kwargs={"leaving": leaving, "first_org_id": first_org_id, "random": Random()},
        name="people",
        daemon=True,
    )
    staff.start()
    try:
        asyncio.run(
            drive_until_told(on_road, road=traffic.Road(), first_org_id=first_org_id, random=random)
        )
    finally:
        leaving.set()
        staff.join(timeout=6)


async def drive_until_told(
    on_road: Sequence[traffic.Car],
    *,
    road: traffic.Road,
    first_org_id: int | None,
    random: Random,
) -> None:
    """Let vehicles drive until SIGTERM or SIGINT, then sign them out."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    await traffic.drive_all(
        on_road,
        road=road,
        stopping=stopping,
        first_fault_s=first_alarm_s(),
        first_org_id=first_org_id,
        random=random,
    )
    await stopping.wait()


def first_alarm_s() -> float:
    """Seconds from the start to the first alarm. Raises ValueError for a setting that is none."""
    return float(os.environ.get(ALARM_SETTING, FIRST_ALARM_S))


def visitors_org_id() -> int | None:
    """The operator whose people a visitor signs in as; None when no sign-ins were kept."""
    file = founding.sign_in_file()
    if not file.is_file():
        return None
    names = {row[3] for row in json.loads(file.read_text(encoding="utf-8")) if row[1] == "ops"}
    found = [node.id for node in org.operators(actor=hq_actor()) if node.name in names]
    return found[0] if found else None
