"""Verbs of supply, one file per noun."""

from panshi.supply.services.opening import (
    PARTS,
    commit_part_import,
    stage_part_import,
    undo_part_import,
)
from panshi.supply.services.places import (
    NewItem,
    NotAVan,
    PlaceMissing,
    VanTaken,
    hand_over_van,
    load_items,
    open_location,
)
from panshi.supply.services.stock import (
    AlreadyRecorded,
    InsufficientStock,
    OutOfStock,
    UnknownItem,
    confirm_reservation,
    consume_parts,
    issue_kit,
    move_stock,
    receive_stock,
    release_parts,
    reserve_parts,
)

__all__ = [
    "PARTS",
    "AlreadyRecorded",
    "InsufficientStock",
    "NewItem",
    "NotAVan",
    "OutOfStock",
    "PlaceMissing",
    "UnknownItem",
    "VanTaken",
    "commit_part_import",
    "confirm_reservation",
    "consume_parts",
    "hand_over_van",
    "issue_kit",
    "load_items",
    "move_stock",
    "open_location",
    "receive_stock",
    "release_parts",
    "reserve_parts",
    "stage_part_import",
    "undo_part_import",
]
