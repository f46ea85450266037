"""The arithmetic of matching, on days small enough to check by hand."""

from dataclasses import replace

import pytest

from panshi.optimiser.match import (
    Answer,
    Break,
    CrowFly,
    Engineer,
    Fit,
    Job,
    Place,
    Station,
    Stop,
    kilometres,
    match,
    pair,
)

pytestmark = pytest.mark.plain

H = 3600.0
HOME = Place(120.0, 30.0)
NEAR = Place(120.02, 30.0)
FAR = Place(120.5, 30.0)
# A road on which each kilometre takes two minutes and nothing else does.
ROAD = CrowFly(fixed=0, per_km=120, per_root_km=0)
JOB = Job(place=NEAR, service=H, opens=10 * H, closes=12 * H, skills=frozenset({"HV"}))
ANNA = Engineer(id="anna", start=8 * H, end=18 * H, home=HOME, skills=frozenset({"HV"}))


def ask(job: Job, *engineers: Engineer, stations: tuple[Station, ...] = ()) -> Answer:
    return match(job=job, engineers=engineers, stations=stations, travel=ROAD)


def best_of(job: Job, *engineers: Engineer, stations: tuple[Station, ...] = ()) -> Fit:
    best = ask(job, *engineers, stations=stations).best
    assert best is not None
    return best


def rule(job: Job, engineer: Engineer, *stations: Station) -> str:
    (miss,) = ask(job, engineer, stations=stations).misses
    return miss.rule


def test_a_degree_of_latitude_is_111_km() -> None:
    assert kilometres(Place(120, 30), Place(120, 31)) == pytest.approx(111.19, abs=0.01)


def test_starts_when_the_window_opens_and_counts_the_way_there_and_back() -> None:
    best = best_of(JOB, ANNA)

    leg = ROAD.seconds(HOME, NEAR)
    assert best == Fit(
        engineer="anna", start=10 * H, travel=leg, extra=2 * leg, scarce=0, cost=2 * leg
    )


def test_prefers_the_nearer_and_keeps_the_order_of_cost() -> None:
    far = replace(ANNA, id="bert", home=FAR)

    assert [fit.engineer for fit in ask(JOB, far, ANNA).fits] == ["anna", "bert"]


def test_goes_between_two_stops_when_it_fits_to_the_second() -> None:
    leg = ROAD.seconds(NEAR, NEAR)
    stops = (
        Stop(start=8 * H, end=10 * H, place=NEAR),
        Stop(start=11 * H + leg, end=17 * H, place=NEAR),
    )

    assert best_of(JOB, replace(ANNA, stops=stops)).start == 10 * H
    tight = (stops[0], replace(stops[1], start=11 * H - 1))
    assert rule(JOB, replace(ANNA, stops=tight)) == "window"


def test_names_the_first_rule_that_fails() -> None:
    lacking = replace(ANNA, skills=frozenset())
    assert rule(replace(JOB, certificates=frozenset({"C"})), lacking) == "skill"
    assert rule(replace(JOB, certificates=frozenset({"C"})), ANNA) == "certificate"
    assert rule(replace(JOB, parts={"P": 2}), replace(ANNA, parts={"P": 1})) == "part"
    assert rule(JOB, replace(ANNA, start=13 * H)) == "shift"
    assert rule(JOB, replace(ANNA, range_km=1)) == "range"
    lunch = Break(earliest=10 * H, latest=10.5 * H, length=0.5 * H)
    short = replace(ANNA, start=9.9 * H, end=11.8 * H, breaks=(lunch,))
    assert rule(JOB, short) == "break"


def test_says_how_much_later_it_would_fit() -> None:
    busy = replace(ANNA, stops=(Stop(start=8 * H, end=13 * H, place=NEAR),))

    (miss,) = ask(JOB, busy).misses
    assert (miss.rule, miss.later) == ("window", H)


def test_fetches_parts_at_the_station_that_costs_least() -> None:
    near = Station(id="near", place=HOME, parts={"P": 1})
    far = Station(id="far", place=FAR, parts={"P": 9})
    best = best_of(replace(JOB, parts={"P": 1}), ANNA, stations=(far, near))

    assert best.station == "near"
    assert rule(replace(JOB, parts={"P": 10}), ANNA, near, far) == "part"


def test_nobody_drives_before_the_release() -> None:
    leg = ROAD.seconds(HOME, NEAR)
    best = best_of(replace(JOB, release=10 * H), ANNA)

    assert best.start == 10 * H + leg


def test_keeps_generalists_for_what_only_they_can_do() -> None:
    general = replace(ANNA, id="abel", skills=frozenset({"HV", "TYRE"}))
    found = match(
        job=JOB, engineers=[general, ANNA], travel=ROAD, scarcity={"TYRE": 0.1, "HV": 0.2}
    )

    assert [fit.engineer for fit in found.fits] == ["anna", "abel"]
    assert found.fits[1].scarce == pytest.approx(360)


def test_pairs_begin_together_or_not_at_all() -> None:
    bert = replace(ANNA, id="bert", stops=(Stop(start=8 * H, end=10.6 * H, place=NEAR),))
    two = pair(job=JOB, engineers=[ANNA, bert], travel=ROAD)

    assert two is not None
    assert {fit.engineer for fit in two} == {"anna", "bert"}
    assert two[0].start == two[1].start == 10.75 * H
    assert pair(job=JOB, engineers=[ANNA], travel=ROAD) is None
