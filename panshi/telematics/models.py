"""Nouns of connected vehicles: terminals, sessions, live state, alarms, the manifest of history."""

from datetime import timedelta
from typing import Any

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import (
    ArrayField,
    BigIntegerRangeField,
    DateTimeRangeField,
    RangeOperators,
)
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from panshi.kit.nouns import OwnedModel
from panshi.kit.states import Machine


class Protocol(models.TextChoices):
    GB32960 = "GB32960", "GB/T 32960"
    JTT808 = "JTT808", "JT/T 808"


class DeviceState(models.TextChoices):
    ACTIVE = "ACTIVE", pgettext_lazy("device", "Active")
    BLOCKED = "BLOCKED", _("Blocked")
    REMOVED = "REMOVED", pgettext_lazy("device", "Removed")


class Slot(models.TextChoices):
    GB = "GB", "GB/T 32960"
    JT = "JT", "JT/T 808"


class FileState(models.TextChoices):
    LIVE = "LIVE", _("Live")
    REPLACED = "REPLACED", _("Replaced")


class DeviceModel(models.Model):
    """A make of terminal and how it speaks; only processes read this table.

    `adapter` names the dialect of its orders, proven on the bench on a day; without one the
    terminal takes no order that restricts a vehicle.
    """

    maker = models.CharField(max_length=40)
    name = models.CharField(max_length=60)
    protocol = models.CharField(max_length=8, choices=Protocol)
    tolerant = models.BooleanField(default=False)
    adapter = models.CharField(max_length=24, blank=True, default="", db_default="")
    bench_proof_on = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="device_models_differ", fields=["maker", "name", "protocol"]
            ),
            models.CheckConstraint(
                name="an_adapter_was_proven_on_the_bench",
                condition=Q(adapter="") | Q(bench_proof_on__isnull=False),
            ),
        ]


class Device(OwnedModel):
    """A terminal: `identity` is a VIN in upper case, or a phone without leading zeros."""

    protocol = models.CharField(max_length=8, choices=Protocol)
    identity = models.CharField(max_length=40)
    model = models.ForeignKey(DeviceModel, on_delete=models.PROTECT, null=True, related_name="+")
    iccid = models.CharField(max_length=20, blank=True)
    terminal_id = models.CharField(max_length=40, blank=True)
    code_generation = models.PositiveSmallIntegerField(default=1)
    state = models.CharField(max_length=8, choices=DeviceState, default=DeviceState.ACTIVE)
    first_report_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_device_per_protocol_and_identity", fields=["protocol", "identity"]
            ),
            models.CheckConstraint(name="a_device_has_an_identity", condition=~Q(identity="")),
        ]


class Fitting(OwnedModel):
    """A terminal in a vehicle, during a period of the terminal's own clock."""

    device = models.ForeignKey(Device, on_delete=models.PROTECT, related_name="fittings")
    vehicle = models.ForeignKey("fleet.Vehicle", on_delete=models.PROTECT, related_name="+")
    slot = models.CharField(max_length=2, choices=Slot)
    during = DateTimeRangeField()

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="a_device_sits_in_one_vehicle_at_a_moment",
                expressions=[
                    ("device", RangeOperators.EQUAL),
                    ("during", RangeOperators.OVERLAPS),
                ],
            ),
            ExclusionConstraint(
                name="a_vehicle_has_one_terminal_of_a_kind_at_a_moment",
                expressions=[
                    ("vehicle", RangeOperators.EQUAL),
                    ("slot", RangeOperators.EQUAL),
                    ("during", RangeOperators.OVERLAPS),
                ],
            ),
        ]


class Series(models.Model):
    """The number under which history keeps a vehicle, or a terminal that sits in none."""

    number = models.AutoField(primary_key=True)
    vehicle = models.OneToOneField(
        "fleet.Vehicle", on_delete=models.PROTECT, null=True, related_name="+"
    )
    device = models.OneToOneField(Device, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="a_series_is_of_a_vehicle_or_a_device",
                condition=Q(vehicle__isnull=False, device__isnull=True)
                | Q(vehicle__isnull=True, device__isnull=False),
            )
        ]


