"""An insulation alarm, from the terminal's frame to a figure of the cockpit, in browser windows.

Everything runs: gateway, ingest, worker and pages. Everything a person does is pressed in a page.
Staff sit at desks in one telling and have phones in the other; engineers and customers always have
phones. Each telling takes half a minute and more, so there are two, Chinese at desks and English on
phones; after each, every page of the story is read again in the other language, for its words and
its width.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from django.utils import timezone

from panshi.kit.clock import local_day
from tests import company
from tests.clock import Clock, crowd
from tests.journeys import alarm_story as tell
from tests.journeys.alarm_story import LIVE_S, Story
from tests.site import Opener, Site, running

pytestmark = [pytest.mark.browser, pytest.mark.plain, pytest.mark.needs_database]
CASES = [("desk", "zh-hans"), ("phone", "en")]
OTHER = {"zh-hans": "en", "en": "zh-hans"}
MORNING = "10:05"
_found: list[company.Company] = []


@pytest.fixture(scope="module")
def clock(tmp_path_factory: pytest.TempPathFactory) -> Clock:
    """It is morning in the story: in the evening the visit would be tomorrow's."""
    made = Clock(tmp_path_factory.mktemp("clock") / "ahead")
    made.put(local_day(timezone.now()), MORNING)
    return made


@pytest.fixture(scope="module")
def site(static_files: Path, clock: Clock) -> Iterator[Site]:
    beside = ("worker", "gateway", "ingest")
    with running("alarm", static_files, beside=beside, settings=clock.settings) as site:
        _found[:] = [site.do(company.found, vans=len(CASES))]
        yield site


@pytest.mark.parametrize(("size", "language"), CASES)
def test_an_alarm_becomes_a_figure(
    site: Site, clock: Clock, opened: Opener, size: str, language: str
) -> None:
    van = _found[0].vans[CASES.index((size, language))]
    story = Story(site, clock, opened, van, size, language)

    cockpit = story.desk("boss", "/cockpit/?period=TODAY")
    cockpit.wait_for_selector("html[data-stream=open]")
    story.look(cockpit, "cockpit-before")
    run = tell.sees_the_finding(story, cockpit)
    tell.follows_the_handbook(story, run)
    order_path = tell.dispatches(story, tell.path_of(run))
    lead = tell.comes_to_the_vehicle(story)
    tell.repairs_without_network(story, lead, run)
    tell.finishes(story, lead)
    tell.closes_the_run(story, run)
    tell.releases(story, order_path, cockpit)
    phone = tell.pays(story, cockpit)
    tell.reviews(story, phone, order_path, cockpit)
    tell.reads_the_cockpit(story, cockpit)
    live = {name: story.seconds[name] for name in tell.LIVE_FIGURES}
    assert max(live.values()) < LIVE_S * crowd(), live

    again = replace(story, language=OTHER[language], pictures=0)
    tell.reads_again(again, tell.path_of(run), order_path)
