"""Nouns of the fleet."""

from panshi.fleet.models.inspections import Inspection, InspectionKind
from panshi.fleet.models.papers import (
    Anchor,
    ComplianceRule,
    Document,
    DocumentKind,
    DocumentView,
    DueItem,
    DueKind,
    DueNotice,
    DueState,
    Level,
    NoticeChannel,
)
from panshi.fleet.models.vehicles import (
    ENTRY_STATES,
    VEHICLE_LIFE,
    PlateClass,
    PlateHolding,
    Vehicle,
    VehicleClass,
    VehicleEvent,
    VehicleModel,
    VehicleState,
    VehicleUse,
)

__all__ = [
    "ENTRY_STATES",
    "VEHICLE_LIFE",
    "Anchor",
    "ComplianceRule",
    "Document",
    "DocumentKind",
    "DocumentView",
    "DueItem",
    "DueKind",
    "DueNotice",
    "DueState",
    "Inspection",
    "InspectionKind",
    "Level",
    "NoticeChannel",
    "PlateClass",
    "PlateHolding",
    "Vehicle",
    "VehicleClass",
    "VehicleEvent",
    "VehicleModel",
    "VehicleState",
    "VehicleUse",
]
