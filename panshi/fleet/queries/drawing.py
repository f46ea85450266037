"""How a vehicle is drawn: its views, the parts seen in each, their words and places."""

from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as lazy

from panshi.fleet.models import DamageKind
from panshi.fleet.rules.wear import REQUIRED_VIEWS, VIEWS

VIEW_WORDS: Final = {
    "FRONT": lazy("Front"),
    "REAR": lazy("Rear"),
    "LEFT": lazy("Left side"),
    "RIGHT": lazy("Right side"),
    "TOP": lazy("Roof"),
    "CARGO": lazy("Cargo space"),
    "CABIN": lazy("Cabin"),
    "KIT": lazy("Kit"),
}
PART_WORDS: Final = {
    "BUMPER_FRONT": lazy("Front bumper"), "BONNET": lazy("Bonnet"),
    "WINDSCREEN": lazy("Windscreen"), "LAMP_LEFT": lazy("Left headlamp"),
    "LAMP_RIGHT": lazy("Right headlamp"), "BUMPER_REAR": lazy("Rear bumper"),
    "DOOR_REAR_LEFT": lazy("Left rear door"), "DOOR_REAR_RIGHT": lazy("Right rear door"),
    "LAMP_REAR": lazy("Rear lamps"), "WING_LEFT": lazy("Left wing"),
    "DOOR_LEFT": lazy("Left door"), "SIDE_LEFT": lazy("Left side panel"),
    "TYRE_FRONT_LEFT": lazy("Left front tyre"), "TYRE_REAR_LEFT": lazy("Left rear tyre"),
    "WINDOW_LEFT": lazy("Left window"), "WING_RIGHT": lazy("Right wing"),
    "DOOR_RIGHT": lazy("Right door"), "SIDE_RIGHT": lazy("Right side panel"),
    "TYRE_FRONT_RIGHT": lazy("Right front tyre"), "TYRE_REAR_RIGHT": lazy("Right rear tyre"),
    "WINDOW_RIGHT": lazy("Right window"), "ROOF": lazy("Cabin roof"),
    "CARGO_ROOF": lazy("Cargo roof"), "CARGO_FLOOR": lazy("Cargo floor"),
    "CARGO_WALL_LEFT": lazy("Left cargo wall"), "CARGO_WALL_RIGHT": lazy("Right cargo wall"),
    "SEATS": lazy("Seats"), "DASHBOARD": lazy("Dashboard"), "CABLE": lazy("Charging cable"),
    "TRIANGLE": lazy("Warning triangle"), "KEY": lazy("Key"), "CARD": lazy("Vehicle card"),
}  # fmt: skip
# Where the parts lie on the drawn views, 0 to 100 across and 0 to 60 down.
PLACES: Final = {
    "BUMPER_FRONT": (50, 50), "BONNET": (50, 36), "WINDSCREEN": (50, 20), "LAMP_LEFT": (74, 40),
    "LAMP_RIGHT": (26, 40), "BUMPER_REAR": (50, 50), "DOOR_REAR_LEFT": (38, 26),
    "DOOR_REAR_RIGHT": (62, 26), "LAMP_REAR": (76, 42), "WING_LEFT": (16, 34),
    "DOOR_LEFT": (30, 32), "SIDE_LEFT": (66, 26), "TYRE_FRONT_LEFT": (22, 49),
    "TYRE_REAR_LEFT": (78, 49), "WINDOW_LEFT": (29, 19), "WING_RIGHT": (84, 34),
    "DOOR_RIGHT": (70, 32), "SIDE_RIGHT": (34, 26), "TYRE_FRONT_RIGHT": (78, 49),
    "TYRE_REAR_RIGHT": (22, 49), "WINDOW_RIGHT": (71, 19), "ROOF": (22, 30),
    "CARGO_ROOF": (64, 30), "CARGO_FLOOR": (50, 44), "CARGO_WALL_LEFT": (18, 26),
    "CARGO_WALL_RIGHT": (82, 26), "SEATS": (38, 34), "DASHBOARD": (62, 34), "CABLE": (20, 30),
    "TRIANGLE": (40, 30), "KEY": (60, 30), "CARD": (80, 30),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnPart:
    """A part and where it lies on the drawn view: `x` 0 to 100 across, `y` 0 to 60 down."""

    code: str
    words: str | Promise
    x: int
    y: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnView:
    """A view with its parts; one that is `required` must be photographed before signing."""

    code: str
    words: str | Promise
    required: bool
    parts: tuple[DrawnPart, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DamageWords:
    """A kind of damage; its size is told in `unit`, or not at all when that is empty."""

    code: str
    words: str | Promise
    unit: str


def unit_of(damage: str) -> str:
    """The unit of a damage's size: mm, % of the area, or none."""
    return {"CARGO_WEAR": "%", "MISSING_KIT": ""}.get(damage, "mm")


def drawn_views() -> tuple[DrawnView, ...]:
    """The views in the order of a walk round the vehicle."""
    return tuple(
        DrawnView(
            code=view,
            words=VIEW_WORDS[view],
            required=view in REQUIRED_VIEWS,
            parts=tuple(
                DrawnPart(code=part, words=PART_WORDS[part], x=PLACES[part][0], y=PLACES[part][1])
                for part in parts
            ),
        )
        for view, parts in VIEWS.items()
    )


def damage_kinds() -> tuple[DamageWords, ...]:
    """The kinds of damage that can be marked."""
    return tuple(
        DamageWords(code=kind.value, words=kind.label, unit=unit_of(kind.value))
        for kind in DamageKind
    )


def mark_words(*, part: str, damage: str) -> str:
    """A mark in words: the part and what is wrong with it."""
    return f"{PART_WORDS[part]}: {DamageKind(damage).label}"
