"""Names of alarms and states as people read them."""

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from panshi.telematics.models import Slot

Label = str | Promise

GB_ALARMS: Final[Mapping[int, Label]] = {
    0: _("Temperature difference"),
    1: _("Battery too hot"),
    2: _("Pack voltage too high"),
    3: _("Pack voltage too low"),
    4: _("Charge low"),
    5: _("Cell voltage too high"),
    6: _("Cell voltage too low"),
    7: _("Charge too high"),
    8: _("Charge jumps"),
    9: _("Battery system does not match"),
    10: _("Cells drift apart"),
    11: _("Insulation"),
    12: _("DC/DC too hot"),
    13: _("Brake system"),
    14: _("DC/DC state"),
    15: _("Motor controller too hot"),
    16: _("High-voltage interlock"),
    17: _("Motor too hot"),
    18: _("Battery overcharged"),
    19: _("Motor too fast"),
    20: _("Motor current too high"),
    21: _("Supercapacitor too hot"),
    22: _("Supercapacitor voltage too high"),
    23: _("Thermal event of the battery"),
    24: _("Hydrogen leak"),
    25: _("Hydrogen pressure abnormal"),
}
"""General alarm flags of GB/T 32960."""

JT_ALARMS: Final[Mapping[int, Label]] = {
    0: _("Emergency button"),
    1: _("Too fast"),
    2: _("Driver tired"),
    3: _("Danger ahead"),
    4: _("Positioning module faulty"),
    5: _("Antenna cut off"),
    6: _("Antenna short-circuited"),
    7: _("Main power low"),
    8: _("Main power lost"),
    9: _("Display faulty"),
    10: _("Speech module faulty"),
    11: _("Camera faulty"),
    13: _("Close to the speed limit"),
    14: _("Driver is getting tired"),
    18: _("Driven too long today"),
    19: _("Parked too long"),
    20: _("Entered or left an area"),
    21: _("Entered or left a route"),
    23: _("Off the route"),
    26: _("Vehicle stolen"),
    27: _("Ignition without permission"),
    28: _("Moved without permission"),
    29: _("Collision"),
    30: _("About to roll over"),
}
"""Alarm flags of JT/T 808."""

STATES: Final[Mapping[str, Label]] = {
    "DRIVING": _("Driving"),
    "CHARGING": _("Charging"),
    "STANDING": _("Standing"),
    "OFFLINE": _("Offline"),
    "SILENT": _("Silent for a day"),
}
STATE_TONES: Final = {
    "DRIVING": "ok", "CHARGING": "info", "STANDING": "idle", "OFFLINE": "warn", "SILENT": "bad",
}  # fmt: skip


def alarm_name(*, source: str, bit: int) -> Label:
    """What an alarm bit means; a reserved one is named by its number."""
    names = GB_ALARMS if source == Slot.GB else JT_ALARMS
    return names.get(bit) or _("Alarm bit %(bit)s") % {"bit": bit}


def age(seconds: float) -> str:
    """An age in the largest unit that says enough."""
    if seconds < 120:
        return str(_("%(n)s s") % {"n": round(seconds)})
    if seconds < 7200:
        return str(_("%(n)s min") % {"n": round(seconds / 60)})
    if seconds < 172_800:
        return str(_("%(n)s h") % {"n": round(seconds / 3600)})
    return str(_("%(n)s days") % {"n": round(seconds / 86_400)})
