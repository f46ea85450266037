"""The Chinese font of documents and screenshots: Noto Sans SC, regular and bold."""

from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent / "vendor" / "noto-sans-sc-0.4.3"
FAMILY: Final = "Noto Sans SC"


class FontMissing(Exception):
    """The font files are not in place; `python tools/vendor_assets.py` fetches them."""


def folder() -> Path:
    """The folder of the two TTF files, for typst's font path. Raises FontMissing."""
    if len(list(FOLDER.glob("*.ttf"))) < 2:
        raise FontMissing(f"No font in {FOLDER}: run python tools/vendor_assets.py")
    return FOLDER
