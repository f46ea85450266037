"""Lines of hex frames in, plain dictionaries out: what `panshi decode` prints, one for a line."""

import json
from collections.abc import Iterable, Iterator

from panshi.wire import gb32960, jtt808
from panshi.wire.errors import WireError
from panshi.wire.layout import Value

MAX_LINE = 512 * 1024


def decode_lines(*, lines: Iterable[str]) -> Iterator[dict[str, Value]]:
    """One answer for each line, in order. A line is hex digits, or a JSON object with `hex`.

    Nothing is raised: what cannot be decoded is {"ok": False, "error": …}, and a frame that must be
    refused also has its `protocol` and in `reject` the reason.
    """
    return (decode_line(line=line) for line in lines)


def decode_line(*, line: str) -> dict[str, Value]:
    """The answer for one line; see `decode_lines`."""
    try:
        frame = frame_of(line=line)
    except ValueError as problem:
        return {"ok": False, "error": str(problem)}
    if frame[:2] in gb32960.EDITIONS:
        return _answer(gb32960.PROTOCOL, frame)
    if frame[:1] == jtt808.DELIMITER:
        return _answer(jtt808.PROTOCOL, frame)
    return {"ok": False, "error": "no known frame: it starts with neither 2323, 2424 nor 7e"}


def frame_of(*, line: str) -> bytes:
    """The frame of a line of hex, or of JSON with `hex`. Raises ValueError in words."""
    if len(line) > MAX_LINE:
        raise ValueError(f"the line is longer than {MAX_LINE} characters")
    text = line.strip()
    if text.startswith("{"):
        text = _hex_of(text)
    if not text:
        raise ValueError("the line is empty")
    digits = "".join(text.split())
    if len(digits) % 2:
        raise ValueError("an odd number of hex digits")
    try:
        return bytes.fromhex(digits)
    except ValueError as problem:
        raise ValueError("not hex digits only") from problem


def _hex_of(text: str) -> str:
    try:
        record = json.loads(text)
    except RecursionError as problem:
        raise ValueError("the JSON is nested too deeply") from problem
    except ValueError as problem:
        raise ValueError("the line is no valid JSON") from problem
    found = record.get("hex")
    if not isinstance(found, str):
        raise ValueError("the JSON has no text under hex")
    return found


def _answer(protocol: str, frame: bytes) -> dict[str, Value]:
    try:
        if protocol == gb32960.PROTOCOL:
            message = gb32960.read(frame=frame)
            return {"ok": True, "protocol": protocol, **gb32960.to_dict(message=message)}
        return _jtt808(frame)
    except WireError as problem:
        return {
            "ok": False,
            "error": str(problem),
            "protocol": protocol,
            "reject": problem.reason,
            **problem.facts,
        }


def _jtt808(frame: bytes) -> dict[str, Value]:
    message = jtt808.read(frame=frame)
    edition: Value = message.edition
    # The older editions share their header, and only a registration tells them apart.
    if edition != 2019 and "layout" not in message.body:
        edition = "2011/2013"
    found = jtt808.to_dict(message=message)
    return {"ok": True, "protocol": jtt808.PROTOCOL, "edition": edition, **found}
