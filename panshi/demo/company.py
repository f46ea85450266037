"""The whole founding in order, once for a home."""

import os
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from random import Random
from typing import Final

import click
from django.conf import settings
from django.utils import timezone

from panshi.demo import (
    arrears,
    assets,
    books,
    cash,
    daily,
    exams,
    founding,
    handing,
    hands,
    history,
    jobs,
    lessons,
    objections,
    offers,
    past,
    paying,
    steering,
    suppliers,
    terminals,
    world,
    yard,
)
from panshi.demo.founding import Company, Operator, Say
from panshi.kit import outbox
from panshi.kit.clock import day_start
from panshi.org import queries as org_queries

MOST_HANDS: Final = 4


class FoundingInterrupted(Exception):
    """The last founding of this home did not end."""


def found(*, seed: int, say: Say) -> None:
    """Found the demo company; a home that has a company is left alone.

    Raises FoundingInterrupted when an earlier founding was broken off.
    """
    mark = _mark()
    if mark.exists():
        raise FoundingInterrupted(
            "The demo company was only half founded when it was stopped. Throw it away with"
            " `panshi demo reset` and start again."
        )
    if org_queries.platform_id() is not None:
        say("There is a company here already.")
        return
    mark.touch()
    began = time.monotonic()
    at, random = timezone.now(), Random(seed)
    since = day_start(history.first_day(at)) - timedelta(days=1)
    hands.forget_on_power_cut()
    with outbox.telling_history():
        company: Company = founding.found_tree(random, since, say)
        founding.publish_models(company, since)
        offers.publish_prices(company, since)
        founding.buy_vehicles(company, random, at, say, since=since)
        founding.win_customers(company, random, since, say)
        founding.staff_service(company, random, at, say, since=since)
        terminals.fit(company, at)
        jobs.import_handbook(company, at)
        _live_side_by_side(company.operators, seed, at)
        yard.write_standard(company, at)
        yard.find_what_is_due(company, at)
        for operator in company.operators:
            offers.offer(operator, at)
        assets.depreciate(company, at)
        paying.pass_on(company.operators[0], at)
        books.keep_books(company, at, say)
        exams.set_and_sit(company, at, random)
        steering.plan_next_city(company, at)
        jobs.count(company, at)
        lessons.learn(company, at)
    founding.write_sign_ins(company)
    mark.unlink()
    say(f"The demo company was founded in {time.monotonic() - began:.0f} s.")


def _mark() -> Path:
    folder: Path = settings.HOME.run
    return folder / "demo-founding"


def _live_side_by_side(operators: Sequence[Operator], seed: int, at: datetime) -> None:
    """Operators know nothing of each other, so each core plays some of them, the largest first."""
    largest_first = sorted(operators, key=lambda o: -o.plan.vehicles)
    cores = min(MOST_HANDS, os.cpu_count() or 1)
    with ProcessPoolExecutor(cores, get_context("spawn"), initializer=hands.prepare) as pool:
        waiting = [pool.submit(live, operator, seed, at) for operator in largest_first]
        for life in waiting:
            life.result()


def live(operator: Operator, seed: int, at: datetime) -> None:
    """Two years of one operator: its leases and its money, then its service."""
    random = Random(f"{seed}/{operator.plan.name}")
    with outbox.telling_history():
        desk = cash.Desk(operator) if operator.plan == world.SHOWN else None
        history.live_through(operator, random, at, click.echo, desk=desk)
        jobs.serve_through(operator, random, at, click.echo)
        yard.furnish(operator, random, at, click.echo)
        past.remember(operator, Random(operator.plan.name), at)
        assets.enter(operator, at)
        assets.fine(operator, random, at)
        handing.expect(operator, random, at)
        daily.spend(operator, random, at)
        daily.write(operator, random, at)
        steering.steer(operator, random, at)
        steering.crash(operator, random, at)
        suppliers.invoice(operator, at)
        if desk is not None:
            desk.open(random, at, click.echo)
            paying.pay(desk, at, click.echo)
            handing.contest(operator, random, at)
            handing.lapse(operator, at)
            arrears.fall_behind(operator, random, at, click.echo)
            objections.object_to_bills(operator, at)
