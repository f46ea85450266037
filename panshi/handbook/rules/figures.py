"""Pictures that a question has judged: drawn by us, each from its name. None says what is right."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from math import cos, pi, sin
from typing import Final

WIDTH, HEIGHT = 320, 180
_PAINT, _METAL, _EDGE, _DARK, _RED = "#d9e2e7", "#8b98a0", "#5f6c74", "#22303a", "#b3261e"


def _sheet(*parts: str) -> str:
    return (
        f'<svg class="figure" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
        f' aria-hidden="true"><rect width="{WIDTH}" height="{HEIGHT}" rx="6" fill="#eef2f4"/>'
        f"{''.join(parts)}</svg>"
    )


def _line(x1: float, y1: float, x2: float, y2: float, colour: str = _DARK, width: float = 2) -> str:
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"'
        f' stroke-width="{width}" stroke-linecap="round"/>'
    )


def _words(x: float, y: float, said: str, size: int = 12) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="middle"'
        f' fill="{_DARK}">{said}</text>'
    )


def _ruler(y: float, centimetres: int = 12) -> Iterator[str]:
    """A scale of 20 units a centimetre, held against what is seen."""
    yield f'<rect x="30" y="{y}" width="260" height="26" fill="#fff7d6" stroke="{_EDGE}"/>'
    for tick in range(centimetres + 1):
        yield _line(40 + tick * 20, y, 40 + tick * 20, y + (12 if tick % 5 == 0 else 7), width=1)
        if tick % 5 == 0:
            yield _words(40 + tick * 20, y + 23, str(tick), 9)
    yield _words(278, y + 23, "cm", 9)


def _panel() -> str:
    return f'<rect x="16" y="14" width="288" height="112" rx="4" fill="{_PAINT}" stroke="{_EDGE}"/>'


def hairline() -> str:
    """A fine line in the clear coat, three centimetres long; the colour is whole beneath it."""
    return _sheet(_panel(), _line(120, 70, 178, 62, "#b9c6cd", 1.4), *_ruler(136))


def gouge() -> str:
    """A scratch through the colour: primer and bare metal lie open for nine centimetres."""
    return _sheet(
        _panel(),
        _line(80, 84, 258, 60, _EDGE, 11),
        _line(84, 83, 254, 61, "#c46a3d", 7),
        _line(110, 80, 220, 65, "#f3f4f4", 3),
        *_ruler(136),
    )


def dent() -> str:
    """A hollow of five centimetres, its rim cracked down to the primer."""
    return _sheet(
        _panel(),
        f'<ellipse cx="150" cy="70" rx="52" ry="30" fill="#b7c3ca" stroke="{_EDGE}"/>',
        '<ellipse cx="156" cy="75" rx="34" ry="18" fill="#9fadb5"/>',
        _line(104, 60, 118, 52, "#c46a3d", 4),
        _line(182, 92, 196, 82, "#c46a3d", 4),
        *_ruler(136),
    )


def seal(*, whole: bool) -> str:
    """A numbered seal on the cover of a connector; `whole`, or its wire parted."""
    wire = (
        "M110 92 C110 40 210 40 210 92"
        if whole
        else "M110 92 C110 58 132 48 146 45 M174 56 C196 60 210 70 210 92"
    )
    ends = "" if whole else _line(146, 45, 152, 36, _METAL, 3) + _line(174, 56, 170, 66, _METAL, 3)
    return _sheet(
        '<rect x="60" y="84" width="200" height="70" rx="8" fill="#e97d1f"/>',
        f'<circle cx="110" cy="98" r="7" fill="{_DARK}"/><circle cx="210" cy="98" r="7"'
        f' fill="{_DARK}"/>',
        f'<path d="{wire}" fill="none" stroke="{_METAL}" stroke-width="3"/>',
        ends,
        f'<rect x="138" y="104" width="44" height="26" rx="3" fill="#f6f7f7" stroke="{_EDGE}"/>',
        _words(160, 122, "40517", 11),
    )


def dial(*, value: float, top: float, unit: str, steps: int) -> str:
    """A meter with a needle at `value` on a scale from 0 to `top`."""

    def at(share: float, radius: float) -> tuple[float, float]:
        angle = pi * (1 - share)
        return 160 + radius * cos(angle), 150 - radius * sin(angle)

    marks = []
    for step in range(steps + 1):
        share = step / steps
        marks.append(_line(*at(share, 108), *at(share, 120), width=2))
        x, y = at(share, 93)
        marks.append(_words(x, y + 4, f"{top * share:g}"))
    face = f'<path d="M32 150 A128 128 0 0 1 288 150 Z" fill="#fff" stroke="{_EDGE}"/>'
    needle = _line(160, 150, *at(value / top, 80), _RED, 3)
    return _sheet(face, *marks, needle, f'<circle cx="160" cy="150" r="7" fill="{_DARK}"/>',
                  _words(160, 112, unit, 13))  # fmt: skip


def tread(*, depth: float) -> str:
    """A depth gauge in the groove of a tyre, of `depth` mm."""
    bottom = 84 + depth * 9
    blocks = "".join(
        f'<rect x="{x}" y="84" width="62" height="76" fill="{_DARK}"/>' for x in (20, 102, 184, 246)
    )
    scale = "".join(
        _line(172 if mm % 5 else 168, 62 - mm * 4.5, 182, 62 - mm * 4.5, width=1)
        + (_words(192, 66 - mm * 4.5, str(mm), 9) if mm % 5 == 0 else "")
        for mm in range(11)
    )
    return _sheet(
        f'<rect x="0" y="{bottom:.0f}" width="320" height="{HEIGHT - bottom:.0f}" fill="#2d3b45"/>',
        blocks,
        '<rect x="140" y="72" width="66" height="12" fill="#c7a94a"/>',
        f'<rect x="164" y="10" width="36" height="62" fill="#fff7d6" stroke="{_EDGE}"/>',
        scale,
        _line(173, 84, 173, bottom, _METAL, 4),
        _line(164, 62 - depth * 4.5, 200, 62 - depth * 4.5, _RED, 2),
        _words(192, 82, "mm", 9),
    )


FIGURES: Final[Mapping[str, Callable[[], str]]] = {
    "door-1": hairline,
    "door-2": gouge,
    "door-3": dent,
    "seal-1": partial(seal, whole=True),
    "seal-2": partial(seal, whole=False),
    "insulation-1": partial(dial, value=85, top=500, unit="kΩ", steps=5),
    "insulation-2": partial(dial, value=430, top=500, unit="kΩ", steps=5),
    "volts-1": partial(dial, value=0, top=500, unit="V", steps=5),
    "volts-2": partial(dial, value=95, top=500, unit="V", steps=5),
    "tread-1": partial(tread, depth=1.2),
    "tread-2": partial(tread, depth=6),
}


def drawn(name: str) -> str:
    """The picture of this name as SVG; empty for none."""
    draw = FIGURES.get(name)
    return draw() if draw else ""
