"""GB/T 32960 terminals, editions 2016 and 2025: split, read, reply, encode, explain.

All numbers are big-endian, times are China time, and nothing is stuffed: the start marker may occur
inside the data, so only the length field says where a frame ends.
"""

from dataclasses import dataclass, field
from datetime import datetime

from panshi.wire.clock import wire_time
from panshi.wire.errors import WireError
from panshi.wire.framing import Rejected, Split, xor_of
from panshi.wire.gb32960_messages import COMMAND, TIME, data_unit
from panshi.wire.layout import (
    Cursor,
    Field,
    Truncated,
    Value,
    Values,
    from_hex,
    read_parts,
    uint_bytes,
    write_parts,
)

PROTOCOL = "GB/T 32960"
EDITIONS = {b"##": 2016, b"$$": 2025}
MARKERS = {edition: marker for marker, edition in EDITIONS.items()}
HEADER_SIZE = 24
FRAME_OVERHEAD = HEADER_SIZE + 1
MAX_DATA = 65531
ENCRYPTED = range(2, 6)

LOGIN, REALTIME, REISSUE, LOGOUT = 1, 2, 3, 4
PLATFORM_LOGIN, PLATFORM_LOGOUT, HEARTBEAT, TIME_SYNC = 5, 6, 7, 8
PARAMETER_QUERY, PARAMETER_SET, CONTROL = 0x80, 0x81, 0x82
SUCCESS, ERROR, VIN_DUPLICATE, VIN_UNKNOWN = 1, 2, 3, 4

# What a header must look like before its length is believed while reading a stream.
PLAUSIBLE_COMMANDS = frozenset((*range(1, 0x0C), *range(0x80, 0x83), *range(0xC0, 0xFF)))
PLAUSIBLE_FLAGS = frozenset((*range(1, 8), COMMAND))
PLAUSIBLE_ENCRYPTIONS = frozenset((*range(1, 6), 0xFE, 0xFF))


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One frame's content. `vin` is without padding; `body` has the keys of `panshi decode`:
    physical values, "abnormal" or "invalid" for markers, times as ISO 8601 +08:00, and `raw` (hex)
    where the data unit has no table or is encrypted. `tail` is what follows the body's fields."""

    edition: int
    command: int
    vin: str
    body: Values
    flag: int = COMMAND
    encryption: int = 1
    tail: bytes = b""
    frame: bytes = field(default=b"", compare=False, repr=False)


def split(*, buffer: bytes, final: bool = False) -> Split:
    """Cut a stream into frames whose check byte holds.

    A frame that fails its check is handed out as rejected, and the search goes on inside it. Every
    decision waits for the whole frame, so any chunking gives the same frames; `rest` stays below
    64 KiB. With `final` nothing more will come, and an unfinished frame counts as garbage.
    """
    frames: list[bytes] = []
    rejected: list[Rejected] = []
    garbage = pos = covered = 0
    size = len(buffer)
    while pos < size:
        start = _next_start(buffer, pos, size)
        garbage += max(0, start - max(pos, covered))
        pos = start
        end = _end_of(buffer, pos)
        if end > size and not final:
            break
        if not pos < end <= size:
            garbage += pos >= covered and pos < size
            pos += 1
            continue
        frame = bytes(buffer[pos:end])
        if xor_of(frame[2:]) == 0:
            frames.append(frame)
            pos = end
            continue
        if pos >= covered:
            rejected.append(Rejected(frame=frame, reason="checksum", detail=_check_detail(frame)))
            covered = end
        pos = _next_start(buffer, pos + 1, end)
    return Split(frames=frames, rejected=rejected, rest=bytes(buffer[pos:]), garbage=garbage)


def _next_start(buffer: bytes, pos: int, end: int) -> int:
    """The next place a marker stands at, or may begin to stand at just before `end`."""
    while pos < end:
        byte = buffer[pos]
        if byte in b"#$" and (pos + 1 == end or buffer[pos + 1] == byte):
            return pos
        hash_at, dollar_at = buffer.find(b"#", pos + 1, end), buffer.find(b"$", pos + 1, end)
        if hash_at < 0 or 0 <= dollar_at < hash_at:
            hash_at = dollar_at
        if hash_at < 0:
            return end
        pos = hash_at
    return end


