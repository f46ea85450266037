"""Read, encode, reply and explain, on our own frames and on captured ones."""

from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from panshi.wire import gb32960, jtt808
from panshi.wire.errors import WireError
from panshi.wire.framing import xor_of
from panshi.wire.gb32960_columns import read_columns as gb_columns
from panshi.wire.jtt808_columns import packet_columns
from panshi.wire.jtt808_columns import read_columns as jt_columns
from panshi.wire.jtt808_explain import explain as jt_explain
from panshi.wire.jtt808_messages import Attributes
from panshi.wire.layout import Field, Value
from panshi.wire.tests import samples

# A heartbeat of each protocol, byte for byte, so that reader and writer cannot be wrong together.
GB_HEARTBEAT = bytes.fromhex("2323 07fe" + samples.VIN.encode().hex() + "01 0000")
JT_HEARTBEAT = bytes.fromhex("7e 0002 0000 013912345678 0001 33 7e")
JT_LOCATION = bytes.fromhex(
    "0200 0026 013912345678 0001 00000001 00000002 00ba7f0e 07e4f11c 0028 003c 0000 181015101010"
    "0104 00000064 0202 007d"
)


def contains(found: Value, wanted: Value) -> bool:
    """Whether `found` says everything that `wanted` says; None asks for the invalid marker."""
    if isinstance(wanted, Mapping):
        return isinstance(found, Mapping) and all(
            contains(found.get(key), value) for key, value in wanted.items()
        )
    if isinstance(wanted, list):
        return (
            isinstance(found, list)
            and len(found) == len(wanted)
            and all(map(contains, found, wanted))
        )
    return found == ("invalid" if wanted is None else wanted)


@pytest.mark.parametrize(
    "message", samples.gb_messages(), ids=lambda m: f"{m.edition}-{m.command:02x}"
)
def test_gb_encode_then_read_says_the_same(message: gb32960.Message) -> None:
    frame = gb32960.encode(message=message)
    found = gb32960.read(frame=frame)

    assert contains(found.body, message.body), found.body
    assert (found.edition, found.command, found.flag) == (
        message.edition,
        message.command,
        message.flag,
    )
    assert found.vin == samples.VIN
    assert gb32960.encode(message=found) == frame
    assert gb32960.read(frame=gb32960.encode(message=found)) == found


@pytest.mark.parametrize(
    "message", samples.jt_messages(), ids=lambda m: f"{m.edition}-{m.msg_id:04x}"
)
def test_jt_encode_then_read_says_the_same(message: jtt808.Message) -> None:
    frame = jtt808.encode(message=message)
    found = jtt808.read(frame=frame)

    assert contains(found.body, message.body), found.body
    assert (found.edition, found.msg_id, found.phone, found.serial, found.tail) == (
        message.edition,
        message.msg_id,
        message.phone,
        message.serial,
        message.tail,
    )
    assert b"~" not in frame[1:-1]
    assert jtt808.encode(message=found) == frame
    assert jtt808.read(frame=jtt808.encode(message=found)) == found


def test_frames_are_laid_out_as_the_standards_say() -> None:
    check = bytes((xor_of(GB_HEARTBEAT[2:]),))

    assert gb32960.encode(message=samples.gb(2016, 7, {})) == GB_HEARTBEAT + check
    message = jtt808.Message(msg_id=2, edition=2013, phone=samples.PHONE, serial=1, body={})
    assert jtt808.encode(message=message) == JT_HEARTBEAT


def test_every_shared_frame_reads_as_expected() -> None:
    wrong = []
    for row in samples.shared_frames():
        if "reject" in row.expected:
            continue
        found = _as_dict(row)
        for key, value in row.expected.items():
            if key != "upstream_assertions" and found.get(key) != value:
                wrong.append((row.name, key))
    assert wrong == []


