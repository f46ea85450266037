"""Documents as PDF, set by typst in our own Chinese font; the same data gives the same bytes."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import typst

from panshi.kit import fonts

# Marks that turn the direction of reading: on paper a name could make a figure read backwards.
_TURNS: Final = dict.fromkeys((0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)))


def pdf(sheet: Path, data: Mapping[str, object]) -> bytes:
    """Set a sheet, which reads `json(bytes(sys.inputs.data))`: nothing in it is read as markup.

    Every sign of a text is printed as it is; marks that turn the direction of reading are left out.
    Fonts of the machine are never used. Raises fonts.FontMissing when ours is not in place.
    """
    return typst.compile(
        sheet,
        font_paths=[fonts.folder()],
        ignore_system_fonts=True,
        format="pdf",
        sys_inputs={"data": json.dumps(data, ensure_ascii=False).translate(_TURNS)},
    )
