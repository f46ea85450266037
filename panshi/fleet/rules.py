"""Arithmetic of the fleet: VIN check digit, plate forms, when papers lapse and who is reminded."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

_VIN_VALUES: Final[Mapping[str, int]] = {
    **{str(digit): digit for digit in range(10)},
    **dict(zip("ABCDEFGH", range(1, 9), strict=True)),
    **dict(zip("JKLMN", range(1, 6), strict=True)),
    "P": 7,
    "R": 9,
    **dict(zip("STUVWXYZ", range(2, 10), strict=True)),
}
_VIN_WEIGHTS: Final = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
VIN_FORM: Final = "^[A-HJ-NPR-Z0-9]{8}[0-9X][A-HJ-NPR-Z0-9]{8}$"

_PROVINCES: Final = "京津冀晋蒙辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川贵云藏陕甘青宁新"
_SERIAL: Final = "A-HJ-NP-Z0-9"
PLATE_FORMS: Final[Mapping[str, str]] = {
    "GREEN_SMALL": f"^[{_PROVINCES}][A-HJ-NP-Z][A-HJK][{_SERIAL}][0-9]{{4}}$",
    "GREEN_LARGE": f"^[{_PROVINCES}][A-HJ-NP-Z][0-9]{{5}}[A-HJK]$",
    "BLUE": f"^[{_PROVINCES}][A-HJ-NP-Z][{_SERIAL}]{{5}}$",
    "YELLOW": f"^[{_PROVINCES}][A-HJ-NP-Z][{_SERIAL}]{{5}}$",
}


@dataclass(frozen=True, slots=True)
class VinFault:
    """Why a VIN is wrong: LENGTH (`found` is the count), CHARACTER at a place, or CHECK_DIGIT."""

    code: str
    found: str
    place: int = 0
    expected: str = ""


def fold(text: str) -> str:
    """Upper case without spaces, dots and hyphens, full-width letters and digits made plain."""
    plain = "".join(chr(ord(c) - 0xFEE0) if 0xFF01 <= ord(c) <= 0xFF5E else c for c in text)
    return re.sub(r"[\s·•.\-]", "", plain).upper()


def vin_check_digit(vin: str) -> str:
    """The character that belongs at place 9 of a VIN of 17 permitted characters (GB 16735)."""
    total = sum(_VIN_VALUES[c] * w for c, w in zip(vin, _VIN_WEIGHTS, strict=True))
    return "X" if total % 11 == 10 else str(total % 11)


def vin_fault(vin: str) -> VinFault | None:
    """The first thing wrong with a folded VIN, or None."""
    if len(vin) != 17:
        return VinFault("LENGTH", str(len(vin)))
    for place, character in enumerate(vin, start=1):
        if character not in _VIN_VALUES:
            return VinFault("CHARACTER", character, place)
    expected = vin_check_digit(vin)
    if vin[8] != expected:
        return VinFault("CHECK_DIGIT", vin[8], 9, expected)
    return None


def plate_class_of(plate: str) -> str:
    """The class that a folded plate's form belongs to, or "" when it is no plate."""
    for plate_class in ("GREEN_SMALL", "GREEN_LARGE", "BLUE"):
        if re.match(PLATE_FORMS[plate_class], plate):
            return plate_class
    return ""


def plate_fits(plate: str, plate_class: str) -> bool:
    """Whether a folded plate has the form of its class; an unknown class fits nothing."""
    form = PLATE_FORMS.get(plate_class)
    return form is not None and re.match(form, plate) is not None


@dataclass(frozen=True, slots=True)
class PaperRule:
    """When a kind of paper is reminded of (days before it lapses, widest first) and what it stops.

    `blocks`: a vehicle whose paper lapsed is not delivered; `needed`: nor one that never had it.
    """

    rungs: tuple[int, ...]
    blocks: bool
    needed: bool = False


PAPER_RULES: Final[Mapping[str, PaperRule]] = {
    "INSPECTION": PaperRule((60, 30, 15, 7, 3, 1, 0), blocks=True),
    "COMPULSORY_INSURANCE": PaperRule((45, 30, 15, 7, 3, 1, 0), blocks=True, needed=True),
    "COMMERCIAL_INSURANCE": PaperRule((45, 30, 15, 7, 3, 1, 0), blocks=True),
    "ROAD_PERMIT": PaperRule((30, 15, 7, 3, 0), blocks=True),
    "VEHICLE_LICENCE": PaperRule((30, 15, 7, 3, 0), blocks=True),
    "BATTERY_WARRANTY": PaperRule((60, 30, 7), blocks=False),
}


def rung_of(kind: str, *, expires_on: date, today: date) -> int | None:
    """The rung reached today: the least number of days at or above what is left, or None before.

    A lapsed paper stays at its last rung.
    """
    left = (expires_on - today).days
    reached = [rung for rung in PAPER_RULES[kind].rungs if left <= rung]
    return min(reached) if reached else None


def hindrances(papers: Mapping[str, date], today: date) -> tuple[str, ...]:
    """The kinds of paper that forbid delivery today; `papers` gives the last valid days."""
    return tuple(
        kind
        for kind, rule in PAPER_RULES.items()
        if (kind in papers and rule.blocks and papers[kind] < today)
        or (rule.needed and kind not in papers)
    )
