"""The whole founding in order, once for a home."""

import time
from datetime import timedelta
from random import Random

from django.db import connection
from django.utils import timezone

from panshi.demo import founding, history, jobs, terminals
from panshi.demo.founding import Company, Say
from panshi.kit import outbox
from panshi.kit.clock import day_start
from panshi.org import queries as org_queries


def found(*, seed: int, say: Say) -> None:
    """Found the demo company; a home that has a company is left alone."""
    if org_queries.platform_id() is not None:
        say("There is a company here already.")
        return
    began = time.monotonic()
    at, random = timezone.now(), Random(seed)
    since = day_start(history.first_day(at)) - timedelta(days=1)
    with connection.cursor() as cursor:
        # A power cut while founding loses nothing that founding again would not bring back.
        cursor.execute("SET synchronous_commit = off")
    with outbox.telling_history():
        company: Company = founding.found_tree(random, since, say)
        founding.publish_models(company, since)
        founding.buy_vehicles(company, random, at, say, since=since)
        founding.win_customers(company, random, since, say)
        founding.staff_service(company, random, at, say, since=since)
        terminals.fit(company, at)
        history.live_through(company, random, at, say)
        jobs.serve_through(company, random, at, say)
    founding.write_sign_ins(company)
    say(f"The demo company was founded in {time.monotonic() - began:.0f} s.")