class Session(OwnedModel):
    """A terminal's connection; a higher `epoch` is a later one, across all gateways."""

    device = models.ForeignKey(Device, on_delete=models.PROTECT, related_name="+")
    gateway = models.PositiveSmallIntegerField()
    peer = models.CharField(max_length=48)
    epoch = models.BigIntegerField()
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=24, blank=True)
    frames = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_open_session_per_device",
                fields=["device"],
                condition=Q(closed_at__isnull=True),
            ),
            models.UniqueConstraint(name="session_epochs_differ", fields=["device", "epoch"]),
            models.CheckConstraint(
                name="a_closed_session_has_a_reason",
                condition=Q(closed_at__isnull=True) | ~Q(reason=""),
            ),
        ]
        indexes = [models.Index(fields=["device", "-opened_at"], name="sessions_of_a_device")]


class RejectCount(OwnedModel):
    """Refused input of one hour by source and reason, with up to three samples."""

    hour = models.DateTimeField()
    gateway = models.PositiveSmallIntegerField()
    source = models.CharField(max_length=48)
    reason = models.CharField(max_length=24)
    count = models.PositiveIntegerField()
    samples = ArrayField(models.BinaryField(max_length=256), size=3, default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="rejects_are_counted_once", fields=["hour", "gateway", "source", "reason"]
            )
        ]
        indexes = [models.Index(fields=["source", "-hour"], name="rejects_of_a_source")]


class LiveState(OwnedModel):
    """What a vehicle last said; `id` is the vehicle's.

    Each group (place, motion, odometer, energy, health, one alarm word per protocol) has the device
    time and log position of the reading it came from. Numbers are in the unit of their name:
    tenths of km/h, km, V, A; millivolts; millionths of a degree WGS-84.
    """

    vehicle = models.OneToOneField("fleet.Vehicle", on_delete=models.PROTECT, related_name="+")
    customer_id = models.UUIDField(null=True)
    vin = models.CharField(max_length=17)
    series = models.IntegerField()
    gateway = models.PositiveSmallIntegerField()
    received_at = models.DateTimeField()
    offline_told = models.PositiveSmallIntegerField(default=0)
    gb_head = models.BigIntegerField(null=True)
    jt_head = models.BigIntegerField(null=True)

    place_at = models.DateTimeField(null=True)
    place_position = models.BigIntegerField(null=True)
    lon_e6 = models.IntegerField(null=True)
    lat_e6 = models.IntegerField(null=True)
    direction_deg = models.SmallIntegerField(null=True)

    motion_at = models.DateTimeField(null=True)
    motion_position = models.BigIntegerField(null=True)
    speed_tenths = models.IntegerField(null=True)
    acc_on = models.BooleanField(null=True)
    gear = models.SmallIntegerField(null=True)
    status_bits = models.BigIntegerField(null=True)
    signal = models.SmallIntegerField(null=True)

    odometer_at = models.DateTimeField(null=True)
    odometer_position = models.BigIntegerField(null=True)
    odometer_tenths = models.BigIntegerField(null=True)

    energy_at = models.DateTimeField(null=True)
    energy_position = models.BigIntegerField(null=True)
    soc_pct = models.SmallIntegerField(null=True)
    voltage_tenths = models.IntegerField(null=True)
    current_tenths = models.IntegerField(null=True)
    charge_state = models.SmallIntegerField(null=True)
    vehicle_state = models.SmallIntegerField(null=True)
    run_mode = models.SmallIntegerField(null=True)
    dcdc_state = models.SmallIntegerField(null=True)
    insulation_kohm = models.IntegerField(null=True)

    health_at = models.DateTimeField(null=True)
    health_position = models.BigIntegerField(null=True)
    max_cell_mv = models.IntegerField(null=True)
    max_cell_number = models.SmallIntegerField(null=True)
    min_cell_mv = models.IntegerField(null=True)
    min_cell_number = models.SmallIntegerField(null=True)
    max_temp_c = models.SmallIntegerField(null=True)
    max_temp_probe = models.SmallIntegerField(null=True)
    min_temp_c = models.SmallIntegerField(null=True)
    min_temp_probe = models.SmallIntegerField(null=True)

    gb_alarm_at = models.DateTimeField(null=True)
    gb_alarm_position = models.BigIntegerField(null=True)
    gb_alarm_bits = models.BigIntegerField(null=True)
    gb_alarm_level = models.SmallIntegerField(null=True)

    jt_alarm_at = models.DateTimeField(null=True)
    jt_alarm_position = models.BigIntegerField(null=True)
    jt_alarm_bits = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="a_live_state_is_named_after_its_vehicle", condition=Q(id=F("vehicle"))
            )
        ]
        indexes = [models.Index(fields=["org"], name="live_states_of_a_node")]