def test_every_shared_frame_is_written_back_byte_for_byte() -> None:
    wrong = []
    for row in samples.shared_frames():
        if "reject" in row.expected:
            continue
        if row.protocol == gb32960.PROTOCOL:
            again = gb32960.encode(message=gb32960.read(frame=row.frame))
        else:
            again = jtt808.encode(message=jtt808.read(frame=row.frame))
        if again != row.frame:
            wrong.append(row.name)
    assert wrong == []


def test_every_broken_shared_frame_is_refused_for_its_reason() -> None:
    broken = [row for row in samples.shared_frames() if "reject" in row.expected]
    assert len(broken) >= 20
    for row in broken:
        with pytest.raises(WireError) as caught:
            _as_dict(row)
        assert caught.value.reason == row.expected["reject"], row.name


def _as_dict(row: samples.SharedFrame) -> Mapping[str, Value]:
    if row.protocol == gb32960.PROTOCOL:
        return gb32960.to_dict(message=gb32960.read(frame=row.frame))
    return jtt808.to_dict(message=jtt808.read(frame=row.frame))


def test_every_shared_frame_is_explained_without_a_gap() -> None:
    for row in samples.shared_frames():
        if "reject" not in row.expected:
            _covers(_explain(row.frame), row.frame)


def _explain(frame: bytes) -> list[Field]:
    return jt_explain(frame=frame) if frame[:1] == b"~" else gb32960.explain(frame=frame)


def _covers(fields: list[Field], frame: bytes) -> None:
    assert fields[0].offset == 0
    assert all(one.offset + one.length == two.offset for one, two in pairwise(fields))
    assert "".join(field.raw_hex for field in fields) == frame.hex()


def test_explain_lights_a_fields_own_bytes() -> None:
    frame = gb32960.encode(message=samples.realtime(2016))
    fields = {field.name: field for field in gb32960.explain(frame=frame)}

    speed = fields["vehicle.speed_kmh"]
    assert (speed.offset, speed.length, speed.raw_hex) == (34, 2, "01e3")
    assert (speed.value, speed.unit) == (48.3, "km/h")
    cell = fields["cell_voltage.packs[1].cell_v[100]"]
    assert (cell.length, cell.value, cell.unit) == (2, 3.299, "V")
    assert fields["cell_temp.packs[1].temps_c[3]"].value == "invalid"


def test_explain_counts_escapes_as_sent() -> None:
    frame = jtt808.encode(message=samples.jt(2013, 0x0002, {}))
    fields = {field.name: field for field in jt_explain(frame=frame)}

    assert fields["serial"].raw_hex == "7d027d01"
    assert fields["serial"].value == 0x7E7D


def test_a_wrong_check_byte_is_explained_but_not_read() -> None:
    frame = bytearray(gb32960.encode(message=samples.realtime(2025)))
    frame[-1] ^= 1

    with pytest.raises(WireError, match=r"^checksum: check byte"):
        gb32960.read(frame=bytes(frame))
    fields = gb32960.explain(frame=bytes(frame))
    assert str(fields[-1].value).startswith("check byte")
    assert gb_columns(frame=bytes(frame), tolerant=True)[0].checked is False


@pytest.mark.parametrize("edition", [2016, 2025])
def test_columns_of_a_full_report(edition: int) -> None:
    frame = gb32960.encode(message=samples.realtime(edition))
    (reading,) = gb_columns(frame=frame)

    assert (reading.kind, reading.identity, reading.edition) == ("REALTIME", samples.VIN, edition)
    assert reading.time == int(datetime(2026, 11, 22, 4, tzinfo=UTC).timestamp())
    assert (reading.speed_kmh, reading.odometer_km) == (48.3, 93266.1)
    assert (reading.voltage_v, reading.current_a, reading.soc_pct) == (341.7, -12.5, 57)
    assert (reading.lon, reading.lat, reading.fix_valid) == (121.473701, 31.230416, True)
    assert reading.datum == (1 if edition == 2025 else None)
    assert (reading.charge_state, reading.insulation_kohm, reading.gear) == (3, 17884, 14)
    assert (reading.alarm_level, reading.alarm_bits) == (3, 1 << 1 | 1 << 11 | 1 << 18)
    assert reading.vendor_faults == [0x7B, 0xFFFFFFFF, 0x80002]
    assert reading.cells_mv == list(range(3200, 3300))
    assert reading.temps_c == [28, -11, None, 150]
    assert (reading.max_cell_mv, reading.min_cell_mv) == (3299, 3200)
    assert (reading.max_temp_c, reading.min_temp_probe) == (150, 2)
    assert [motor.speed_rpm for motor in reading.motors] == [-437, -437]
    assert [motor.state for motor in reading.motors] == [1, None]
    assert reading.motors[0].torque_tenths == 217
    assert reading.unparsed == 0


