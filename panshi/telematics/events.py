"""What connected vehicles made true. Plural facts carry one row per vehicle, one fact per org."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from panshi.kit.facts import Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmRow:
    """An alarm as the vehicle sent it, with the reading it came in.

    `source` is GB or JT, `bit` the general alarm flag (GB/T 32960 §6.7) or None for a vendor code,
    `level` the vehicle's own 0..4. Units: kΩ, V, A, %, °C, degrees WGS-84.
    """

    vehicle_id: UUID
    vin: str
    source: str
    code: str
    bit: int | None
    level: int
    raised_at: datetime
    insulation_kohm: float | None = None
    voltage_v: float | None = None
    current_a: float | None = None
    soc_pct: float | None = None
    speed_kmh: float | None = None
    highest_c: float | None = None
    lon: float | None = None
    lat: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmsRaised(Fact):
    alarms: tuple[AlarmRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearedAlarm:
    vehicle_id: UUID
    source: str
    code: str
    bit: int | None
    level: int
    raised_at: datetime
    cleared_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmsCleared(Fact):
    alarms: tuple[ClearedAlarm, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceRegistered(Fact):
    device_id: UUID
    vehicle_id: UUID | None
    protocol: str
    identity: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TerminalInstalled(Fact):
    device_id: UUID
    vehicle_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class TerminalRemoved(Fact):
    device_id: UUID
    vehicle_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class TerminalActivated(Fact):
    """The first report of a terminal after it was installed."""

    device_id: UUID
    vehicle_id: UUID
    first_report_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionsOpened(Fact):
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionsClosed(Fact):
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleWentOffline(Fact):
    """No frame for `hours` (2, 24, 72, each told once)."""

    vehicle_id: UUID
    hours: int
    last_report_at: datetime
    soc_pct: float | None = None
    lon: float | None = None
    lat: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactRestored(Fact):
    vehicle_id: UUID
    silent_hours: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class MileageRow:
    vehicle_id: UUID
    odometer_km: Decimal
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MileageUpdated(Fact):
    rows: tuple[MileageRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DevicesRegistered(Fact):
    device_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceBlocked(Fact):
    device_id: UUID
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnersFollowed(Fact):
    """Live states that now belong to another node or customer than before."""

    vehicles: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectsCounted(Fact):
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryCompacted(Fact):
    """Files of one day were merged."""

    day: str
    files_before: int
    files_after: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceWatched(Fact):
    """One look at all vehicles: how many went silent for another step."""

    vehicles: int
