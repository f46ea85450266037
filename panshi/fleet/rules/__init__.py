"""Arithmetic of the fleet."""

from panshi.fleet.rules.identity import (
    PLATE_FORMS,
    VIN_FORM,
    VinFault,
    fold,
    plate_class_of,
    plate_fits,
    vin_check_digit,
    vin_fault,
)

__all__ = [
    "PLATE_FORMS",
    "VIN_FORM",
    "VinFault",
    "fold",
    "plate_class_of",
    "plate_fits",
    "vin_check_digit",
    "vin_fault",
]