class AlarmEpisode(OwnedModel):
    """An alarm a vehicle raised, from its rising edge to its falling one, in device time."""

    vehicle = models.ForeignKey("fleet.Vehicle", on_delete=models.PROTECT, related_name="+")
    customer_id = models.UUIDField(null=True)
    source = models.CharField(max_length=2, choices=Slot)
    code = models.CharField(max_length=24)
    bit = models.PositiveSmallIntegerField()
    level = models.PositiveSmallIntegerField()
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="an_alarm_is_open_once",
                fields=["vehicle", "source", "code"],
                condition=Q(closed_at__isnull=True),
            ),
            models.CheckConstraint(
                name="an_alarm_ends_after_it_began",
                condition=Q(closed_at__isnull=True) | Q(closed_at__gte=F("opened_at")),
            ),
        ]
        indexes = [models.Index(fields=["vehicle", "-opened_at"], name="alarms_of_a_vehicle")]


class Consumer(models.Model):
    """How far a consumer of a log has come; it moves in one transaction with what was done."""

    name = models.CharField(max_length=16)
    gateway = models.PositiveSmallIntegerField()
    position = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_position_per_consumer", fields=["name", "gateway"])
        ]


class HistoryFile(models.Model):
    """One file of history. Level-0 files never share a piece of a log: nothing counts twice."""

    path = models.CharField(max_length=200, unique=True)
    day = models.DateField()
    bucket = models.PositiveSmallIntegerField()
    level = models.PositiveSmallIntegerField()
    rows = models.PositiveIntegerField()
    series_min = models.IntegerField()
    series_max = models.IntegerField()
    time_min_ms = models.BigIntegerField()
    time_max_ms = models.BigIntegerField()
    gateway = models.PositiveSmallIntegerField()
    log = BigIntegerRangeField()
    bytes = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    schema = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=8, choices=FileState, default=FileState.LIVE)
    replaced_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="live_flushes_share_no_piece_of_a_log",
                expressions=[
                    ("gateway", RangeOperators.EQUAL),
                    ("day", RangeOperators.EQUAL),
                    ("bucket", RangeOperators.EQUAL),
                    ("log", RangeOperators.OVERLAPS),
                ],
                condition=Q(level=0, state=FileState.LIVE),
            )
        ]
        indexes = [models.Index(fields=["day", "bucket"], name="history_of_a_day")]


class Risk(models.TextChoices):
    READ = "READ", _("Reads")
    CONTROL = "CONTROL", _("Controls")
    RESTRICT = "RESTRICT", _("Restricts")
    RELEASE = "RELEASE", _("Sets free")


class CommandKind(models.TextChoices):
    QUERY_LOCATION = "QUERY_LOCATION", _("Ask for the place")
    SPEED_LIMIT = "SPEED_LIMIT", _("Limit the speed")
    START_INHIBIT = "START_INHIBIT", _("Inhibit the start")
    RELEASE = "RELEASE", _("Set free")


class CommandState(models.TextChoices):
    AWAITING_APPROVAL = "AWAITING_APPROVAL", _("Awaits approval")
    QUEUED = "QUEUED", _("Waits for its moment")
    SENT = "SENT", _("Sent to the terminal")
    ACKNOWLEDGED = "ACKNOWLEDGED", _("Accepted by the terminal")
    CONFIRMED = "CONFIRMED", _("In effect")
    FAILED = "FAILED", pgettext_lazy("command", "Failed")
    EXPIRED = "EXPIRED", pgettext_lazy("command", "Expired")
    CANCELLED = "CANCELLED", _("Cancelled")


C = CommandState
COMMAND_LIFE = Machine(
    {
        C.AWAITING_APPROVAL: {C.QUEUED, C.EXPIRED, C.CANCELLED},
        C.QUEUED: {C.SENT, C.EXPIRED, C.CANCELLED},
        C.SENT: {C.QUEUED, C.ACKNOWLEDGED, C.CONFIRMED, C.FAILED},
        C.ACKNOWLEDGED: {C.QUEUED, C.CONFIRMED, C.FAILED},
    }
)
OPEN_COMMANDS = (C.AWAITING_APPROVAL, C.QUEUED, C.SENT, C.ACKNOWLEDGED)


class ControlRule(models.Model):
    """The platform's bounds of a kind of command.

    It needs `approvals` people, lives `minutes`, and acts only when the vehicle has stood for
    `standstill_minutes` with at least `soc_pct`; a speed limit never lies below `floor_kmh`.
    """

    kind = models.CharField(max_length=16, choices=CommandKind, primary_key=True)
    risk = models.CharField(max_length=8, choices=Risk)
    approvals = models.PositiveSmallIntegerField()
    minutes = models.PositiveIntegerField()
    standstill_minutes = models.PositiveSmallIntegerField(null=True)
    soc_pct = models.PositiveSmallIntegerField(null=True)
    floor_kmh = models.PositiveSmallIntegerField(null=True)
    to_confirm = models.BooleanField(default=False)


