"""JT/T 808 terminals, editions 2011, 2013 and 2019: split, read, reply, encode, explain.

A frame stands between two 7E; inside, 7E and 7D are escaped. Bit 14 of the properties says whether
the header is the one of 2019; the older two editions share theirs.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from panshi.wire.clock import wire_time
from panshi.wire.errors import WireError
from panshi.wire.framing import Rejected, Split, xor_of
from panshi.wire.jtt808_messages import Attributes, body_parts, register_edition
from panshi.wire.layout import (
    Cursor,
    Truncated,
    Value,
    Values,
    from_hex,
    read_parts,
    uint_bytes,
    write_parts,
)

PROTOCOL = "JT/T 808"
DELIMITER = b"~"
MAX_BODY = 1023
MAX_SPAN = 4096

GENERAL_ANSWER, HEARTBEAT, LOGOUT, QUERY_TIME = 0x0001, 0x0002, 0x0003, 0x0004
REGISTER, AUTHENTICATE, LOCATION, LOCATION_BATCH = 0x0100, 0x0102, 0x0200, 0x0704
ACKNOWLEDGE, SERVER_TIME, REGISTER_ANSWER = 0x8001, 0x8004, 0x8100
SET_PARAMETERS, QUERY_LOCATION = 0x8103, 0x8201
ATTRIBUTES = 0x0107

SUBPACKAGED, VERSION_FLAG = 0x2000, 0x4000


class Packet(NamedTuple):
    """A frame without its escapes: header and body bytes. `phone` holds the digits as sent, zeros
    kept; some vendors put hex digits there. `package` is (total, index from 1) of a longer
    message."""

    msg_id: int
    props: int
    phone: str
    serial: int
    body: bytes
    protocol_version: int | None = None
    package: tuple[int, int] | None = None
    check: int = 0
    checked: bool = True

    @property
    def edition(self) -> int:
        """2019, or 2013 for both older editions, but for a registration, which tells them apart."""
        edition = 2019 if self.props & VERSION_FLAG else 2013
        if self.msg_id == REGISTER and self.package is None:
            return register_edition(edition=edition, length=len(self.body))
        return edition

    @property
    def encryption(self) -> int:
        return self.props >> 10 & 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message's content. `body` has the keys of `panshi decode`; `raw` (hex) stands where a
    body has no table, is encrypted, or is shorter than its own fields. `tail` is what follows the
    body's fields: media bytes, or one packet's share of a longer message."""

    msg_id: int
    edition: int
    phone: str
    serial: int
    body: Values
    encryption: int = 0
    package: tuple[int, int] | None = None
    protocol_version: int = 1
    tail: bytes = b""
    packet: Packet | None = field(default=None, compare=False, repr=False)


def split(*, buffer: bytes, final: bool = False) -> Split:
    """Cut a stream into frames that hold: escapes, check byte and length are right.

    What stands between two 7E and does not hold is handed out as rejected, and its closing 7E may
    open the next frame: a `rest` of one 7E is therefore no unfinished frame. `rest` stays below
    4 KiB. With `final` nothing more will come, and an unfinished frame counts as garbage.
    """
    frames: list[bytes] = []
    rejected: list[Rejected] = []
    garbage = pos = 0
    size = len(buffer)
    rest = b""
    while True:
        start = buffer.find(DELIMITER, pos)
        if start < 0:
            garbage += size - pos
            break
        garbage += start - pos
        end = buffer.find(DELIMITER, start + 1)
        if end < 0:
            if final or size - start >= MAX_SPAN:
                garbage += size - start if size - start > 1 else 0
            else:
                rest = bytes(buffer[start:])
            break
        pos = end
        if end == start + 1:
            continue
        if end - start >= MAX_SPAN:
            garbage += end - start
            continue
        frame = bytes(buffer[start : end + 1])
        try:
            open_frame(frame=frame)
        except WireError as problem:
            rejected.append(Rejected(frame=frame, reason=problem.reason, detail=problem.detail))
        else:
            frames.append(frame)
            pos = end + 1
    return Split(frames=frames, rejected=rejected, rest=rest, garbage=garbage)


def unescape(*, data: bytes) -> bytes:
    """The bytes between two 7E as they were before escaping. Raises WireError (escape)."""
    if b"}" not in data:
        return data
    if data.count(b"}") != data.count(b"}\x01") + data.count(b"}\x02"):
        raise WireError("escape", "7D is followed by neither 01 nor 02")
    return data.replace(b"}\x02", b"~").replace(b"}\x01", b"}")


