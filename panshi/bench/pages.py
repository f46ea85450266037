"""How long the pages of the console and the portal take, and how many questions they ask.

The pages come from the side bar's registry, so a new one is measured by itself; records and the
portal are listed here. Each page is asked at least `requests` times through Django's whole stack
in this process, over the addresses that the page itself offers: its sorts, its first and last
pages, its filters, and words in its search fields. Times are the server's, without the network.

The baseline `naive` asks for the five largest lists the plain way: the ORM under row security with
OFFSET, `count(*)` and one look-up a name. It draws no page at all, which favours it; what ours
spends on drawing is therefore inside the ratio.
"""

import os
import platform
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from html.parser import HTMLParser
from itertools import cycle, islice
from typing import Any, Final, cast
from urllib.parse import urlencode, urlsplit
from uuid import UUID

from django.apps import apps
from django.contrib.auth import get_user_model
from django.db import connection
from django.db.backends.postgresql.base import DatabaseWrapper
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from panshi.bench import books, company, work
from panshi.bench.company import Company, Say, Size
from panshi.billing import queries as billing_queries
from panshi.billing import services as billing
from panshi.kit import navigation
from panshi.kit.tenancy import Actor, acting, hq_actor
from panshi.ledger import queries as ledger_queries
from panshi.ledger import services as ledger
from panshi.org import queries as org

RECORDS: Final = 20
VARIANTS: Final = 30
NAIVE_ROUNDS: Final = 20
GOAL_MS: Final = 100
GOALS_MS: Final = {
    "/finance/board/": 200,
    **dict.fromkeys(("/", "/cockpit/", "/cockpit/wall/"), 150),
}
"""p95 in ms of pages that add up the whole company; all others have `GOAL_MS`."""
_BACKEND: Final = "django.contrib.auth.backends.ModelBackend"
_WORDS: Final = ("浙ADA012", "物流0001", "B202", "0012", "zz")
_NOBODY: Final = UUID(int=0)
_SIGN_INS: Final = {
    "hq": company.HQ_NAME,
    "operator": company.OPERATOR_NAME,
    "customer": company.CUSTOMER_NAME,
}
_RECORDS: Final = (
    ("fleet-vehicle", "fleet_vehicle"),
    ("crm-customer", "crm_customer"),
    ("leasing-lease", "leasing_lease"),
    ("billing-bill", "billing_bill"),
    ("billing-statement", "crm_customer"),
    ("service-order", "service_workorder"),
    ("telematics-vehicle", "fleet_vehicle"),
    ("handbook-run", "handbook_run"),
)
_PORTAL: Final = (
    "portal-home", "portal-vehicles", "portal-bills", "portal-leases", "portal-orders",
)  # fmt: skip
# List, model, order, and the models whose rows name what stands in a column.
_NAIVE: Final = (
    ("billing-bills", "billing.Bill", "-due_on", (("crm.Customer", "customer_id"),)),
    ("ledger-journal", "ledger.Entry", "-occurred_on", ()),
    ("fleet-vehicles", "fleet.Vehicle", "plate", (("crm.Customer", "customer_id"),)),
    ("leasing-leases", "leasing.Lease", "-created_at", (("crm.Customer", "customer_id"),)),
    ("service-orders", "service.WorkOrder", "-opened_at", (("fleet.Vehicle", "vehicle_id"),)),
)


@dataclass(frozen=True, slots=True)
class Timing:
    """Of one page under one role; `queries` is the most that any request made."""

    p95_ms: float
    p50_ms: float
    queries: int

    def shown(self) -> dict[str, float | int]:
        return {"p95_ms": self.p95_ms, "p50_ms": self.p50_ms, "queries": self.queries}


@dataclass(frozen=True, slots=True)
class Target:
    """A page: how it is called in the document, and the addresses under which it is asked."""

    name: str
    urls: Sequence[str]


def is_founded() -> bool:
    """Whether this database holds the company that is measured."""
    return get_user_model().objects.filter(username=company.HQ_NAME).exists()


def found(
    *,
    size: Size,
    at: datetime,
    say: Say,
    shards: int = 1,
    unguarded: AbstractContextManager[None] | None = None,
) -> Company:
    """Found the company that is measured; `shards` connections write its books side by side.

    Inside `unguarded` new connections need not keep triggers and foreign keys. The bills and
    entries of the whole company are written in it; what it lets pass is what the same statements
    pass in the tests with everything on.
    """
    made = company.found_company(size=size, at=at, say=say)
    books.write_leases(made, say=say)
    with unguarded or nullcontext():
        if unguarded:
            _connect_anew()
        books.write_books(made, say=say, shards=shards)
    if unguarded:
        _connect_anew()
        # The trigger that keeps the sums of months was off.
        ledger.recount_sums(actor=hq_actor(made.platform_id), at=at)
    work.write_work(made, say=say)
    return made


def _connect_anew() -> None:
    connection.close()
    cast(DatabaseWrapper, connection).close_pool()