class Command(OwnedModel):
    """An order to a vehicle's terminal with all that happened to it.

    `source_kind` and `source_id` point to what wants it, `guard` names who is asked whether it is
    still warranted. `standing_since` is when the vehicle was first seen standing since it was
    asked, `snapshot` the interlocks and the guard's answer as they were at hand-over.
    """

    vehicle = models.ForeignKey("fleet.Vehicle", on_delete=models.PROTECT, related_name="+")
    customer_id = models.UUIDField(null=True)
    kind = models.CharField(max_length=16, choices=CommandKind)
    risk = models.CharField(max_length=8, choices=Risk)
    limit_kmh = models.PositiveSmallIntegerField(null=True)
    digest = models.CharField(max_length=64)
    reason = models.CharField(max_length=200)
    source_kind = models.CharField(max_length=60, blank=True)
    source_id = models.UUIDField(null=True)
    guard = models.CharField(max_length=60, blank=True)
    state = models.CharField(max_length=18, choices=CommandState)
    requested_by_id = models.UUIDField()
    requested_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    approved_by_id = models.UUIDField(null=True)
    approved_at = models.DateTimeField(null=True)
    second_by_id = models.UUIDField(null=True)
    second_at = models.DateTimeField(null=True)
    standing_since = models.DateTimeField(null=True)
    standing_tenths = models.BigIntegerField(null=True)
    waits_for = models.CharField(max_length=200, blank=True)
    snapshot: "models.JSONField[list[dict[str, Any]], list[dict[str, Any]]]" = models.JSONField(
        default=list
    )
    tries = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)
    sent_hex = models.TextField(blank=True)
    answered_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=60, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="a_restriction_has_two_independent_approvers",
                condition=~Q(risk=Risk.RESTRICT)
                | Q(state__in=["AWAITING_APPROVAL", "EXPIRED", "CANCELLED"])
                | Q(approved_by_id__isnull=False, second_by_id__isnull=False)
                & ~Q(approved_by_id=F("second_by_id"))
                & ~Q(approved_by_id=F("requested_by_id"))
                & ~Q(second_by_id=F("requested_by_id")),
            ),
            models.CheckConstraint(
                name="a_restriction_lives_two_hours_at_most",
                condition=~Q(risk=Risk.RESTRICT)
                | Q(expires_at__lte=F("requested_at") + timedelta(hours=2)),
            ),
            models.CheckConstraint(
                name="a_restriction_is_sent_with_its_interlocks",
                condition=~Q(risk=Risk.RESTRICT, state__in=["SENT", "ACKNOWLEDGED", "CONFIRMED"])
                | ~Q(snapshot=[]),
            ),
            models.UniqueConstraint(
                name="one_open_restriction_command_per_vehicle",
                fields=["vehicle"],
                condition=Q(
                    risk=Risk.RESTRICT,
                    state__in=["AWAITING_APPROVAL", "QUEUED", "SENT", "ACKNOWLEDGED"],
                ),
            ),
        ]
        indexes = [
            models.Index(fields=["vehicle", "-requested_at"], name="commands_of_a_vehicle"),
            models.Index(
                fields=["requested_at"],
                name="commands_under_way",
                condition=Q(state__in=["AWAITING_APPROVAL", "QUEUED", "SENT", "ACKNOWLEDGED"]),
            ),
        ]


class CommandEvent(OwnedModel):
    """One step of a command: who, what, when, and the bytes that went or came."""

    command = models.ForeignKey(Command, on_delete=models.PROTECT, related_name="events")
    what = models.CharField(max_length=24)
    words = models.CharField(max_length=400, blank=True)
    by_id = models.UUIDField()
    at = models.DateTimeField()
    hex = models.TextField(blank=True)


class Restriction(OwnedModel):
    """What is in force on a vehicle, from its confirmation until it is set free."""

    vehicle = models.ForeignKey("fleet.Vehicle", on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=16, choices=CommandKind)
    command = models.OneToOneField(Command, on_delete=models.PROTECT, related_name="+")
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_open_restriction_of_a_kind",
                fields=["vehicle", "kind"],
                condition=Q(until__isnull=True),
            )
        ]
