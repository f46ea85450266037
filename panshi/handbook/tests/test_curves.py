"""Ten thousand generated runs, counted as the definition reads and as the questions answer."""

from collections.abc import Iterator
from dataclasses import astuple, dataclass
from datetime import date, timedelta
from statistics import quantiles
from typing import Any

import pytest
from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone

from panshi.handbook import queries, services
from panshi.handbook.models import (
    AdherenceDay,
    AdherenceSpan,
    CityLaunch,
    EditionItem,
    Run,
    RunState,
)
from panshi.handbook.rules import curves
from panshi.handbook.rules.measure import Tally
from panshi.handbook.services.past import CityUnnamed, PastRun, PastUnfit
from panshi.handbook.tests import make
from panshi.kit.clock import local_day
from panshi.kit.refusals import NotPermitted
from panshi.kit.tenancy import hq_actor
from panshi.org.tests import make as org_make
from panshi.org.tests.window import page, window

pytestmark = pytest.mark.usefixtures("in_force")
TODAY = local_day(make.NOON)
# Weeks since the opening and runs of each city; the last two are young, or too small to be mature.
CITIES = {"杭州": (80, 3000), "宁波": (70, 2600), "成都": (60, 2400), "石家庄": (20, 1600),
          "天津": (64, 400)}  # fmt: skip
GENERATED = """
INSERT INTO handbook_run (id, org_id, node_id, revision_id, edition_id, city, subject_type,
    subject_id, fact_name, fact, occurrence_key, by_hand, params, beside_job, reason, owner_role,
    roles, state, started_at, take_by, due_at, closed_at, closed_by_fact_id, listens, next_rung,
    round, steps_due, steps_done, evidence_due, evidence_valid, job_required, job_done)
SELECT gen_random_uuid(), %(org)s, nodes.node, nodes.revision, %(edition)s, %(city)s, '', '', '',
    '{}', %(city)s || g, chance.a < 0.05, '{}', chance.b < 0.1, '', 'qc', '{}', chance.state,
    due, due, due,
    CASE WHEN chance.state IN ('CLOSED', 'VOID')
        THEN due + (chance.c - %(skill)s) * interval '10 hours' END,
    CASE WHEN chance.state = 'CLOSED' AND chance.d < 0.3 THEN gen_random_uuid() END,
    '{}', 0, 0, 8, (random() * 8)::int, 5, (random() * 5)::int, 0, 0
FROM generate_series(1, %(runs)s) AS g,
    LATERAL (SELECT random() AS a, random() AS b, random() AS c, random() AS d,
        (ARRAY['WAITING', 'TAKEN', 'CLOSED', 'CLOSED', 'CLOSED', 'CLOSED', 'CLOSED', 'VOID'])
            [1 + (random() * 7.98 + g * 0)::int %% 8] AS state) chance,
    LATERAL (SELECT %(noon)s::timestamptz - (random() * %(days)s + g * 0) * interval '1 day'
        AS due) moment,
    LATERAL (SELECT (%(nodes)s::uuid[])[n] AS node, (%(revisions)s::uuid[])[n] AS revision
        FROM (SELECT 1 + g %% 10 AS n) x) nodes
"""
FIELDS = list(Tally.__dataclass_fields__)


def counted(run: Run) -> Tally:
    """The measure of one run as its definition reads."""
    closed = run.state == RunState.CLOSED
    counts = run.state != RunState.VOID and not run.by_hand
    steps = counts and (run.closed_by_fact_id is None or run.beside_job)
    return Tally(
        expected=counts,
        voided=run.state == RunState.VOID and not run.by_hand,
        by_hand=run.by_hand,
        closed=closed and counts,
        on_time=closed and counts and run.closed_at is not None and run.closed_at <= run.due_at,
        steps_due=run.steps_due * steps,
        steps_done=run.steps_done * steps,
        evidence_due=run.evidence_due * steps,
        evidence_valid=run.evidence_valid * steps,
    )