def test_a_reissued_copy_has_its_originals_crc() -> None:
    body = samples.realtime(2025).body
    signed: dict[str, Value] = {**body, "signature": {"algo": 1, "r": "aa", "s": "bb"}}
    original = gb32960.encode(message=samples.gb(2025, 2, signed))
    copy = gb32960.encode(message=samples.gb(2025, 3, body))

    first, second = gb_columns(frame=original)[0], gb_columns(frame=copy)[0]
    assert first.crc == second.crc != 0
    assert (first.kind, second.kind) == ("REALTIME", "REISSUE")


def test_markers_become_nothing_before_they_are_scaled() -> None:
    item: dict[str, Value] = {
        "name": "vehicle",
        "insulation_kohm": 0xFFFF,
        "soc_pct": "abnormal",
        "speed_kmh": None,
    }
    frame = gb32960.encode(message=samples.gb(2016, 2, {"time": samples.NOON, "items": [item]}))
    (reading,) = gb_columns(frame=frame)

    assert (reading.speed_tenths, reading.odometer_tenths, reading.soc_pct) == (None, None, None)
    assert (reading.current_tenths, reading.voltage_tenths) == (None, None)
    # The 2016 edition defines no markers for the insulation resistance.
    assert reading.insulation_kohm == 0xFFFF


def test_an_item_beyond_the_data_keeps_those_before_it() -> None:
    whole = samples.realtime(2016)
    frame = gb32960.encode(message=whole)
    data = frame[24:-1][:60]
    cut = gb32960.encode(message=samples.gb(2016, 2, {"raw": data.hex()}))
    found = gb32960.read(frame=cut)
    (reading,) = gb_columns(frame=cut)

    assert found.body["truncated_type"] == 5
    assert found.body["rest"] == data[54:].hex()
    assert reading.speed_kmh == 48.3
    assert reading.lon is None
    assert reading.unparsed == 7


def test_no_date_is_no_time() -> None:
    body = {"time": "2026-13-40T25:61:61+08:00", "items": []}
    frame = gb32960.encode(message=samples.gb(2016, 2, body))

    assert gb32960.read(frame=frame).body["time"] == "2026-13-40T25:61:61+08:00"
    assert gb_columns(frame=frame)[0].time is None


def test_encrypted_units_stay_closed() -> None:
    message = gb32960.Message(
        edition=2016, command=2, vin=samples.VIN, encryption=3, body={"raw": "00" * 32}
    )
    frame = gb32960.encode(message=message)

    assert gb32960.read(frame=frame).body == {"raw": "00" * 32}
    assert gb_columns(frame=frame)[0].undecoded is True


def test_gb_replies() -> None:
    frame = gb32960.encode(message=samples.realtime(2016))
    answer = gb32960.reply(frame=frame)

    assert len(answer) == 31
    assert gb32960.read(frame=answer).body == {"time": samples.NOON}
    assert gb32960.read(frame=answer).flag == gb32960.SUCCESS
    heartbeat = gb32960.encode(message=samples.gb(2025, 7, {}))
    assert len(gb32960.reply(frame=heartbeat)) == 25
    full = gb32960.reply(frame=frame, flag=gb32960.ERROR, echo=True)
    assert full[24:-1] == frame[24:-1]
    sync = gb32960.encode(message=samples.gb(2016, 8, {}))
    clock = gb32960.reply(frame=sync, at=datetime(2026, 11, 22, 4, tzinfo=UTC))
    assert gb32960.read(frame=clock).body == {"time": samples.NOON}
    with pytest.raises(WireError, match="never answered"):
        gb32960.reply(frame=answer)