def _end_of(buffer: bytes, pos: int) -> int:
    """Where the frame at `pos` ends: beyond the buffer if not known, `pos` if it is no header."""
    head = buffer[pos : pos + HEADER_SIZE]
    plausible = (
        (len(head) < 2 or head[:2] in EDITIONS)
        and (len(head) < 3 or head[2] in PLAUSIBLE_COMMANDS)
        and (len(head) < 4 or head[3] in PLAUSIBLE_FLAGS)
        and (len(head) < 22 or head[21] in PLAUSIBLE_ENCRYPTIONS)
    )
    if not plausible:
        return pos
    if len(head) < HEADER_SIZE:
        return len(buffer) + 1
    length = head[22] << 8 | head[23]
    return pos + FRAME_OVERHEAD + length if length <= MAX_DATA else pos


def _check_detail(frame: bytes) -> str:
    return f"check byte {frame[-1]:02x}, counted {xor_of(frame[2:-1]):02x}"


def check(*, frame: bytes) -> WireError | None:
    """Why a frame must be refused, or None. Raises WireError where there is no header at all."""
    if frame[:2] not in EDITIONS:
        raise WireError("start", "no 23 23 or 24 24 at the start")
    if len(frame) < FRAME_OVERHEAD:
        raise WireError("length", f"{len(frame)} bytes are shorter than a header")
    reasons, details = [], []
    if xor_of(frame[2:]):
        reasons.append("checksum")
        details.append(_check_detail(frame))
    declared, actual = frame[22] << 8 | frame[23], len(frame) - FRAME_OVERHEAD
    if declared != actual:
        reasons.append("length")
        details.append(f"{declared} bytes of data declared, {actual} present")
    if not reasons:
        return None
    return WireError("+".join(reasons), ", ".join(details))


def read(*, frame: bytes, tolerant: bool = False) -> Message:
    """The content of one whole frame.

    Raises WireError: start, length, checksum, or both of the last. `tolerant` accepts a wrong check
    byte or length and reads the bytes that are there.
    """
    problem = check(frame=frame)
    if problem and not tolerant:
        raise problem
    return _read(frame, None)


def _read(frame: bytes, fields: list[Field] | None) -> Message:
    edition = EDITIONS[frame[:2]]
    command, flag, encryption = frame[2], frame[3], frame[21]
    cursor = Cursor(data=frame, pos=HEADER_SIZE, end=len(frame) - 1, fields=fields)
    body: Values
    parts = None
    if encryption not in ENCRYPTED:
        parts = data_unit(edition=edition, command=command, flag=flag, length=cursor.left)
    notes = len(fields or ())
    if parts is None:
        body = _raw(cursor)
    else:
        try:
            body = read_parts(parts, cursor)
        except Truncated:
            cursor.pos = HEADER_SIZE
            if fields is not None:
                del fields[notes:]
            body = _raw(cursor)
    start = cursor.pos
    tail = cursor.take(cursor.left)
    if tail:
        cursor.note("tail", start, tail.hex())
    return Message(
        edition=edition,
        command=command,
        vin=vin_of(frame=frame),
        body=body,
        flag=flag,
        encryption=encryption,
        tail=tail,
        frame=frame,
    )


def _raw(cursor: Cursor) -> Values:
    start = cursor.pos
    raw = cursor.take(cursor.left).hex()
    cursor.note("raw", start, raw)
    return {"raw": raw}


def vin_of(*, frame: bytes) -> str:
    """The unique id of a frame without its padding; bytes beyond ASCII are kept as Latin-1."""
    return frame[4:21].strip(b"\0 ").decode("latin-1")


def to_dict(*, message: Message) -> dict[str, Value]:
    """What `panshi decode` prints for a message that was read from a frame."""
    frame = message.frame or encode(message=message)
    found: dict[str, Value] = {
        "edition": message.edition,
        "command": message.command,
        "ack": message.flag,
        "vin": message.vin,
        "encryption": message.encryption,
        "data_len": len(frame) - FRAME_OVERHEAD,
        "bcc": f"{frame[-1]:02x}",
        "body": message.body,
    }
    if message.tail:
        found["tail"] = message.tail.hex()
    return found