@dataclass(frozen=True, slots=True)
class Seen:
    """A run with what is asked of it again and again."""

    city: str
    slug: str
    day: date
    counts: tuple[int, ...]


def recount(runs: list[Seen]) -> Tally:
    return Tally(*map(sum, zip(*[r.counts for r in runs], strict=True))) if runs else Tally()


@pytest.fixture
def generated() -> Iterator[list[Seen]]:
    """The runs are made by hand, so they are rolled back before the database looks at them."""
    with transaction.atomic():
        edition = make.edition()
        items = EditionItem.objects.filter(edition=edition).order_by("node__code")[:10]
        made = list(items.values_list("node_id", "revision_id"))
        with connection.cursor() as cursor:
            cursor.execute("SELECT setseed(0.5)")
            for place, (city, (weeks, runs)) in enumerate(CITIES.items()):
                given: dict[str, Any] = {
                    "org": org_make.operator(city=city).id, "city": city, "runs": runs,
                    "edition": edition.id, "noon": make.NOON, "days": weeks * 7,
                    "nodes": [n for n, _ in made], "revisions": [r for _, r in made],
                    "skill": 0.9 - 0.1 * place,
                }  # fmt: skip
                cursor.execute(GENERATED, given)
        for city, (weeks, _) in CITIES.items():
            if city != "天津":
                services.note_launch(
                    org_id=org_make.platform().id, city=city,
                    launched_on=TODAY - timedelta(days=weeks * 7), actor=hq_actor(), at=make.NOON,
                )  # fmt: skip
        for _time in range(2):
            services.roll_up_adherence(actor=hq_actor(), at=make.NOON, days=600)
        slugs = dict(items.values_list("node_id", "node__slug"))
        rows = Run.objects.only(
            "city", "node_id", "due_at", "state", "by_hand", "beside_job", "closed_at",
            "closed_by_fact_id", *FIELDS[5:],
        )  # fmt: skip
        yield [
            Seen(r.city, slugs[r.node_id], local_day(r.due_at), astuple(counted(r))) for r in rows
        ]
        transaction.set_rollback(True)


def of(runs: list[Seen], city: str, since: date, until: date, node: str = "") -> list[Seen]:
    """The runs of a city, and perhaps of a node, that fell due on the days [since, until)."""
    return [r for r in runs if r.city == city and since <= r.day < until and node in ("", r.slug)]


def quartiles(tallies: list[Tally]) -> list[float]:
    return quantiles([t.adherence or 0 for t in tallies if t.enough], n=4, method="inclusive")