def test_a_report_with_a_wrong_check_byte_can_still_be_answered() -> None:
    frame = bytearray(gb32960.encode(message=samples.realtime(2016)))
    frame[-1] ^= 1
    answer = gb32960.reply(frame=bytes(frame), flag=gb32960.ERROR)
    assert gb32960.read(frame=answer).flag == gb32960.ERROR


@pytest.mark.parametrize("edition", [2011, 2013, 2019])
def test_jt_replies_in_the_frames_own_header_form(edition: int) -> None:
    register = next(m for m in samples.jt_messages() if (m.edition, m.msg_id) == (edition, 0x0100))
    answer = jtt808.read(
        frame=jtt808.reply(
            frame=jtt808.encode(message=register), serial=5, result=0, auth_code="码"
        )
    )
    assert (answer.msg_id, answer.phone, answer.serial) == (0x8100, register.phone, 5)
    assert answer.body == {"ack_serial": 0x7E7D, "result": 0, "auth_code": "码"}

    beat = jtt808.encode(message=samples.jt(edition, 0x0002, {}))
    answer = jtt808.read(frame=jtt808.reply(frame=beat, serial=6, result=3))
    assert answer.body == {"ack_serial": 0x7E7D, "ack_id": "0002", "result": 3}

    general: dict[str, Value] = {"ack_serial": 1, "ack_id": "8103", "result": 0}
    with pytest.raises(WireError, match="never answered"):
        jtt808.reply(frame=jtt808.encode(message=samples.jt(edition, 1, general)), serial=7)


def test_jt_server_time() -> None:
    frame = jtt808.encode(message=samples.jt(2019, 0x0004, {}))
    answer = jtt808.reply(frame=frame, serial=1, at=datetime(2026, 11, 22, 4, tzinfo=UTC))
    assert jtt808.read(frame=answer).body == {"time": samples.NOON}


def test_a_location_written_by_hand_is_read() -> None:
    frame = jtt808.frame_of(data=JT_LOCATION)
    body = jtt808.read(frame=frame).body

    assert (body["lat"], body["lon"], body["speed_kmh"]) == (12.222222, 132.444444, 6.0)
    assert (body["alarm_bits"], body["acc_on"], body["positioned"]) == ([0], False, True)
    assert body["time"] == "2018-10-15T10:10:10+08:00"
    (reading,) = jt_columns(frame=frame)
    assert (reading.odometer_km, reading.lat_e6, reading.identity) == (
        10.0,
        12222222,
        samples.PHONE,
    )


def test_columns_of_a_location() -> None:
    message = samples.jt(2019, 0x0200, samples.location(lat=-33.5))
    (reading,) = jt_columns(frame=jtt808.encode(message=message))

    assert (reading.identity, reading.sent_identity) == (samples.PHONE, samples.PHONE.zfill(20))
    assert (reading.lat, reading.lon) == (-33.5, 121.473701)
    assert (reading.speed_kmh, reading.odometer_km, reading.direction_deg) == (60.3, 13.8, 359)
    assert (reading.acc_on, reading.fix_valid, reading.altitude_m) == (True, True, 40)
    assert (reading.alarm_bits, reading.status_bits) == (2, 0b111)
    assert (reading.signal, reading.satellites) == (31, 14)
    assert (0xE1, b"\x7e\x7d") in reading.extras
    assert reading.time == int(datetime(2026, 11, 22, 4, tzinfo=UTC).timestamp())


def test_columns_of_a_batch_are_one_reading_each() -> None:
    reports: list[Value] = [samples.location(speed_kmh=float(number)) for number in range(5)]
    frame = jtt808.encode(message=samples.jt(2013, 0x0704, {"type": 1, "locations": reports}))
    readings = jt_columns(frame=frame)

    assert [reading.speed_kmh for reading in readings] == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert {reading.kind for reading in readings} == {"REISSUE"}