def open_frame(*, frame: bytes, tolerant: bool = False) -> Packet:
    """Header and body of a frame. Raises WireError: start, escape, header, length, checksum, or
    both of the last. `tolerant` accepts a wrong check byte or length when a header is there."""
    if len(frame) < 2 or frame[:1] != DELIMITER or frame[-1:] != DELIMITER:
        raise WireError("start", "no 7E at both ends")
    data = unescape(data=frame[1:-1])
    if len(data) < 5:
        raise WireError("header", f"{len(data)} bytes are shorter than a header")
    props = data[2] << 8 | data[3]
    newest = props & VERSION_FLAG
    phone_at = 5 if newest else 4
    serial_at = 15 if newest else 10
    body_at = serial_at + (6 if props & SUBPACKAGED else 2)
    actual = len(data) - 1 - body_at
    declared = props & MAX_BODY
    msg_id = data[0] << 8 | data[1]
    if actual < 0:
        facts: dict[str, int | str] = {"msg_id": f"{msg_id:04x}", "declared_body_len": declared}
        raise WireError("header", f"{len(data)} bytes are shorter than a header", facts)
    package = None
    if props & SUBPACKAGED:
        package = (
            data[body_at - 4] << 8 | data[body_at - 3],
            data[body_at - 2] << 8 | data[body_at - 1],
        )
    problem = _problem(data, msg_id, declared, actual)
    if problem and not tolerant:
        raise problem
    if package and not 1 <= package[1] <= package[0]:
        raise WireError("header", f"packet {package[1]} of {package[0]}")
    return Packet(
        msg_id=msg_id,
        props=props,
        phone=data[phone_at:serial_at].hex(),
        serial=data[serial_at] << 8 | data[serial_at + 1],
        body=data[body_at:-1],
        protocol_version=data[4] if newest else None,
        package=package,
        check=data[-1],
        checked=problem is None,
    )


def _problem(data: bytes, msg_id: int, declared: int, actual: int) -> WireError | None:
    folded = xor_of(data)
    if not folded and declared == actual:
        return None
    reasons, details = [], []
    if folded:
        reasons.append("checksum")
        details.append(f"check byte {data[-1]:02x}, counted {folded ^ data[-1]:02x}")
    if declared != actual:
        reasons.append("length")
        details.append(f"{declared} bytes of body declared, {actual} present")
    facts: dict[str, int | str] = {
        "msg_id": f"{msg_id:04x}",
        "declared_body_len": declared,
        "actual_body_len": actual,
    }
    return WireError("+".join(reasons), ", ".join(details), facts)


def join(*, packets: Sequence[Packet]) -> Packet:
    """The whole message of packets 1 to total, in any order. Raises WireError (header) when one is
    missing, doubled, or belongs to another message."""
    ordered = sorted(packets, key=lambda packet: packet.package or (0, 0))
    if not ordered:
        raise WireError("header", "no packets to join")
    first = ordered[0]
    wanted = [(len(ordered), index) for index in range(1, len(ordered) + 1)]
    if [packet.package for packet in ordered] != wanted:
        raise WireError("header", "the packets are not 1 to their total")
    if {(packet.phone, packet.msg_id) for packet in ordered} != {(first.phone, first.msg_id)}:
        raise WireError("header", "the packets are not of one message")
    body = b"".join(packet.body for packet in ordered)
    checked = all(packet.checked for packet in ordered)
    return first._replace(body=body, package=None, checked=checked)


def read(*, frame: bytes, tolerant: bool = False) -> Message:
    """The content of one frame; raises as `open_frame` does."""
    return read_packet(packet=open_frame(frame=frame, tolerant=tolerant))


def read_packet(*, packet: Packet) -> Message:
    """The content of a packet, which may be a joined one."""
    return read_at(packet=packet, cursor=Cursor(data=packet.body))


def read_at(*, packet: Packet, cursor: Cursor) -> Message:
    """The content of a packet whose body begins at the cursor, which may be noting fields."""
    start, end = cursor.pos, cursor.end
    parts = body_parts(msg_id=packet.msg_id, edition=packet.edition)
    notes = len(cursor.fields or ())
    body: Values = {}
    if packet.package is not None:
        body = {"fragment_len": len(packet.body)}
    elif parts is None or packet.encryption:
        body = _raw(cursor)
    else:
        try:
            body = read_parts(parts, cursor)
        except Truncated:
            cursor.pos = start
            if cursor.fields is not None:
                del cursor.fields[notes:]
            body = _raw(cursor)
    start = cursor.pos
    tail = cursor.take(end - start)
    if tail:
        cursor.note("tail", start, tail.hex())
    return Message(
        msg_id=packet.msg_id,
        edition=packet.edition,
        phone=packet.phone,
        serial=packet.serial,
        body=body,
        encryption=packet.encryption,
        package=packet.package,
        protocol_version=packet.protocol_version or 1,
        tail=tail,
        packet=packet,
    )


def _raw(cursor: Cursor) -> Values:
    start = cursor.pos
    raw = cursor.take(cursor.left).hex()
    cursor.note("raw", start, raw)
    return {"raw": raw}


