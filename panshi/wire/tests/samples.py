"""Messages of every kind to write, and the shared frames where they are at hand."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from panshi.wire import gb32960, jtt808
from panshi.wire.layout import Value, Values

SHARED_FRAMES = Path(__file__).parents[4] / "shared" / "data" / "frames.jsonl"
VIN = "LSVAA4182E2123456"
PHONE = "13912345678"
NOON = "2026-11-22T12:00:00+08:00"
HERE: Values = {"lon": 121.473701, "lat": 31.230416}


@dataclass(frozen=True, slots=True)
class SharedFrame:
    name: str
    protocol: str
    guess: str
    frame: bytes
    expected: Mapping[str, Value]


@cache
def _shared() -> tuple[SharedFrame, ...]:
    rows = [json.loads(line) for line in SHARED_FRAMES.read_text("utf-8").splitlines()]
    return tuple(
        SharedFrame(
            row["id"],
            row["protocol"],
            row["version_guess"],
            bytes.fromhex(row["hex"]),
            row["expected"],
        )
        for row in rows
    )


def shared_frames() -> tuple[SharedFrame, ...]:
    if not SHARED_FRAMES.exists():
        pytest.skip(f"the shared frames are not at {SHARED_FRAMES}")
    return _shared()


def vehicle(edition: int) -> dict[str, Value]:
    item: dict[str, Value] = {
        "name": "vehicle",
        "vehicle_state": 1,
        "charge_state": 3,
        "run_mode": 1,
        "speed_kmh": 48.3,
        "odometer_km": 93266.1,
        "voltage_v": 341.7,
        "current_a": -12.5,
        "soc_pct": 57,
        "dcdc_state": 1,
        "gear": 14,
        "braking": True,
        "insulation_kohm": 17884,
    }
    if edition == 2016:
        item |= {"accel_pedal_pct": 12, "brake_pedal": 101}
    return item


def motor(edition: int) -> dict[str, Value]:
    one: dict[str, Value] = {
        "index": 1,
        "state": 1,
        "controller_temp_c": 44,
        "speed_rpm": -437,
        "torque_nm": 21.7,
        "temp_c": 33,
    }
    if edition == 2016:
        one |= {"controller_voltage_v": 341.0, "controller_current_a": -0.3}
    return {"name": "motor", "motors": [one, {**one, "index": 2, "state": None}]}


def alarm(edition: int) -> dict[str, Value]:
    item: dict[str, Value] = {
        "name": "alarm",
        "max_level": 3,
        "general_bits": [1, 11, 18],
        "battery_faults": {"codes": ["0000007b", "ffffffff"]},
        "other_faults": {"codes": ["00080002"]},
    }
    if edition == 2025:
        item["general_levels"] = [{"bit": 1, "level": 2}, {"bit": 11, "level": 3}]
    return item


def cell_voltage(edition: int, cells: int = 100) -> dict[str, Value]:
    pack: dict[str, Value] = {
        "sub": 1,
        "voltage_v": 341.4,
        "current_a": -12.5,
        "cell_v": [(3200 + number) / 1000 for number in range(cells)],
    }
    if edition == 2016:
        pack |= {"cell_total": cells, "start_index": 1}
    return {"name": "cell_voltage", "packs": [pack]}


def items(edition: int) -> list[Value]:
    found: list[Value] = [
        vehicle(edition),
        motor(edition),
        {"name": "position", **HERE},
        alarm(edition),
        cell_voltage(edition),
        {"name": "cell_temp", "packs": [{"sub": 1, "temps_c": [28, -11, "invalid", 150]}]},
    ]
    if edition == 2016:
        found.insert(3, {"name": "extreme", **EXTREME})
    return found


EXTREME: Values = {
    "max_v_sub": 1,
    "max_v_cell": 5,
    "max_cell_v": 3.299,
    "min_v_sub": 1,
    "min_v_cell": 66,
    "min_cell_v": 3.2,
    "max_t_sub": 1,
    "max_t_probe": 4,
    "max_temp_c": 150,
    "min_t_sub": 1,
    "min_t_probe": 2,
    "min_temp_c": -11,
}


def gb(edition: int, command: int, body: Values, flag: int = 0xFE) -> gb32960.Message:
    return gb32960.Message(edition=edition, command=command, vin=VIN, body=body, flag=flag)


def realtime(edition: int) -> gb32960.Message:
    """A full report: vehicle, motors, place, alarms, 100 cells, probes."""
    return gb(edition, gb32960.REALTIME, {"time": NOON, "items": items(edition)})


def gb_messages() -> list[gb32960.Message]:
    found = [
        realtime(2016),
        realtime(2025),
        gb(2016, 1, {**_login(), "codes": ["0RJPEA00HAU1", "0RJPEA00HAU2"]}),
        gb(2016, 1, {**_login(), "subsystems": 1}),
        gb(2025, 1, {**_login(), "packs_per_bms": [1, 2], "pack_codes": ["A" * 24, "B", "C"]}),
        gb(2025, 9, {**_activation(), "vin": VIN}),
        gb(2025, 0x0A, {"status": 2, "info": 1}),
        gb(2025, 0x0B, {"key_type": 4, "key": "0a0b", "valid_from": NOON, "valid_to": NOON}),
        gb(
            2025,
            2,
            {"time": NOON, "items": _hydrogen(2025), "signature": _activation()["signature"]},
        ),
        gb(2016, 2, {"time": NOON, "items": _hydrogen(2016)}),
        gb(2025, 2, {"time": NOON, "items": [_supercap(), _stacks()]}),
    ]
    for edition in (2016, 2025):
        found += [
            gb(edition, 3, {"time": NOON, "items": [vehicle(edition)]}),
            gb(edition, 3, {"time": NOON, "items": [], "unknown_type": 13, "rest": "0010"}),
            gb(edition, 4, {"time": NOON, "serial": 7}),
            gb(edition, 5, {**_platform(), "username": "fleet", "password": "a b c"}),
            gb(edition, 6, {"time": NOON, "serial": 7}),
            gb(edition, 7, {}),
            gb(edition, 8, {}),
            gb(edition, 2, {"time": NOON}, flag=1),
            gb(edition, 7, {}, flag=1),
            gb(edition, 0x80, {"time": NOON, "ids": [1, 2, 16]}),
            gb(edition, 0x80, {"time": NOON, "params": _params()}, flag=1),
            gb(edition, 0x81, {"time": NOON, "params": _params()}),
            gb(edition, 0x82, {"time": NOON, "control": 6, "params_raw": "0341"}),
            gb(edition, 0x82, {"time": NOON, "control": 2}),
            gb(edition, 0xC0, {"raw": "010203"}),
        ]
    return found


def _login() -> dict[str, Value]:
    return {"time": NOON, "serial": 12, "iccid": "89860924790023166606"}


def _platform() -> dict[str, Value]:
    return {"time": NOON, "serial": 1, "encryption": 1}


def _activation() -> dict[str, Value]:
    signature: Values = {"algo": 1, "r": "00" * 32, "s": "ff" * 32}
    return {"time": NOON, "chip_id": "12345678", "public_key": "c0ffee", "signature": signature}


def _params() -> list[Value]:
    return [
        {"id": 1, "value": 5000},
        {"id": 2, "value": 30},
        {"id": 4, "value": 10},
        {"id": 5, "value": "google.com"},
        {"id": 7, "value": "1.0.0"},
    ]


def _hydrogen(edition: int) -> list[Value]:
    cell: dict[str, Value] = {
        "name": "fuel_cell",
        "h2_max_temp_c": 61.0,
        "h2_max_temp_probe": 1,
        "h2_max_conc_sensor": 2,
        "h2_max_pressure_mpa": 35.1,
        "h2_max_pressure_sensor": 1,
        "hv_dcdc_state": 1,
    }
    if edition == 2016:
        cell |= {"voltage_v": 300.1, "current_a": 10.5, "fuel_rate_kg_100km": 0.91}
        cell |= {"temps_c": [60, "abnormal"], "h2_max_conc_mg_kg": 4}
        return [cell, {"name": "engine", "state": 1, "crank_rpm": 900, "fuel_rate_l_100km": 7.25}]
    cell |= {"h2_max_conc_pct": 0.0004, "h2_remaining_pct": 80, "hv_dcdc_temp_c": -3}
    return [cell, {"name": "engine", "crank_rpm": 900}]


def _supercap() -> Values:
    return {"name": "supercap", "system": 1, "voltage_v": 100.0, "cell_v": [1.2], "temps_c": [60]}


def _stacks() -> Values:
    one: Values = {"index": 1, "voltage_v": 99.9, "h2_inlet_kpa": -1.5, "temps_c": [70, 71]}
    return {"name": "fuel_cell_stack", "stacks": [one]}


def location(**changed: Value) -> dict[str, Value]:
    return {
        "alarm_bits": [1],
        "acc_on": True,
        "positioned": True,
        **HERE,
        "altitude_m": 40,
        "speed_kmh": 60.3,
        "direction_deg": 359,
        "time": NOON,
        "extras": [
            {"id": "01", "mileage_km": 13.8},
            {"id": "30", "rssi": 31},
            {"id": "31", "satellites": 14},
            {"id": "e1", "hex": "7e7d"},
        ],
        **changed,
    }


def jt(edition: int, msg_id: int, body: Values, tail: bytes = b"") -> jtt808.Message:
    phone = PHONE.zfill(20 if edition == 2019 else 12)
    return jtt808.Message(
        msg_id=msg_id, edition=edition, phone=phone, serial=0x7E7D, body=body, tail=tail
    )


def jt_messages() -> list[jtt808.Message]:
    found = []
    for edition in (2013, 2019):
        bodies: list[tuple[int, Values]] = [
            (0x0002, {}),
            (0x0001, {"ack_serial": 126, "ack_id": "8103", "result": 0}),
            (0x0102, _authenticate(edition)),
            (0x0104, {"ack_serial": 3, "params": [{"id": "0001", "hex": "0000003c"}]}),
            (0x0107, attributes()),
            (0x0108, {"type": 52, "result": 2}),
            (0x0200, location()),
            (0x0200, location(lat=-33.5, lon=-70.25, extras=[])),
            (0x0201, {"ack_serial": 9, "location": location()}),
            (0x0500, {"ack_serial": 9, "location": location()}),
            (0x0704, {"type": 1, "locations": [location(), location(speed_kmh=0.0)]}),
            (0x0800, _media()),
            (0x0900, {"type": "41", "data": "7d02"}),
            (0x8001, {"ack_serial": 1, "ack_id": "0200", "result": 4}),
            (0x8003, {"orig_serial": 1, "ids": [2, 3]}),
            (0x8100, {"ack_serial": 1, "result": 0, "auth_code": "secret"}),
            (0x8100, {"ack_serial": 1, "result": 3}),
            (0x8103, {"params": [{"id": "0029", "hex": "0000001e"}, {"id": "f364", "hex": ""}]}),
            (0x8104, {}),
            (0x8105, {"command": 4, "args": ""}),
            (0x8106, {"ids": ["00000001", "0000f364"]}),
            (0x8201, {}),
            (0x8202, {"interval_s": 5, "duration_s": 600}),
            (0x8203, {"alarm_serial": 0, "alarm_type": "00000001"}),
            (0x8800, {"media_id": 1, "retransmit": [2, 3]}),
            (0x0705, {"raw": "0102"}),
        ]
        found += [jt(edition, msg_id, body) for msg_id, body in bodies]
        found.append(jt(edition, 0x8300, _text(edition)))
        media = {**_media(), "location": location(extras=[])}
        found.append(jt(edition, 0x0801, media, tail=b"\x7e\x7d\x00"))
    for edition in (2011, 2013, 2019):
        found.append(jt(edition, 0x0100, _register()))
    found.append(jt(2013, 0x8500, {"flag": 1}))
    found.append(jt(2019, 0x8500, {"count": 1, "raw_items": "000101"}))
    return found


def _register() -> Values:
    return {
        "province": 31,
        "city": 115,
        "maker": "70111",
        "model": "BSJ-M7B",
        "terminal_id": "0000001",
        "plate_color": 5,
        "plate": "沪AD12345",
    }


def _authenticate(edition: int) -> Values:
    code: dict[str, Value] = {"auth_code": "20232609559"}
    if edition == 2019:
        code |= {"imei": "867567041100769", "software": "1.0.2"}
    return code


def _text(edition: int) -> Values:
    text: dict[str, Value] = {"flag": 4, "text": "请靠边停车"}
    return {**text, "text_type": 1} if edition == 2019 else text


def attributes() -> Values:
    return {
        "terminal_type": 5,
        "maker": "10601",
        "model": "M7",
        "terminal_id": "4d6a130",
        "iccid": "89860324947560032900",
        "hw": "HW-V2.5",
        "fw": "",
        "gnss": 3,
        "comm": 5,
    }


def _media() -> dict[str, Value]:
    return {"media_id": 123, "media_type": 0, "format": 0, "event": 7, "channel": 1}
