"""A lease, from its quote to its overdue rent and back to order, in browser windows.

Pages and worker run, and everything a person does is pressed in a page. The site's clock is the
test's: a lease starts on one day, and by the next morning the worker itself has found the rent
overdue and started the handbook's reminder.

The whole story is told at a desk in Chinese and on a phone in English; afterwards its pages are
read, and nothing changed, in the other language of each. TELL_ALL=1 in the environment tells the
whole story in all four.
"""

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests import yard
from tests.clock import Clock
from tests.journeys import lease_story as tell
from tests.journeys.lease_story import Story
from tests.site import Opener, Site, running

pytestmark = [pytest.mark.browser, pytest.mark.plain, pytest.mark.needs_database]
FIRST_DAY = date(2027, 3, 18)
CASES = [("desk", "zh-hans"), ("phone", "en")]
OTHERS = [("desk", "en"), ("phone", "zh-hans")]
TOLD = [*CASES, *OTHERS] if os.environ.get("TELL_ALL") == "1" else CASES


@pytest.fixture(scope="module")
def clock(tmp_path_factory: pytest.TempPathFactory) -> Clock:
    made = Clock(tmp_path_factory.mktemp("clock") / "ahead")
    made.put(FIRST_DAY, "09:30")
    return made


@pytest.fixture(scope="module")
def site(static_files: Path, clock: Clock) -> Iterator[Site]:
    with running(
        "lease", static_files, arrange=yard.arrange, beside=("worker",), settings=clock.settings
    ) as site:
        yield site


@pytest.mark.parametrize(("size", "language"), TOLD)
def test_a_lease_is_drafted_paid_started_and_reminded_of(
    site: Site, clock: Clock, opened: Opener, size: str, language: str
) -> None:
    number = TOLD.index((size, language))
    story = Story(
        site=site,
        opened=opened,
        party=yard.PARTIES[number],
        starts_on=FIRST_DAY + timedelta(days=2 * number),
        rent_fen=286_000 + 15_550 * number,
        size=size,
        language=language,
    )
    clock.put(story.starts_on, "10:02")
    site.start("worker")

    sales = tell.drafts(story)
    tell.signs(story, sales)
    if number % 2:
        tell.records_the_deposit(story)
    else:
        tell.pays_the_deposit_on_line(story)
    ops = tell.hands_over(story, sales)
    tell.starts(story, ops)
    finance = tell.reads_the_bill(story)

    # After a night the worker's own schedule finds the rent overdue.
    clock.put(story.starts_on + timedelta(days=1), "10:02")
    site.start("worker")

    tell.is_reminded(story, finance, promises=number % 2 == 1)
    tell.pays_the_rent(story, finance, promises=number % 2 == 1)
    if (size, language) in CASES:
        tell.is_read_again(replace(story, language=dict(OTHERS)[size], pictures=0, again=True))
