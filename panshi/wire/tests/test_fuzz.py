"""Whatever comes in: one WireError at most, no good frame lost, nothing that grows or never ends.

PANSHI_FUZZ_CASES sets how many cases each property is tried with; `make deep` tries 5,000.
"""

import os
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from panshi.wire import gb32960, jtt808
from panshi.wire.decode import decode_line
from panshi.wire.errors import WireError
from panshi.wire.framing import Split, xor_of
from panshi.wire.gb32960_columns import read_columns as gb_columns
from panshi.wire.jtt808_columns import read_columns as jt_columns
from panshi.wire.jtt808_explain import explain as jt_explain
from panshi.wire.layout import Values, as_list, as_mapping
from panshi.wire.tests import samples

CASES = int(os.environ.get("PANSHI_FUZZ_CASES", "500"))
fuzzed = settings(
    max_examples=CASES,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

GB_FRAMES = [gb32960.encode(message=message) for message in samples.gb_messages()]
JT_FRAMES = [jtt808.encode(message=message) for message in samples.jt_messages()]
BOTH = pytest.mark.parametrize(
    ("split", "frames"),
    [(gb32960.split, GB_FRAMES), (jtt808.split, JT_FRAMES)],
    ids=["gb32960", "jtt808"],
)
JUNK = st.one_of(
    st.binary(max_size=60),
    st.lists(
        st.sampled_from([b"#", b"$", b"##", b"$$\x02\xfe", b"~", b"}", b"\0" * 9, b"\xff"]),
        max_size=12,
    ).map(b"".join),
)


@st.composite
def mutated(draw: st.DrawFn, frames: list[bytes], heal: Callable[[bytes], bytes]) -> bytes:
    """A good frame with some bytes changed, cut, doubled or inserted; mostly with a right check
    byte and length again, so that the change reaches the bodies."""
    data = bytearray(draw(st.sampled_from(frames)))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        match draw(st.integers(0, 3)):
            case 0:
                data[at : at + 1] = bytes((draw(st.integers(0, 255)),))
            case 1:
                data[at : at + draw(st.integers(1, 40))] = b""
            case 2:
                data[at:at] = data[at : at + draw(st.integers(1, 40))]
            case 3:
                data[at:at] = draw(st.binary(min_size=1, max_size=8))
    return heal(bytes(data)) if draw(st.integers(0, 3)) else bytes(data)


def heal_gb(data: bytes) -> bytes:
    if len(data) < 25:
        return data
    body = b"##" if data[0] & 1 else b"$$"
    body += data[2:22] + (len(data) - 25).to_bytes(2, "big") + data[24:-1]
    return body + bytes((xor_of(body[2:]),))


def heal_jt(data: bytes) -> bytes:
    plain = data[1:-2].replace(b"}\x02", b"~").replace(b"}\x01", b"}")
    if len(plain) < 12:
        return data
    props = plain[2] << 8 | plain[3]
    size = (17 if props & 0x4000 else 12) + (4 if props & 0x2000 else 0)
    props = props & 0x6000 | max(0, len(plain) - size) & 0x3FF
    return jtt808.frame_of(data=plain[:2] + props.to_bytes(2, "big") + plain[4:])


def try_all(frame: bytes) -> None:
    """Each entrance of both codecs: it answers, or raises WireError."""
    for attempt in (
        lambda: gb32960.encode(message=gb32960.read(frame=frame)),
        lambda: gb32960.read(frame=frame, tolerant=True),
        lambda: gb32960.reply(frame=frame),
        lambda: gb32960.explain(frame=frame),
        lambda: gb_columns(frame=frame, tolerant=True),
        lambda: jtt808.encode(message=jtt808.read(frame=frame)),
        lambda: jtt808.read(frame=frame, tolerant=True),
        lambda: jtt808.reply(frame=frame, serial=1),
        lambda: jt_explain(frame=frame),
        lambda: jt_columns(frame=frame, tolerant=True),
    ):
        with suppress(WireError):
            attempt()
    decode_line(line=frame.hex())


# A supercapacitor whose count of cells says that it is invalid, and a count without its own key.
NO_CELLS = bytes.fromhex(
    "242402fe4c535641413431383245323132333435360100111a0b160c00003100310103e8ffff0001043e"
)


@fuzzed
@given(st.binary(max_size=300))
def test_random_bytes_raise_nothing_but_wire_errors(data: bytes) -> None:
    for start in (b"", b"##", b"$$", b"~"):
        try_all(start + data + (b"~" if start == b"~" else b""))


@fuzzed
@given(mutated(GB_FRAMES, heal_gb))
def test_mutated_gb_frames_raise_nothing_but_wire_errors(frame: bytes) -> None:
    try_all(frame)


@fuzzed
@given(mutated(JT_FRAMES, heal_jt))
def test_mutated_jt_frames_raise_nothing_but_wire_errors(frame: bytes) -> None:
    try_all(frame)


@fuzzed
@given(mutated(GB_FRAMES, heal_gb))
@example(NO_CELLS)
def test_what_is_read_is_written_back_byte_for_byte(frame: bytes) -> None:
    try:
        message = gb32960.read(frame=frame)
    except WireError:
        return
    assume(frame[21] in gb32960.PLAUSIBLE_ENCRYPTIONS)
    try:
        again = gb32960.encode(message=message)
    except WireError:
        assert message.command in (0x01, 0x80, 0x81)
        return
    assert again[24:-1] == frame[24:-1]


@fuzzed
@given(mutated([frame for frame in GB_FRAMES if frame[2] in (2, 3)], heal_gb))
def test_columns_say_what_the_dictionary_says(frame: bytes) -> None:
    try:
        message = gb32960.read(frame=frame)
    except WireError:
        return
    assume("items" in message.body and message.flag == 0xFE)
    (reading,) = gb_columns(frame=frame)
    found = {
        as_mapping(item, "item")["name"]: as_mapping(item, "item")
        for item in as_list(message.body["items"], "items")
    }
    if "vehicle" in found:
        vehicle = found["vehicle"]
        known = {key: None if isinstance(v, str) else v for key, v in vehicle.items()}
        assert reading.speed_kmh == known["speed_kmh"]
        assert reading.odometer_km == known["odometer_km"]
        assert reading.current_a == known["current_a"]
        assert reading.insulation_kohm == known["insulation_kohm"]
        assert reading.soc_pct == known["soc_pct"]
    assert (reading.alarm_bits is None) == ("alarm" not in found)
    if "alarm" in found:
        assert f"{reading.alarm_bits:08x}" == found["alarm"]["general_flags"]
        faults = as_mapping(found["alarm"]["other_faults"], "faults")
        assert [f"{code:08x}" for code in reading.other_faults] == faults["codes"]
    assert (reading.fix_valid is None) == ("position" not in found)
    if "position" in found and not isinstance(found["position"]["lon"], str):
        assert reading.lon == found["position"]["lon"]
    assert bool(reading.packs or reading.probes) <= bool(found)
    rest = message.body.get("rest", "")
    kinds = {"unknown_type", "truncated_type"} & set(message.body)
    assert reading.unparsed == len(str(rest)) // 2 + len(kinds)


@BOTH
@fuzzed
@given(data=st.data())
def test_split_finds_every_good_frame_among_garbage(
    split: Callable[..., Split], frames: list[bytes], data: st.DataObject
) -> None:
    sent = data.draw(st.lists(st.sampled_from(frames), min_size=1, max_size=4))
    junk = [data.draw(JUNK) for _ in range(len(sent) + 1)]
    for piece in junk:
        assume(not split(buffer=b"~" + piece + b"~", final=True).frames)
    stream = junk[0] + b"".join(frame + piece for frame, piece in zip(sent, junk[1:], strict=True))

    whole = split(buffer=stream, final=True)
    assert whole.frames == sent
    assert whole.rest == b""
    refused = sum(len(rejected.frame) for rejected in whole.rejected)
    assert whole.garbage + refused <= len(stream)


@BOTH
@fuzzed
@given(data=st.data())
def test_any_chunking_splits_alike_and_keeps_little(
    split: Callable[..., Split], frames: list[bytes], data: st.DataObject
) -> None:
    pieces = data.draw(st.lists(st.one_of(JUNK, st.sampled_from(frames)), max_size=6))
    stream = b"".join(pieces)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))

    found: list[bytes] = []
    rest = b""
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        part = split(buffer=rest + stream[start:end])
        found += part.frames
        rest = part.rest
        assert len(rest) <= 65556
    found += split(buffer=rest, final=True).frames
    assert found == split(buffer=stream, final=True).frames


