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


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandFact(Fact):
    """What every fact about one order to a vehicle carries."""

    command_id: UUID
    vehicle_id: UUID
    kind: str
    source_kind: str
    source_id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandRequested(CommandFact):
    reason: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandApproved(CommandFact):
    """`queued` says that it was the last approval it needed."""

    approvals: int
    queued: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandCancelled(CommandFact):
    """It ended before it reached the terminal; `reason` is a code or the words of a person."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandExpired(CommandFact):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandSent(CommandFact):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandConfirmed(CommandFact):
    """The terminal's answer shows the effect."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandFailed(CommandFact):
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RestrictionReleaseAsked(CommandFact):
    """A vehicle is to be set free; `emergency` when a duty officer pressed the one button.

    `stopped` are the orders that were taken back before they left.
    """

    emergency: bool
    reason: str
    stopped: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOver:
    """An order for a terminal's line, as bytes in hex."""

    command_id: UUID
    protocol: str
    identity: str
    device_id: UUID
    adapter: str
    kind: str
    hex: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandsHandedOver(Fact):
    """One look at the queue: what may be written to its line now, and what was dropped."""

    orders: tuple[HandOver, ...]
    waiting: int
    cancelled: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandAnswersRecorded(Fact):
    confirmed: int
    acknowledged: int
    failed: int
    returned: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandsExpired(Fact):
    expired: int
    unseen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceModelSet(Fact):
    device_ids: tuple[UUID, ...]
    model: str
