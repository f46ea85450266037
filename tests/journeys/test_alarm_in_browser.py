"""An insulation alarm, from the terminal's frame to a figure of the cockpit, in browser windows.

Everything runs: gateway, ingest, worker and pages. Everything a person does is pressed in a page.
Staff sit at desks in one telling and have phones in the other; engineers and customers always have
phones. Each telling takes half a minute and more, so there are two, Chinese at desks and English on
phones; after each, every page of the story is read again in the other language, for its words and
its width.
"""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from panshi.kit.clock import local_day
from tests import company, environment
from tests.clock import Clock, crowd
from tests.journeys import alarm_story as tell
from tests.journeys.alarm_story import LIVE_S, Story
from tests.site import PATIENCE_S, Opener, Site, running

pytestmark = [pytest.mark.browser, pytest.mark.plain, pytest.mark.needs_database]
CASES = [("desk", "zh-hans"), ("phone", "en")]
OTHER = {"zh-hans": "en", "en": "zh-hans"}
MORNING = "10:05"
_found: list[company.Company] = []
_OURS: Final = """
FROM kit_delivery d JOIN kit_outbox o ON o.id = d.outbox_id
WHERE o.fact_id = %s AND d.handler = 'handbook.handlers.follow'
"""
# As if the relay had not known that it told it already.
TOLD_AGAIN: Final = f"""
INSERT INTO kit_delivery (outbox_id, org_id, handler, attempts, error, not_before)
SELECT d.outbox_id, d.org_id, d.handler, 0, '', d.not_before
FROM generate_series(1, 9) AS n, LATERAL (SELECT d.* {_OURS}) d RETURNING id
"""
TOLD: Final = f"SELECT count(*) {_OURS} AND d.done_at IS NOT NULL"
WAITING: Final = f"SELECT count(*) {_OURS} AND d.done_at IS NULL"
BLOCKED: Final = """
SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
"""
RUNS: Final = "SELECT count(*) FROM handbook_run WHERE fact_id = %s"


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


def test_the_whole_business_stands_on_one_screen_and_one_sheet(site: Site, opened: Opener) -> None:
    for language in ("zh-hans", "en"):
        page = opened("ops", "/handbook/", language=language)
        assert page.locator("a.atlas-node").count() == 180
        assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")

    page.evaluate(
        """() => {
            window.walked = new Set();
            document.addEventListener("focusin", (e) => window.walked.add(e.target));
            document.querySelector("a.atlas-node").focus();
        }"""
    )
    for _tile in range(179):
        page.keyboard.press("Tab")
    assert (
        page.evaluate("[...window.walked].filter((e) => e.matches('a.atlas-node')).length") == 180
    )

    tile = page.locator("a.atlas-node[data-drawer]").first
    tile.press("Enter")
    expect(page.locator("#drawer table a").first).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#drawer")).to_be_hidden()
    expect(tile).to_be_focused()

    # What happens draws the tiles anew that it changes, under the keyboard, and no others.
    page.wait_for_selector("html[data-stream=open]")
    idle = page.locator("#tile-idle-upkeep")
    idle.focus()
    going = int(idle.locator("b").inner_text())
    page.evaluate("window.drawn = [...document.querySelectorAll('a.atlas-node')]")
    site.do(company.let_idle, _found[0].org_id, _found[0].vans[1].vehicle_id)
    expect(idle.locator("b")).to_have_text(str(going + 1), timeout=PATIENCE_S * 1000)
    expect(idle).to_be_focused()
    assert page.evaluate("window.drawn.filter((tile) => !tile.isConnected).length") == 1

    sheets = re.findall(rb"/Type\s*/Page\b", page.pdf(prefer_css_page_size=True))
    assert len(sheets) == 1


def test_a_fact_told_ten_times_makes_one_run_though_its_worker_is_killed(site: Site) -> None:
    with environment.connect("postgres", site.database) as held:
        held.autocommit = False
        held.execute("LOCK TABLE handbook_run IN SHARE MODE")
        fact_id = site.do(company.let_idle, _found[0].org_id, _found[0].vans[0].vehicle_id)
        site.ask(TOLD_AGAIN, fact_id)
        _until(lambda: bool(site.ask(BLOCKED)))  # The worker has the fact, and no run yet.
        site.processes["worker"].kill()
        site.processes["worker"].wait()
    assert site.ask(RUNS, fact_id) == [(0,)]

    site.words["second"] = site.words["worker"]
    for worker in ("worker", "second"):
        site.start(worker)
    _until(lambda: site.ask(WAITING, fact_id) == [(0,)])
    assert site.ask(RUNS, fact_id) == [(1,)]
    assert site.ask(TOLD, fact_id) == [(10,)]


def _until(true: Callable[[], bool]) -> None:
    """Wait for something that another process does."""
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)
