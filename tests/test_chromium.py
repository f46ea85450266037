"""A Chromium that does not answer holds nothing up."""

import pytest

from tests import chromium as guarded
from tests.chromium import Chromium

pytestmark = [pytest.mark.browser, pytest.mark.plain]


def test_a_window_that_does_not_close_is_killed_and_the_next_one_opens(
    chromium: Chromium, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guarded, "CLOSING_S", 1.0)
    stuck = chromium.new_context()
    page = stuck.new_page()
    monkeypatch.setattr(stuck, "close", lambda: page.wait_for_timeout(600_000))

    with pytest.warns(UserWarning, match="started anew"):
        chromium.close_context(stuck)

    again = chromium.new_context()
    again.new_page().goto("about:blank")
    chromium.close_context(again)
