"""A step done on a phone whose clock is wrong counts by ours, and its run says so."""

from datetime import timedelta

import pytest
from django.urls import reverse

from panshi.handbook.models import RunStep
from panshi.handbook.tests.test_complete_step import LATER, collector, do, run_org
from panshi.org.tests.window import page, window

pytestmark = pytest.mark.usefixtures("in_force")

WORDS = "The clock of the device was 60 min off"


@pytest.mark.parametrize(("off_s", "kept"), [(-3600, -3600), (3600, 3600), (119, None)])
def test_the_run_page_says_so_and_the_step_is_not_in_doubt(off_s: int, kept: int | None) -> None:
    run, by = collector()
    done_at = LATER - timedelta(minutes=9)
    fact = do(run, "bill_right", by, "无误", device_at=done_at, clock_off_s=off_s)
    assert not fact.flagged
    step = RunStep.objects.get(run=run, step_id="bill_right")
    assert (step.device_at, step.was_offline, step.clock_off_s) == (done_at, True, kept)
    shown = page(window(run_org(run), "FINANCE").get(reverse("handbook-run", args=[run.id])))
    assert (WORDS in shown) == (kept is not None)
    assert "Done without a connection" in shown


def test_a_step_done_where_it_is_noted_says_nothing_of_clocks() -> None:
    run, by = collector()
    do(run, "bill_right", by, "无误")
    shown = page(window(run_org(run), "FINANCE").get(reverse("handbook-run", args=[run.id])))
    assert "clock of the device" not in shown
    assert "Done without a connection" not in shown