def measure_pages(
    *, requests: int = 60, say: Say, roles: Sequence[str] = tuple(_SIGN_INS)
) -> dict[str, object]:
    """Measure all pages in a database whose company `found` has made.

    Each page is asked `requests` times, over as many of its addresses at most. `ours.pages` is by
    path: the worst role's p95 and the most queries, then both by role. A path that did not answer
    200 stands in `ours.failed` with its status.
    """
    _do_what_the_clock_does()
    load = round(os.getloadavg()[0], 2)
    timings: dict[str, dict[str, Timing]] = {}
    failed: dict[str, int] = {}
    for role in roles:
        door = _Door(_SIGN_INS[role])
        for target in _targets(door, role, failed):
            timing = door.time(target, requests)
            timings.setdefault(target.name, {})[role] = timing
            say(f"{role:8} {timing.p95_ms:8.1f} ms {timing.queries:4} queries  {target.name}")
    naive = dict(_naive(requests))
    ours = {name: max(t.p95_ms for t in by_role.values()) for name, by_role in timings.items()}
    over = {name: p95 for name, p95 in ours.items() if p95 > GOALS_MS.get(name, GOAL_MS)}
    say(_verdict(over, len(ours)))
    return {
        "bench": "pages",
        "machine": {
            "cpus": os.cpu_count(),
            "python": platform.python_version(),
            "load_before": load,
            "load_after": round(os.getloadavg()[0], 2),
        },
        "ours": {
            "worst_p95_ms": max(ours.values()),
            "over_goal": over,
            "pages": {
                name: {
                    "p95_ms": ours[name],
                    "queries": max(timing.queries for timing in by_role.values()),
                    "by_role": {role: timing.shown() for role, timing in by_role.items()},
                }
                for name, by_role in timings.items()
            },
            "failed": failed,
            "requests": requests,
            "rows": _sizes(),
        },
        "baseline": {"naive": {name: timing.shown() for name, timing in naive.items()}},
        "ratio": {
            f"naive.{name}": round(timing.p95_ms / ours[name], 2)
            for name, timing in naive.items()
            if name in ours
        },
    }


def _verdict(over: Mapping[str, float], pages: int) -> str:
    """One line: the pages above their goal, the slowest first, each with its p95."""
    if not over:
        return f"All {pages} pages hold their goal (p95 of {GOAL_MS} ms unless named otherwise)."
    slow = sorted(over.items(), key=lambda item: -item[1])
    named = ", ".join(
        f"{name} {p95:.0f} ms (goal {GOALS_MS.get(name, GOAL_MS)})" for name, p95 in slow
    )
    return f"{len(over)} of {pages} pages miss their goal: {named}"


def _do_what_the_clock_does() -> None:
    """Fold the sums as the worker of a running system does every five minutes."""
    hq, now = hq_actor(org.platform_id() or 0), timezone.now()
    if ledger_queries.changes_waiting(actor=hq):
        ledger.fold_sums(actor=hq, at=now)
    if billing_queries.earnings_changed(actor=hq, at=now):
        billing.keep_earnings(actor=hq, at=now)


class _Door:
    """A browser's session without the browser: asks for pages and counts what that costs."""

    def __init__(self, username: str) -> None:
        user = get_user_model().objects.get(username=username)
        self.actor: Actor = org.actor_of(user, node_id=None)
        self._client = Client(SERVER_NAME="localhost", raise_request_exception=False)
        self._client.force_login(user, backend=_BACKEND)

    def get(self, url: str) -> tuple[int, str]:
        answer = self._client.get(url)
        return answer.status_code, answer.content.decode()

    def time(self, target: Target, requests: int) -> Timing:
        """Ask the addresses in turn; the first was asked already, the others are warmed up."""
        urls = target.urls[:requests]
        for url in urls[1:]:
            self.get(url)
        taken, most = [], 0
        for url in islice(cycle(urls), requests):
            if not connection.in_atomic_block:
                connection.close()  # Each request of the server borrows its connection anew.
            with _counted() as count:
                began = time.perf_counter()
                self.get(url)
                taken.append((time.perf_counter() - began) * 1000)
            most = max(most, len(count))
        return _timing(taken, most)


def _timing(taken: Sequence[float], queries: int) -> Timing:
    p95 = statistics.quantiles(taken, n=20)[18] if len(taken) > 1 else taken[0]
    return Timing(round(p95, 1), round(statistics.median(taken), 1), queries)


