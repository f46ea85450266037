"""One flat, typed record per reading: what live state and history are made of.

Numbers stay integers in the unit of their name (tenths, millivolts, millionths of a degree); None
stands where a frame has no such field or sent a marker. The properties give plain units.
"""

from collections.abc import Sequence
from typing import NamedTuple

GB32960 = "GB32960"
JTT808 = "JTT808"
CODES = {GB32960: 1, JTT808: 2}
"""How the segment log names the protocols."""

LOGIN, LOGOUT, HEARTBEAT, TIME_SYNC = "LOGIN", "LOGOUT", "HEARTBEAT", "TIME_SYNC"
REALTIME, REISSUE = "REALTIME", "REISSUE"
PLATFORM_LOGIN, PLATFORM_LOGOUT = "PLATFORM_LOGIN", "PLATFORM_LOGOUT"
REGISTER, AUTHENTICATE = "REGISTER", "AUTHENTICATE"
LOCATION_ANSWER, CONTROL_ANSWER = "LOCATION_ANSWER", "CONTROL_ANSWER"
ANSWER, FRAGMENT, OTHER = "ANSWER", "FRAGMENT", "OTHER"


class Motor(NamedTuple):
    """A drive motor. Torque in 0.1 N·m, voltage in 0.1 V, current in 0.1 A."""

    number: int
    state: int | None
    controller_temp_c: int | None
    speed_rpm: int | None
    torque_tenths: int | None
    temp_c: int | None
    voltage_tenths: int | None = None
    current_tenths: int | None = None


class Pack(NamedTuple):
    """Cell voltages in mV. `start` is the 1-based number of the first one; when `total` is above
    their count, the other cells come in further frames (2016)."""

    number: int
    voltage_tenths: int | None
    current_tenths: int | None
    total: int
    start: int
    cells: Sequence[int | None]


class Probes(NamedTuple):
    """Probe temperatures of one pack in °C."""

    pack: int
    temps: Sequence[int | None]


class Reading(NamedTuple):
    """What one moment of one terminal says.

    `identity` is the VIN in upper case, or the phone without leading zeros; `sent_identity` is as
    sent. `time` is the device's clock in seconds since 1970 UTC, None when it is no date. `crc` is
    the crc32 of the data unit without command, serial and signature, so that a re-issued copy has
    its original's. `checked` is False when a tolerant read let a wrong check byte or length pass,
    `unparsed` counts bytes no table covers, `undecoded` marks an encrypted unit.
    """

    protocol: str
    edition: int
    kind: str
    code: int
    identity: str
    sent_identity: str
    time: int | None = None
    crc: int = 0
    is_answer: bool = False
    checked: bool = True
    undecoded: bool = False
    unparsed: int = 0
    serial: int | None = None
    iccid: str | None = None
    # motion
    speed_tenths: int | None = None
    odometer_tenths: int | None = None
    lon_e6: int | None = None
    lat_e6: int | None = None
    fix_valid: bool | None = None
    datum: int | None = None
    altitude_m: int | None = None
    direction_deg: int | None = None
    acc_on: bool | None = None
    gear: int | None = None
    satellites: int | None = None
    signal: int | None = None
    # energy
    vehicle_state: int | None = None
    charge_state: int | None = None
    run_mode: int | None = None
    voltage_tenths: int | None = None
    current_tenths: int | None = None
    soc_pct: int | None = None
    dcdc_state: int | None = None
    insulation_kohm: int | None = None
    accelerator_pct: int | None = None
    brake_pct: int | None = None
    motors: Sequence[Motor] = ()
    # health
    max_cell_mv: int | None = None
    max_cell_pack: int | None = None
    max_cell_number: int | None = None
    min_cell_mv: int | None = None
    min_cell_pack: int | None = None
    min_cell_number: int | None = None
    max_temp_c: int | None = None
    max_temp_pack: int | None = None
    max_temp_probe: int | None = None
    min_temp_c: int | None = None
    min_temp_pack: int | None = None
    min_temp_probe: int | None = None
    alarm_level: int | None = None
    alarm_bits: int | None = None
    alarm_bit_levels: Sequence[tuple[int, int]] = ()
    battery_faults: Sequence[int] = ()
    motor_faults: Sequence[int] = ()
    engine_faults: Sequence[int] = ()
    other_faults: Sequence[int] = ()
    packs: Sequence[Pack] = ()
    probes: Sequence[Probes] = ()
    status_bits: int | None = None
    extras: Sequence[tuple[int, bytes]] = ()

    @property
    def speed_kmh(self) -> float | None:
        return None if self.speed_tenths is None else self.speed_tenths / 10

    @property
    def odometer_km(self) -> float | None:
        return None if self.odometer_tenths is None else self.odometer_tenths / 10

    @property
    def voltage_v(self) -> float | None:
        return None if self.voltage_tenths is None else self.voltage_tenths / 10

    @property
    def current_a(self) -> float | None:
        """Positive while discharging."""
        return None if self.current_tenths is None else self.current_tenths / 10

    @property
    def lon(self) -> float | None:
        return None if self.lon_e6 is None else self.lon_e6 / 1e6

    @property
    def lat(self) -> float | None:
        return None if self.lat_e6 is None else self.lat_e6 / 1e6

    @property
    def cells_mv(self) -> list[int | None]:
        """The cell voltages of all packs in this frame, in wire order, in mV."""
        return [cell for pack in self.packs for cell in pack.cells]

    @property
    def temps_c(self) -> list[int | None]:
        """The probe temperatures of all packs, in wire order."""
        return [temp for pack in self.probes for temp in pack.temps]

    @property
    def vendor_faults(self) -> list[int]:
        """All vendor codes, whichever system they belong to."""
        lists = (self.battery_faults, self.motor_faults, self.engine_faults, self.other_faults)
        return [code for codes in lists for code in codes]
