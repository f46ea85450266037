"""Copies of pictures: drawn anew, so that nothing but what is seen goes with them."""

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import typst

Box = tuple[float, float, float, float]

WIDTH: Final = 1200
_FORMATS: Final = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp"}
_SHEET: Final = """
#set page(width: auto, height: auto, margin: 0pt)
#let given = json(bytes(sys.inputs.data))
#let seen = image("picture", format: given.format, width: given.width * 1pt)
#context {
  let size = measure(seen)
  seen
  for (x, y, w, h) in given.boxes {
    place(top + left, dx: x * size.width, dy: y * size.height,
      rect(width: w * size.width, height: h * size.height, fill: black))
  }
}
"""


class NoPicture(ValueError):
    """The bytes are no picture that can be drawn anew."""


def covered(content: bytes, media_type: str, boxes: Sequence[Box]) -> bytes:
    """A PNG copy, 1200 px wide, on which black stands for good where the boxes lie.

    A box is left, top, width and height as shares of the picture, 0 to 1, as it is seen: a turn
    noted in the file counts. No metadata of the file goes with the copy. Raises NoPicture.
    """
    kind = _FORMATS.get(media_type)
    if kind is None:
        raise NoPicture(media_type)
    with tempfile.TemporaryDirectory(prefix="panshi-picture-") as folder:
        place = Path(folder)
        (place / "picture").write_bytes(content)
        (place / "sheet.typ").write_text(_SHEET, "utf-8")
        given = {"format": kind, "width": WIDTH, "boxes": [list(box) for box in boxes]}
        try:
            made = typst.compile(
                place / "sheet.typ",
                root=place,
                ignore_system_fonts=True,
                format="png",
                ppi=72,
                sys_inputs={"data": json.dumps(given)},
            )
        except typst.TypstError as error:
            raise NoPicture(str(error)) from error
    return made