def encode(*, message: Message) -> bytes:
    """The frame of a message. In a body, counts and flag words follow from their lists, a missing
    value is sent as invalid, and an item needs only its name and values.

    Raises WireError (value) for what does not fit.
    """
    if message.edition not in MARKERS:
        raise WireError("value", "the edition is 2016 or 2025")
    try:
        vin = message.vin.encode("latin-1")
    except UnicodeEncodeError as problem:
        raise WireError("value", "the VIN has letters a frame cannot carry") from problem
    if len(vin) > 17:
        raise WireError("value", "the VIN is longer than 17 characters")
    data = _data(message)
    if len(data) > MAX_DATA:
        raise WireError("value", f"{len(data)} bytes of data, {MAX_DATA} allowed")
    return _frame(
        edition=message.edition,
        command=message.command,
        flag=message.flag,
        vin=vin.ljust(17, b"\0"),
        encryption=message.encryption,
        data=data,
    )


def _data(message: Message) -> bytes:
    if "raw" in message.body:
        return from_hex(message.body["raw"], "raw") + message.tail
    length = 7
    if message.flag != COMMAND and set(message.body) <= {"time"}:
        length = 6 * len(message.body)
    parts = data_unit(
        edition=message.edition, command=message.command, flag=message.flag, length=length
    )
    if parts is None:
        raise WireError("value", f"command {message.command:02x} has no table; give its raw bytes")
    return bytes(write_parts(parts, message.body)) + message.tail


def _frame(
    *, edition: int, command: int, flag: int, vin: bytes, encryption: int, data: bytes
) -> bytes:
    checked = (
        uint_bytes(command, 1, "command")
        + uint_bytes(flag, 1, "flag")
        + vin
        + uint_bytes(encryption, 1, "encryption")
        + len(data).to_bytes(2, "big")
        + data
    )
    return MARKERS[edition] + checked + bytes((xor_of(checked),))


def reply(
    *, frame: bytes, flag: int = SUCCESS, at: datetime | None = None, echo: bool = False
) -> bytes:
    """The answer to a frame: its time kept, the rest dropped, 31 bytes (25 without data).

    `echo` repeats the whole data unit, as the 2016 annex has it. Time synchronisation is answered
    with `at`, the platform's clock. Raises WireError (answer) when the frame is an answer itself.
    """
    problem = check(frame=frame)
    if problem and problem.reason != "checksum":
        raise problem
    if frame[3] != COMMAND:
        raise WireError("answer", "an answer is never answered")
    data = frame[HEADER_SIZE:-1]
    if frame[2] == TIME_SYNC:
        if at is None:
            raise WireError("value", "time synchronisation needs the platform's clock")
        data = TIME.bytes_of(wire_time(at=at))
    elif not echo:
        data = data[:6]
    return _frame(
        edition=EDITIONS[frame[:2]],
        command=frame[2],
        flag=flag,
        vin=frame[4:21],
        encryption=frame[21] if echo else 1,
        data=data,
    )


def explain(*, frame: bytes) -> list[Field]:
    """Each stretch of bytes with what it says, in order, without gaps up to the check byte.

    A wrong check byte is explained, not refused; WireError where no header can be read.
    """
    problem = check(frame=frame)
    if problem and "length" in problem.reason:
        raise problem
    fields: list[Field] = []
    cursor = Cursor(data=frame, fields=fields)
    for name, size in (
        ("start", 2),
        ("command", 1),
        ("flag", 1),
        ("vin", 17),
        ("encryption", 1),
        ("data_len", 2),
    ):
        start = cursor.pos
        raw = cursor.take(size)
        value: Value = int.from_bytes(raw, "big")
        if name == "start":
            value = EDITIONS[raw]
        elif name == "vin":
            value = vin_of(frame=frame)
        cursor.note(name, start, value)
    _read(frame, fields)
    cursor.pos = len(frame)
    cursor.note("check", cursor.pos - 1, problem.detail if problem else "ok")
    return fields
