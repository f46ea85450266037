"""Which bytes of a JT/T 808 frame say what, escapes included."""

from dataclasses import replace

from panshi.wire.jtt808 import SUBPACKAGED, VERSION_FLAG, open_frame, read_at, unescape
from panshi.wire.layout import Cursor, Field, Value


def explain(*, frame: bytes) -> list[Field]:
    """Each stretch of bytes with what it says, in order; offsets count the frame's bytes as sent.

    A wrong check byte or length is explained, not refused; WireError where no header can be read.
    """
    packet = open_frame(frame=frame, tolerant=True)
    data = unescape(data=frame[1:-1])
    places = _places(frame)
    fields: list[Field] = []
    cursor = Cursor(data=data, fields=fields)
    newest = packet.props & VERSION_FLAG
    header: list[tuple[str, int, Value]] = [("msg_id", 2, f"{packet.msg_id:04x}")]
    header.append(("props", 2, f"{packet.props:04x}"))
    if newest:
        header.append(("protocol_version", 1, packet.protocol_version))
    header.append(("phone", 10 if newest else 6, packet.phone))
    header.append(("serial", 2, packet.serial))
    if packet.props & SUBPACKAGED and packet.package:
        header.append(("package_total", 2, packet.package[0]))
        header.append(("package_index", 2, packet.package[1]))
    for name, size, value in header:
        start = cursor.pos
        cursor.take(size)
        cursor.note(name, start, value)
    cursor.end = len(data) - 1
    read_at(packet=packet, cursor=cursor)
    cursor.end = len(data)
    cursor.take(1)
    cursor.note(
        "checksum", cursor.pos - 1, "ok" if packet.checked else "checksum or length is wrong"
    )
    moved = [_moved(field, frame, places) for field in fields]
    return [_delimiter(0), *moved, _delimiter(len(frame) - 1)]


def _delimiter(offset: int) -> Field:
    return Field(offset=offset, length=1, name="delimiter", raw_hex="7e", value="7e")


def _places(frame: bytes) -> list[int]:
    """Where each unescaped byte begins in the frame, and where the last one ends."""
    places = []
    at = 1
    while at < len(frame) - 1:
        places.append(at)
        at += 2 if frame[at] == 0x7D else 1
    return [*places, at]


def _moved(field: Field, frame: bytes, places: list[int]) -> Field:
    start, end = places[field.offset], places[field.offset + field.length]
    return replace(field, offset=start, length=end - start, raw_hex=frame[start:end].hex())