def test_a_batch_report_has_the_crc_of_the_same_report_alone() -> None:
    alone = jtt808.encode(message=samples.jt(2013, 0x0200, samples.location()))
    batch = samples.jt(2013, 0x0704, {"type": 1, "locations": [samples.location()]})
    assert jt_columns(frame=alone)[0].crc == jt_columns(frame=jtt808.encode(message=batch))[0].crc


def test_packets_join_to_one_message() -> None:
    whole = jtt808.read(frame=jtt808.encode(message=samples.jt(2019, 0x0200, samples.location())))
    assert whole.packet is not None
    body = whole.packet.body
    packets = [
        jtt808.open_frame(
            frame=jtt808.encode(
                message=jtt808.Message(
                    msg_id=0x0200,
                    edition=2019,
                    phone=whole.phone,
                    serial=index,
                    body={},
                    package=(3, index),
                    tail=body[(index - 1) * 20 : index * 20 if index < 3 else None],
                )
            )
        )
        for index in (1, 2, 3)
    ]
    joined = jtt808.join(packets=[packets[2], packets[0], packets[1]])

    assert jtt808.read_packet(packet=joined).body == whole.body
    assert packet_columns(packet=joined)[0].speed_kmh == 60.3
    assert packet_columns(packet=packets[0])[0].kind == "FRAGMENT"
    with pytest.raises(WireError, match="not 1 to their total"):
        jtt808.join(packets=packets[:2])


@pytest.mark.parametrize(
    ("package", "reason"), [((0, 0), "header"), ((2, 3), "header"), ((2, 0), "header")]
)
def test_a_packet_outside_its_total_is_refused(package: tuple[int, int], reason: str) -> None:
    message = jtt808.Message(
        msg_id=0x0801, edition=2013, phone="1", serial=1, body={}, package=package, tail=b"x"
    )
    with pytest.raises(WireError) as caught:
        jtt808.read(frame=jtt808.encode(message=message))
    assert caught.value.reason == reason


def test_a_short_header_with_the_2019_flag_is_refused() -> None:
    with pytest.raises(WireError, match=r"^header"):
        jtt808.read(frame=jtt808.frame_of(data=bytes.fromhex("0002400001391234567800")))


def test_a_wrong_escape_is_refused() -> None:
    with pytest.raises(WireError, match=r"^escape"):
        jtt808.read(frame=bytes.fromhex("7e0002000001391234567d0300013d7e"))


def test_attributes_with_a_long_maker_stay_raw_and_are_offered_beside() -> None:
    attributes = Attributes(2019, 11)
    raw = bytearray()
    attributes.write({**samples.attributes(), "maker": "LONGMAKER"}, raw)
    frame = jtt808.encode(message=samples.jt(2019, 0x0107, {"raw": raw.hex()}))
    found = jtt808.to_dict(message=jtt808.read(frame=frame))

    assert found["body"] == {"raw": raw.hex()}
    assert contains(found["attributes"], {"maker": "LONGMAKER", "hw": "HW-V2.5"})


@pytest.mark.parametrize(
    "item",
    [
        {"name": "vehicle", "speed_kmh": 1e9, "insulation_kohm": 1},
        {"name": "vehicle", "speed_kmh": float("nan"), "insulation_kohm": 1},
        {"name": "vehicle"},
        {"name": "alarm", "general_bits": [99]},
        {"name": "no such item"},
        {"name": "motor", "motors": [3]},
        {"name": "position", "lon": "east", "lat": 3},
    ],
)
def test_what_fits_no_frame_is_refused_on_writing(item: dict[str, Value]) -> None:
    with pytest.raises(WireError) as caught:
        gb32960.encode(message=samples.gb(2016, 2, {"time": samples.NOON, "items": [item]}))
    assert caught.value.reason == "value"


def test_a_body_too_long_for_one_packet_is_refused() -> None:
    with pytest.raises(WireError, match="1023 allowed"):
        jtt808.encode(message=samples.jt(2013, 0x0900, {"type": "00", "data": "00" * 1023}))
