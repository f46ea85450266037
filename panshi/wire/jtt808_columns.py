"""JT/T 808 straight into columns: the lean path of the ingest loop."""

from functools import lru_cache
from struct import Struct
from zlib import crc32

from panshi.wire import columns, jtt808
from panshi.wire.clock import bcd_epoch
from panshi.wire.columns import Reading
from panshi.wire.jtt808_bodies import ACC_ON, LOCATION_SIZE, POSITIONED, SOUTH, WEST

KINDS = {
    jtt808.GENERAL_ANSWER: columns.ANSWER,
    jtt808.HEARTBEAT: columns.HEARTBEAT,
    jtt808.LOGOUT: columns.LOGOUT,
    jtt808.QUERY_TIME: columns.TIME_SYNC,
    jtt808.REGISTER: columns.REGISTER,
    jtt808.AUTHENTICATE: columns.AUTHENTICATE,
    jtt808.LOCATION: columns.REALTIME,
    jtt808.LOCATION_BATCH: columns.REALTIME,
    0x0201: columns.LOCATION_ANSWER,
    0x0500: columns.CONTROL_ANSWER,
    0x0104: columns.ANSWER,
    0x0107: columns.ANSWER,
}
# Where the location begins in the bodies that hold exactly one, with additional information.
LOCATION_AT = {jtt808.LOCATION: 0, 0x0201: 2, 0x0500: 2}
ANSWERS = frozenset((jtt808.GENERAL_ANSWER, 0x0104, 0x0107, 0x0201, 0x0500))
FIXED = Struct(">IIIIHHH6s")
MILEAGE, SIGNAL, SATELLITES = 0x01, 0x30, 0x31


@lru_cache(maxsize=65536)
def identity_of(phone: str) -> str:
    """A phone as identity: compared without leading zeros, never as a number."""
    return phone.lstrip("0") or "0"


def read_columns(*, frame: bytes, tolerant: bool = False) -> list[Reading]:
    """The readings of a frame: one, or one per report of a batch. Raises as `jtt808.read` does.

    One packet of a longer message is a FRAGMENT without content; join the packets first.
    """
    return packet_columns(packet=jtt808.open_frame(frame=frame, tolerant=tolerant))


def packet_columns(*, packet: jtt808.Packet) -> list[Reading]:
    """The readings of a packet, which may be a joined one."""
    msg_id, body = packet.msg_id, packet.body
    if packet.package is None and not packet.encryption:
        start = LOCATION_AT.get(msg_id)
        if start is not None and len(body) >= start + LOCATION_SIZE:
            return [_location(packet, body[start:], KINDS[msg_id])]
        if msg_id == jtt808.LOCATION_BATCH and len(body) >= 3:
            return _batch(packet)
    kind = columns.FRAGMENT if packet.package else KINDS.get(msg_id, columns.OTHER)
    return [
        Reading(
            columns.JTT808,
            packet.edition,
            kind,
            msg_id,
            identity_of(packet.phone),
            packet.phone,
            crc=crc32(body),
            is_answer=msg_id in ANSWERS,
            checked=packet.checked,
            undecoded=bool(packet.encryption),
            serial=packet.serial,
        )
    ]


def _batch(packet: jtt808.Packet) -> list[Reading]:
    """Each report of an 0704; where one is broken, those before it stand, and the last of them
    counts the bytes that were left."""
    body, size = packet.body, len(packet.body)
    kind = columns.REISSUE if body[2] == 1 else columns.REALTIME
    readings: list[Reading] = []
    pos = 3
    for _ in range(body[0] << 8 | body[1]):
        if pos + 2 > size:
            break
        stop = pos + 2 + (body[pos] << 8 | body[pos + 1])
        if stop > size or stop - pos - 2 < LOCATION_SIZE:
            break
        readings.append(_location(packet, body[pos + 2 : stop], kind))
        pos = stop
    if not readings:
        whole = Reading(
            columns.JTT808,
            packet.edition,
            kind,
            packet.msg_id,
            identity_of(packet.phone),
            packet.phone,
            crc=crc32(body),
            checked=packet.checked,
            serial=packet.serial,
        )
        readings.append(whole)
    if pos < size:
        last = readings[-1]
        readings[-1] = last._replace(unparsed=last.unparsed + size - pos)
    return readings


def _location(packet: jtt808.Packet, body: bytes, kind: str) -> Reading:
    alarm, status, lat, lon, altitude, speed, direction, time = FIXED.unpack_from(body)
    positioned = bool(status & POSITIONED)
    has_place = positioned or lat or lon
    extras = []
    odometer = signal = satellites = None
    pos, size = LOCATION_SIZE, len(body)
    while pos + 2 <= size:
        number, stop = body[pos], pos + 2 + body[pos + 1]
        if stop > size:
            break
        value = body[pos + 2 : stop]
        extras.append((number, value))
        pos = stop
        if number == MILEAGE and len(value) == 4:
            odometer = int.from_bytes(value, "big")
        elif number == SIGNAL and len(value) == 1:
            signal = value[0]
        elif number == SATELLITES and len(value) == 1:
            satellites = value[0]
    return Reading(
        columns.JTT808,
        packet.edition,
        kind,
        packet.msg_id,
        identity_of(packet.phone),
        packet.phone,
        time=bcd_epoch(time),
        crc=crc32(body),
        is_answer=packet.msg_id in ANSWERS,
        checked=packet.checked,
        unparsed=size - pos,
        serial=packet.serial,
        speed_tenths=speed,
        odometer_tenths=odometer,
        lon_e6=(-lon if status & WEST else lon) if has_place else None,
        lat_e6=(-lat if status & SOUTH else lat) if has_place else None,
        fix_valid=positioned,
        altitude_m=altitude,
        direction_deg=direction,
        acc_on=bool(status & ACC_ON),
        satellites=satellites,
        signal=signal,
        alarm_bits=alarm,
        status_bits=status,
        extras=extras,
    )