@contextmanager
def _counted() -> Iterator[list[str]]:
    asked: list[str] = []

    def note(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        asked.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(note):
        yield asked


class _Reader(HTMLParser):
    """The links, and the fields of forms that ask the page itself anew."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path
        self.links: list[str] = []
        self.choices: dict[str, list[str]] = {}
        self.fields: list[str] = []
        self._asks = False
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {key: value or "" for key, value in attrs}
        name = given.get("name", "")
        if tag == "a" and urlsplit(given.get("href", "")).path == self.path:
            self.links.append(given["href"])
        elif tag == "form":
            own = given.get("action", "") in ("", self.path)
            self._asks = own and given.get("method", "get").lower() == "get"
        elif tag == "select" and self._asks:
            self._select = name
        elif tag == "option" and self._select and given.get("value"):
            self.choices.setdefault(self._select, []).append(given["value"])
        elif tag == "input" and self._asks and given.get("type", "text") in ("text", "search"):
            self.fields.append(name)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._asks = False
        elif tag == "select":
            self._select = ""


def variants(path: str, html: str) -> list[str]:
    """The page itself and the addresses of the same page that it offers, exports left out."""
    reader = _Reader(path)
    reader.feed(html)
    asked: list[dict[str, str]] = [
        {name: value} for name, values in reader.choices.items() for value in values[:3]
    ]
    asked += [{name: word} for name in reader.fields if name for word in _WORDS]
    urls = [path, *reader.links, *(f"{path}?{urlencode(given)}" for given in asked)]
    return list(dict.fromkeys(url for url in urls if "export=" not in url))[:VARIANTS]


def _targets(door: _Door, role: str, failed: dict[str, int]) -> Iterator[Target]:
    """What one role is asked for; a page that fails is noted and left out."""
    paths = _PORTAL if role == "customer" else _registered(door.actor)
    for path in map(reverse, paths):
        status, html = door.get(path)
        if status == 200:
            yield Target(path, variants(path, html))
        else:
            failed[f"{role} {path}"] = status
    for target in _others(door.actor) if role != "customer" else ():
        status = door.get(target.urls[0])[0] if target.urls else 200
        if status != 200:
            failed[f"{role} {target.name}"] = status
        elif target.urls:
            yield target


def _registered(actor: Actor) -> list[str]:
    return list(dict.fromkeys(page.url_name for page in navigation.pages_for(actor)))


def _others(actor: Actor) -> Iterator[Target]:
    """Records, the palette, and what pages fetch by themselves."""
    for url_name, table in _RECORDS:
        urls = [reverse(url_name, args=[record]) for record in _ids(table, actor)]
        yield Target(reverse(url_name, args=[_NOBODY]).replace(str(_NOBODY), "<id>"), urls)
    search = reverse("console-search")
    yield Target(search, [f"{search}?{urlencode({'text': word})}" for word in _WORDS])
    points = reverse("telematics-points")
    near = urlencode({"zoom": 11, "bbox": "119.9,30.0,120.5,30.5"})
    yield Target(points, [f"{points}?zoom=4", f"{points}?{near}", f"{points}?text=浙ADA01"])
    figures = reverse("cockpit-figures")
    periods = ("TODAY", "WEEK", "MONTH", "QUARTER")
    yield Target(figures, [f"{figures}?period={period}" for period in periods])


def _ids(table: str, actor: Actor) -> list[UUID]:
    """Some records that the actor sees, spread over the table's age."""
    with acting(actor), connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM (SELECT id, row_number() OVER (ORDER BY id) AS n,"
            f" count(*) OVER () AS m FROM {table}) t WHERE n %% GREATEST(m / %s, 1) = 0 LIMIT %s",
            [RECORDS, RECORDS],
        )
        return [row[0] for row in cursor.fetchall()]


def _naive(requests: int) -> Iterator[tuple[str, Timing]]:
    """The largest lists by the plain ORM, as HQ, over pages near and far."""
    actor: Actor = org.actor_of(
        get_user_model().objects.get(username=company.HQ_NAME), node_id=None
    )
    for url_name, label, order, names in _NAIVE:
        model: Any = apps.get_model(label)
        with acting(actor):
            whole = model.objects.count()
        taken, most = [], 0
        for turn in range(min(requests, NAIVE_ROUNDS)):
            offset = whole * turn // NAIVE_ROUNDS
            with _counted() as count:
                began = time.perf_counter()
                with acting(actor):
                    _ask_naively(model.objects.order_by(order), offset, names)
                taken.append((time.perf_counter() - began) * 1000)
            most = max(most, len(count))
        yield reverse(url_name), _timing(taken, most)


def _ask_naively(rows: Any, offset: int, names: Iterable[tuple[str, str]]) -> None:
    rows.count()
    for row in rows[offset : offset + 20]:
        for label, attribute in names:
            other: Any = apps.get_model(label)
            other.objects.filter(id=getattr(row, attribute)).first()


def _sizes() -> dict[str, int]:
    """How many rows the largest tables hold, as HQ counts them."""
    tables = (
        "org_orgnode", "fleet_vehicle", "crm_customer", "leasing_lease", "billing_bill",
        "billing_payment", "ledger_entry", "ledger_posting", "service_workorder",
        "diagnosis_finding", "handbook_run", "org_auditrow",
    )  # fmt: skip
    hq = org.actor_of(get_user_model().objects.get(username=company.HQ_NAME), node_id=None)
    counted = {}
    with acting(hq), connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"SELECT count(*) FROM {table}")
            counted[table] = int((cursor.fetchone() or (0,))[0])
    return counted