def to_dict(*, message: Message) -> dict[str, Value]:
    """What `panshi decode` prints for a message that was read from a frame."""
    packet = message.packet or open_frame(frame=encode(message=message))
    found: dict[str, Value] = {
        "msg_id": f"{packet.msg_id:04x}",
        "props": f"{packet.props:04x}",
        "version_flag": packet.props >> 14 & 1,
        "encrypt": packet.encryption,
        "subpackaged": packet.package is not None,
        "body_len": packet.props & MAX_BODY,
    }
    if packet.protocol_version is not None:
        found["protocol_version"] = packet.protocol_version
    found["phone"] = packet.phone
    found["serial"] = packet.serial
    if packet.package is not None:
        found["package"] = {"total": packet.package[0], "index": packet.package[1]}
    found["checksum"] = f"{packet.check:02x}"
    found["body"] = message.body
    if packet.msg_id == ATTRIBUTES and "raw" in message.body:
        attributes = wide_attributes(packet=packet)
        if attributes is not None:
            found["attributes"] = attributes
    return found


def wide_attributes(*, packet: Packet) -> Values | None:
    """A 2019 terminal's attributes (0107) with a maker of 11 bytes, which some terminals send
    against the text of the standard; None when the body does not close that way either."""
    try:
        return read_parts((Attributes(packet.edition, 11),), Cursor(data=packet.body))
    except Truncated:
        return None


def encode(*, message: Message) -> bytes:
    """The frame of a message, escaped and between its 7E. Counts follow from their lists.

    Raises WireError (value) for what does not fit, a body above 1023 bytes among it.
    """
    if message.edition not in (2011, 2013, 2019):
        raise WireError("value", "the edition is 2011, 2013 or 2019")
    if not 0 <= message.encryption <= 7:
        raise WireError("value", "the encryption is 0 to 7")
    newest = message.edition == 2019
    digits = 20 if newest else 12
    if len(message.phone) > digits:
        raise WireError("value", f"the phone is longer than {digits} digits")
    body = _body(message)
    if len(body) > MAX_BODY:
        raise WireError("value", f"{len(body)} bytes of body, {MAX_BODY} allowed in one packet")
    props = len(body) | message.encryption << 10
    props |= (VERSION_FLAG if newest else 0) | (SUBPACKAGED if message.package else 0)
    data = uint_bytes(message.msg_id, 2, "msg_id") + props.to_bytes(2, "big")
    if newest:
        data += uint_bytes(message.protocol_version, 1, "protocol_version")
    data += from_hex(message.phone.zfill(digits), "phone")
    data += uint_bytes(message.serial, 2, "serial")
    for number in message.package or ():
        data += uint_bytes(number, 2, "package")
    data += body
    return frame_of(data=data)


def _body(message: Message) -> bytes:
    if message.package is not None:
        return message.tail
    if "raw" in message.body:
        return from_hex(message.body["raw"], "raw") + message.tail
    parts = body_parts(msg_id=message.msg_id, edition=message.edition)
    if parts is None:
        raise WireError("value", f"message {message.msg_id:04x} has no table; give its raw bytes")
    return bytes(write_parts(parts, message.body)) + message.tail


def frame_of(*, data: bytes) -> bytes:
    """Header and body with their check byte, escaped, between two 7E."""
    checked = data + bytes((xor_of(data),))
    escaped = checked.replace(b"}", b"}\x01").replace(b"~", b"}\x02")
    return DELIMITER + escaped + DELIMITER


def reply(
    *,
    frame: bytes,
    serial: int,
    result: int = 0,
    auth_code: str = "",
    at: datetime | None = None,
) -> bytes:
    """The platform's answer to a terminal's frame, in the frame's own header form.

    0100 gets 8100 (with `auth_code` when the result is 0), 0004 gets 8004 (with `at`), everything
    else 8001. `serial` is the platform's own counter. Raises WireError (answer) for 0001.
    """
    packet = open_frame(frame=frame, tolerant=True)
    if packet.msg_id == GENERAL_ANSWER:
        raise WireError("answer", "an answer is never answered")
    body: dict[str, Value] = {"ack_serial": packet.serial, "result": result}
    msg_id = ACKNOWLEDGE
    if packet.msg_id == REGISTER:
        msg_id = REGISTER_ANSWER
        body["auth_code"] = auth_code
    elif packet.msg_id == QUERY_TIME:
        if at is None:
            raise WireError("value", "the server's time is asked for")
        msg_id = SERVER_TIME
        body = {"time": wire_time(at=at)}
    else:
        body["ack_id"] = f"{packet.msg_id:04x}"
    answer = Message(
        msg_id=msg_id,
        edition=packet.edition,
        phone=packet.phone,
        serial=serial,
        body=body,
        protocol_version=packet.protocol_version or 1,
    )
    return encode(message=answer)
