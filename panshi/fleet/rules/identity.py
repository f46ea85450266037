"""Arithmetic of the fleet: VIN check digit, forms of plates."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
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
