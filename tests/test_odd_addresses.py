"""Every page stands what somebody types into its address: days at the ends of the calendar, words
for numbers, letters that no list holds."""

import re
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

import pytest

from panshi.org.tests import make
from tests.test_strangers import ROUTES, SIGN_IN, user_of
from tests.windows import Window

ROOMS: Final = Path(__file__).resolve().parents[1] / "panshi"
ODD: Final = ("0001-01-01", "0001-01", "9999-12-31", "9999-12", "1900-01-01", "-1", "NaN", "9" * 40)
WORDS: Final = ("车🚚\u202e<b>", "a\x00b", "'; --", "x" * 3000)
# What the pages read of their address, and the two ends of each filter of days.
_ASKED: Final = re.compile(r"GET(?:\.get\(|\[)\"(\w+)|ask\.(?:text|day|uuid)\(\"(\w+)")
_DAYS: Final = re.compile(r"Filter\(\s*key=\"(\w+)\"[^)]*kind=\"days\"")


def _keys() -> set[str]:
    keys = {"sort", "after", "page", "columns"}
    for file in ROOMS.glob("*/**/*.py"):
        text = file.read_text(encoding="utf-8")
        keys |= {one or other for one, other in _ASKED.findall(text)}
        for name in _DAYS.findall(text):
            keys |= {f"{name}_from", f"{name}_to"}
    return keys - {"language", "next"}


@pytest.mark.slow
@pytest.mark.parametrize("odd", [*ODD, *WORDS])
def test_every_page_stands_odd_words_in_its_address(odd: str) -> None:
    query = urlencode(dict.fromkeys(sorted(_keys()), odd))
    window = Window(user_of(make.operator(), "ADMINISTRATOR"))
    window.raise_request_exception = False
    broken = [
        (route.path, answer.status_code)
        for route in ROUTES
        if not route.kinds and not route.path.startswith(("live", SIGN_IN))
        if (answer := window.get(f"/{route.path}?{query}")).status_code >= 500
    ]
    assert broken == []
