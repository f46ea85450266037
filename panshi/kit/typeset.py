"""Documents as PDF, set by typst in our own Chinese font; the same data gives the same bytes."""

import json
from collections.abc import Mapping
from pathlib import Path

import typst

from panshi.kit import fonts


def pdf(sheet: Path, data: Mapping[str, object]) -> bytes:
    """Set a sheet, which reads `json(bytes(sys.inputs.data))`: nothing in it is read as markup.

    Fonts of the machine are never used. Raises fonts.FontMissing when ours is not in place.
    """
    return typst.compile(
        sheet,
        font_paths=[fonts.folder()],
        ignore_system_fonts=True,
        format="pdf",
        sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
    )