def test_every_figure_of_ten_thousand_runs_equals_a_naive_recount(generated: list[Seen]) -> None:
    runs = generated
    assert len(runs) == sum(n for _, n in CITIES.values()) == 10_000
    rows = AdherenceDay.objects.values_list(*FIELDS)
    assert tuple(map(sum, zip(*rows, strict=True))) == astuple(recount(runs))
    some = runs[17]
    cell = AdherenceDay.objects.values_list(*FIELDS).get(
        city=some.city, node__slug=some.slug, day=some.day
    )
    alike = of(runs, some.city, some.day, some.day + timedelta(days=1), some.slug)
    assert cell == astuple(recount(alike))

    curve = queries.city_curve(actor=hq_actor(), at=make.NOON)
    assert [(c.city, c.mature) for c in curve.cities] == [
        ("杭州", True), ("宁波", True), ("天津", False), ("成都", True), ("石家庄", False),
    ]  # fmt: skip
    chosen = curve.chosen
    assert chosen is not None
    assert (chosen.city, chosen.weeks) == ("石家庄", 20)
    mature = ["杭州", "宁波", "成都"]
    span = (TODAY - timedelta(days=84), TODAY)
    for row in curve.cities:
        assert row.tally == recount(of(runs, row.city, *span))
    assert curve.today is not None
    assert [curve.today.low, curve.today.middle, curve.today.high] == pytest.approx(
        quartiles([recount(of(runs, c, *span)) for c in mature])
    )

    assert [p.week for p in curve.points] == list(range(20))
    for point in curve.points:
        assert point.tally == recount(of(runs, "石家庄", point.since, point.until))
        aged = []
        for city in mature:
            begins = TODAY - timedelta(days=7 * (CITIES[city][0] - point.week))
            aged.append(recount(of(runs, city, begins, begins + timedelta(days=7))))
        known = [t for t in aged if t.enough]
        assert (point.same_age.cities if point.same_age else 0) == len(known)
        if point.same_age and len(known) > 1:
            assert point.same_age.middle == pytest.approx(quartiles(aged)[1])

    gaps = {}
    for slug in {r.slug for r in runs}:
        own = recount(of(runs, "石家庄", *span, slug))
        others = {c: recount(of(runs, c, *span, slug)) for c in mature}
        gap = quartiles(list(others.values()))[1] - (own.adherence or 0)
        best = max(mature, key=lambda c: others[c].adherence or 0)
        if gap > 0:
            gaps[slug] = (gap * own.expected, best)
    assert [(c.slug, c.lag.best) for c in curve.coaching] == [
        (slug, best) for slug, (_, best) in sorted(gaps.items(), key=lambda kv: -kv[1][0])
    ][:10]
    for coached in curve.coaching:
        assert coached.lag.weight == pytest.approx(gaps[coached.slug][0])

    one = queries.city_curve(city="杭州", node=curve.coaching[0].slug, actor=hq_actor(),
                             at=make.NOON)  # fmt: skip
    assert one.points[-1].tally == recount(
        of(runs, "杭州", TODAY - timedelta(days=7), TODAY, curve.coaching[0].slug)
    )
    found, total = queries.runs_due(
        city="石家庄", actor=hq_actor(), at=make.NOON, limit=5000,
        since=curve.points[3].since, until=curve.points[3].until,
    )  # fmt: skip
    assert total == len(found)
    assert sum(r.counted for r in found) == curve.points[3].tally.expected
    assert sum(r.counted and r.on_time for r in found) == curve.points[3].tally.on_time

    tiles = [
        t for card in queries.panorama(actor=hq_actor(), at=make.NOON, city="石家庄", mode="gap")
        for t in card.tiles if t.gap is not None
    ]  # fmt: skip
    assert max(t.gap or 0 for t in tiles) > 0
    alone = {t.slug: t.gap for t in tiles if not t.children}
    compared = [c for c in curve.coaching if c.slug in alone]
    assert compared
    assert all(alone[c.slug] == pytest.approx(c.lag.gap) for c in compared)

    # Sums that are kept for the platform and its regions answer as the days themselves do.
    kept, tomorrow = AdherenceSpan.objects.filter(org=org_make.platform()), timedelta(days=1)
    assert kept.count() > 100
    spans: list[tuple[int, dict[str, Any]]] = [
        (0, {"mode": "gap", "city": "石家庄"}), (0, {"days": 7}),
        (1, {"days": 28, "city": "杭州"}), (0, {"days": 84, "edition": "0.3"}),
    ]  # fmt: skip
    for later, asked in spans:
        at = make.NOON + later * tomorrow
        summed = queries.panorama(actor=hq_actor(org_make.platform().id), at=at, **asked)
        plain = queries.panorama(actor=hq_actor(), at=at, **asked)
        for card, other in zip(summed, plain, strict=True):
            assert card.tiles == other.tiles, asked
        assert any(t.expected or t.gap for card in summed for t in card.tiles)
    assert queries.cities(actor=hq_actor()) == sorted(CITIES)


