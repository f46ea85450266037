"""Pictures of the patterns in both modes, sizes and languages, with what a machine can judge.

`make pictures` keeps them in `artifacts/screens/console/`, where a person looks at them.
"""

from itertools import product

import pytest
from playwright.sync_api import Page

from tests import pictures
from tests.site import Opener

pytestmark = [pytest.mark.browser, pytest.mark.plain, pytest.mark.needs_database]
PAGES = {
    "home": "/",
    "list": "/try/list/",
    "list-empty": "/staff/?text=zzz",
    "record": "/try/record/",
    "form": "/staff/new/",
    "audit": "/audit/",
    "chart": "/try/",
    "not-found": "/nowhere/",
}
SIZES = {"desk": (1440, 900), "phone": (390, 844)}


def judge(page: Page) -> None:
    """One heading, nothing wider than the window, no text cut inside a button."""
    assert page.locator("h1").count() == 1
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    cut = page.evaluate(
        """() => [...document.querySelectorAll(".btn, .side-link span, .tile-value")]
        .filter((e) => e.offsetParent && !e.closest(".top-node"))
        .filter((e) => e.scrollWidth > e.clientWidth + 1)
        .map((e) => e.textContent.trim())"""
    )
    assert cut == []


# Each two of size, mode and language meet in the first four.
PAIRS = {
    ("desk", "light", "zh-hans"), ("desk", "dark", "en"),
    ("phone", "light", "en"), ("phone", "dark", "zh-hans"),
}  # fmt: skip
FRAMES = [
    pytest.param(*frame, marks=[] if frame in PAIRS else [pytest.mark.deep])
    for frame in product(SIZES, ("light", "dark"), ("zh-hans", "en"))
]


@pytest.mark.parametrize(("size", "theme", "language"), FRAMES)
def test_every_pattern_stands_in_its_frame(
    opened: Opener, size: str, theme: str, language: str
) -> None:
    width, height = SIZES[size]
    page = opened("chen", "/", width=width, height=height, theme=theme, language=language)
    for name, path in PAGES.items():
        page.goto(path)
        if name == "chart":
            page.locator("[data-drawn]").wait_for()
        judge(page)
        pictures.take(page, f"console/{name}-{size}-{theme}-{language}", whole=False)