@pytest.mark.parametrize(
    "piece", [b"##\x02\xfe", b"~", b"~}", b"\0", b"$" * 7, b"##" + b"\x07\xfe" * 12]
)
def test_an_endless_stream_leaves_a_bounded_rest(piece: bytes) -> None:
    for split, limit in ((gb32960.split, 65556), (jtt808.split, jtt808.MAX_SPAN)):
        rest, taken = b"", 0
        for _ in range(200):
            part = split(buffer=rest + piece * 600)
            rest = part.rest
            taken += part.garbage + sum(len(rejected.frame) for rejected in part.rejected)
            assert len(rest) <= limit
        assert taken > 0 or piece == b"~"


def test_a_length_of_65535_is_no_header() -> None:
    hopeless = b"##\x02\xfe" + samples.VIN.encode() + b"\x01\xff\xff"
    good = GB_FRAMES[0]
    found = gb32960.split(buffer=hopeless + good)

    assert (found.frames, found.rest, found.garbage) == ([good], b"", len(hopeless))


def test_a_marker_inside_the_data_starts_nothing() -> None:
    inner = gb32960.encode(message=samples.gb(2016, 7, {}))
    item: Values = {"name": "custom", "type": 0x80, "data": inner.hex()}
    outer = gb32960.encode(message=samples.gb(2016, 2, {"time": samples.NOON, "items": [item]}))
    first = gb32960.split(buffer=outer[:-1])

    assert first.frames == []
    assert gb32960.split(buffer=first.rest + outer[-1:]).frames == [outer]


def test_a_rejected_frame_does_not_harm_the_next() -> None:
    for split, good in ((gb32960.split, GB_FRAMES[0]), (jtt808.split, JT_FRAMES[6])):
        bad = good[:40] + bytes((good[40] ^ 1,)) + good[41:]
        found = split(buffer=good + bad + good)

        assert found.frames == [good, good]
        assert [(one.frame, one.reason) for one in found.rejected] == [(bad, "checksum")]
        assert found.garbage == 0