def test_a_band_needs_cities_with_runs_enough() -> None:
    few, many = Tally(expected=19, on_time=19), Tally(expected=20, on_time=10)
    assert curves.band([few]) is None
    found = curves.band([few, many])
    assert found is not None
    assert (found.middle, found.cities) == (0.5, 1)
    assert curves.lag("x", few, {"杭州": many}) is None
    assert curves.lag("x", many, {"杭州": few}) is None


def test_maturity_needs_a_year_and_eight_steady_weeks_of_twelve() -> None:
    year_ago = TODAY - timedelta(days=7 * 52)
    assert curves.is_mature(year_ago, TODAY, [20] * 8)
    assert not curves.is_mature(year_ago + timedelta(days=1), TODAY, [20] * 12)
    assert not curves.is_mature(year_ago, TODAY, [20] * 7 + [19] * 5)


def past(number: int, *, minutes: int = 0, city: str = "杭州") -> PastRun:
    due = make.NOON - timedelta(days=100 + number)
    return PastRun(
        node_slug="return-inspection", key=f"old-{number}", city=city, due_at=due,
        started_at=due - timedelta(hours=1), closed_at=due + timedelta(minutes=minutes),
    )  # fmt: skip


def test_runs_of_the_time_before_are_taken_over_once_and_count_by_their_days() -> None:
    make.edition()
    org = org_make.operator()
    clerk = org_make.actor(org, "handbook.take_over_runs")
    runs = [past(1), past(2, minutes=5)]
    fact = services.take_over_runs(org_id=org.id, runs=runs, actor=clerk, at=make.NOON)
    assert (fact.runs, fact.known) == (2, 0)
    again = services.take_over_runs(org_id=org.id, runs=[*runs, past(3)], actor=clerk, at=make.NOON)
    assert (again.runs, again.known) == (1, 2)
    days = AdherenceDay.objects.order_by("-day").values_list("expected", "on_time", "steps_due")
    assert list(days) == [(1, 1, 0), (1, 0, 0), (1, 1, 0)]
    rows, total = queries.runs_due(city="杭州", actor=clerk, at=make.NOON)
    assert total == 3
    assert [r.on_time for r in rows] == [True, False, True]
    with pytest.raises(PastUnfit):
        services.take_over_runs(org_id=org.id, runs=[past(-101)], actor=clerk, at=make.NOON)
    with pytest.raises(NotPermitted):
        services.take_over_runs(
            org_id=org.id, runs=runs, actor=org_make.actor(org, "handbook.view"), at=make.NOON
        )


def test_the_page_compares_says_too_few_and_takes_a_note_of_the_opening() -> None:
    make.edition()
    org, now = org_make.operator(), timezone.now()
    client = window(org, "OPERATIONS")
    url = reverse("handbook-cities")
    assert "No run has fallen due" in page(client.get(url))
    services.take_over_runs(
        org_id=org.id, runs=[past(60 + n) for n in range(3)], actor=hq_actor(org.id), at=now
    )
    shown = page(client.get(url))
    assert "too few runs" in shown
    assert "No mature city can be seen" in shown
    noted = client.post(reverse("handbook-note-launch"),
                        {"city": "杭州", "launched_on": "2026-08-03"})  # fmt: skip
    assert noted.status_code == 302
    launch = CityLaunch.objects.get()
    assert (launch.org_id, launch.city, launch.launched_on) == (org.id, "杭州", date(2026, 8, 3))
    behind = page(
        client.get(reverse("handbook-runs-due"), {"city": "杭州", "due_from": "2026-09-01"})
    )
    assert behind.count("/handbook/runs/") >= 3
    engineer = window(org, "ENGINEER")
    assert engineer.post(reverse("handbook-note-launch"), {}).status_code in (403, 409)
    with pytest.raises(CityUnnamed):
        services.note_launch(org_id=org.id, city=" ", launched_on=TODAY, actor=hq_actor(), at=now)
    for mode in ("adherence", "gap"):
        assert page(client.get(reverse("handbook-panorama"), {"mode": mode})).count(
            'class="atlas-node"'
        ) == 180  # fmt: skip
