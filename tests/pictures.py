"""Pictures of pages for people to look at: taken on request, as drawing them takes a while.

`make pictures` takes all of them, into `artifacts/screens/`.
"""

import os
from pathlib import Path
from typing import Final

from playwright.sync_api import Page

WANTED: Final = bool(os.environ.get("PANSHI_PICTURES"))
_FOLDER: Final = Path(__file__).resolve().parents[1] / "artifacts/screens"


def take(page: Page, name: str, *, whole: bool = True) -> None:
    """Draw a page into `artifacts/screens/NAME.png`, `whole` or as much as the window shows."""
    if WANTED:
        path = _FOLDER / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=path, full_page=whole)
