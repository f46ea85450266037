"""The document of what is promised names tests that exist."""

import re
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent
_NAMED: Final = re.compile(r"`(\w+)\.(\w+)`")


def _tests(folder: Path) -> set[str]:
    return {
        name
        for file in folder.rglob("test_*.py")
        for name in re.findall(r"^def test_(\w+)", file.read_text(), re.MULTILINE)
    }


def test_every_test_that_the_promises_name_exists() -> None:
    named = set(_NAMED.findall((ROOT / "docs" / "acceptance.md").read_text()))
    assert len(named) > 50
    there = {
        room: _tests(ROOT / "tests" if room == "tests" else ROOT / "panshi" / room)
        for room, _name in named
    }
    assert [f"{room}.{name}" for room, name in sorted(named) if name not in there[room]] == []
