"""What connected vehicles need by the clock."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from django.conf import settings

from panshi.kit.clock import local_day
from panshi.kit.schedule import every
from panshi.kit.tenancy import Actor, hq_actor
from panshi.lake.compact import compact
from panshi.lake.files import FileInfo
from panshi.org import queries as org
from panshi.telematics import queries, services


def _hq() -> Actor | None:
    platform = org.platform_id()
    return None if platform is None else hq_actor(platform)


@every("*/5 * * * *")
def watch_silence(at: datetime) -> None:
    if actor := _hq():
        services.watch_silence(actor=actor, at=at)


@every("* * * * *")
def expire_commands(at: datetime) -> None:
    """Every minute: orders past their life end, and those whose effect nobody saw."""
    if actor := _hq():
        services.expire_commands(actor=actor, at=at)


@every("17 * * * *")
def update_mileage(at: datetime) -> None:
    if actor := _hq():
        services.update_mileage(actor=actor, at=at)


SETTLED = timedelta(minutes=20)
"""A merge waits this long after an hour, and as long again before what it replaced is removed."""
MANY = 8


@every("7 * * * *")
def compact_history(at: datetime) -> None:
    """Merge the flushes of each day and bucket, and remove files that nobody reads any more.

    A past day becomes one file a bucket for good; today's flushes are merged as they gather.
    """
    actor = _hq()
    if actor is None:
        return
    folder = settings.HOME.history
    gone = services.drop_replaced(before=at - SETTLED, actor=actor)
    for path in gone:
        (folder / path).unlink(missing_ok=True)
    today = local_day(at)
    files = queries.history_files(
        first_day=today - timedelta(days=3), last_day=today, actor=actor, below_level=2
    )
    for place, group in _by_day_and_bucket(files).items():
        level = 1 if place[0] == today else 2
        waiting = [file for file in group if file.level < level]
        if len(waiting) >= (MANY if level == 1 else 1):
            chosen = waiting if level == 1 else group
            merged = compact(folder=folder, files=chosen, level=level)
            services.replace_history(
                replaced=[file.path for file in chosen], files=merged, actor=actor, at=at
            )


def _by_day_and_bucket(files: Sequence[FileInfo]) -> dict[tuple[date, int], list[FileInfo]]:
    groups: dict[tuple[date, int], list[FileInfo]] = {}
    for file in files:
        groups.setdefault((file.day, file.bucket), []).append(file)
    return groups
