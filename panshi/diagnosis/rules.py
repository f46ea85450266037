"""From an alarm to a finding: which rule it belongs to, how grave it is, what to do about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

# GB/T 18384 asks for 100 Ω/V on a direct-current circuit and 500 Ω/V on an alternating one.
FLOOR_OHM_PER_V: Final = 100.0
TRACTION_OHM_PER_V: Final = 500.0


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of the alarm taxonomy; `bits` are general alarm flags of GB/T 32960 §6.7."""

    code: str
    group: str
    bits: frozenset[int]
    severity: int
    drive: bool
    title_zh: str
    title_en: str
    do_zh: str
    do_en: str


def _rule(
    code: str, group: str, bits: set[int], severity: int, drive: bool, zh: str, en: str,
    do_zh: str, do_en: str,
) -> Rule:  # fmt: skip
    return Rule(code, group, frozenset(bits), severity, drive, zh, en, do_zh, do_en)


RULES: Final = (
    _rule(
        "INSULATION_LOW",
        "insulation",
        {11},
        2,
        False,
        "绝缘电阻过低",
        "Insulation resistance low",
        "停止充电，就近停车断电，派持高压证的工程师上门测量。",
        "Stop charging, park and power down, send an engineer certified for high voltage.",
    ),
    _rule(
        "PACK_TEMPERATURE",
        "thermal",
        {0, 1},
        2,
        False,
        "电池温度异常",
        "Pack temperature abnormal",
        "停止行驶与充电，人员离车，观察温升。",
        "Stop driving and charging, leave the vehicle, watch.",
    ),
    _rule(
        "THERMAL_EVENT",
        "thermal",
        {23},
        4,
        False,
        "电池热事件",
        "Battery thermal event",
        "立即撤离并报警，保持二十米以上距离。",
        "Leave at once, call the fire brigade, keep 20 m away.",
    ),
    _rule(
        "DRIVE_TEMPERATURE",
        "thermal",
        {12, 15, 17, 21},
        2,
        True,
        "电驱温度异常",
        "Drive temperature abnormal",
        "降低负荷，检查冷却。",
        "Reduce load, check cooling.",
    ),
    _rule(
        "PACK_VOLTAGE",
        "voltage",
        {2, 3, 5, 6, 18, 22},
        2,
        True,
        "电池电压越限",
        "Battery voltage out of range",
        "限制快充，安排均衡检查。",
        "No fast charging, plan a check.",
    ),
    _rule(
        "SOC_ERROR",
        "soc",
        {4, 7, 8},
        1,
        True,
        "电量显示异常",
        "State of charge implausible",
        "下次满充后复核。",
        "Check again after the next full charge.",
    ),
    _rule(
        "CONSISTENCY",
        "consistency",
        {9, 10},
        1,
        True,
        "单体一致性差",
        "Poor cell consistency",
        "限制快充，安排均衡充电。",
        "No fast charging, plan a balance charge.",
    ),
    _rule(
        "SAFETY_CHAIN",
        "safety",
        {13, 14, 16, 19, 20},
        3,
        False,
        "安全回路故障",
        "Safety chain fault",
        "停车，派工程师上门。",
        "Stop, send an engineer.",
    ),
    _rule(
        "HYDROGEN",
        "hydrogen",
        {24, 25, 26, 27},
        3,
        False,
        "氢系统或电堆异常",
        "Hydrogen system abnormal",
        "停车通风，远离火源。",
        "Stop, ventilate, keep flames away.",
    ),
)
BY_CODE: Final[Mapping[str, Rule]] = {rule.code: rule for rule in RULES}
_BY_BIT: Final[Mapping[int, Rule]] = {bit: rule for rule in RULES for bit in rule.bits}


def rule_of(bit: int | None) -> Rule | None:
    """The rule that a general alarm flag belongs to; None for vendor codes and reserved flags."""
    return None if bit is None else _BY_BIT.get(bit)


def severity_of(
    rule: Rule, *, level: int, insulation_kohm: float | None, voltage_v: float | None
) -> int:
    """Our severity, 1..4: the rule's own, raised by the vehicle's level and by the measurement."""
    severity = max(rule.severity, min(level, 3))
    if rule.code == "INSULATION_LOW" and (ratio := ohm_per_volt(insulation_kohm, voltage_v)):
        severity = max(severity, 3 if ratio < FLOOR_OHM_PER_V else 2)
    return severity


def ohm_per_volt(insulation_kohm: float | None, voltage_v: float | None) -> float | None:
    """Insulation resistance against the pack voltage, in Ω/V; None when either is missing."""
    if insulation_kohm is None or not voltage_v:
        return None
    return insulation_kohm * 1000 / voltage_v


@dataclass(frozen=True, slots=True)
class Remedy:
    """What a finding calls for: catalogue items, parts, minutes from and to, skills."""

    item_codes: tuple[str, ...]
    part_codes: tuple[str, ...]
    minutes_low: int
    minutes_high: int
    skills: tuple[str, ...]
    two_person: bool


REMEDIES: Final[Mapping[str, Remedy]] = {
    "insulation": Remedy(
        ("INSULATION_CHECK",), ("HV_SEAL", "HV_CABLE"), 120, 360, ("HV",), two_person=True
    ),
    "thermal": Remedy(("COOLING_CHECK",), ("COOLANT",), 60, 180, ("HV",), two_person=True),
    "voltage": Remedy(("BATTERY_CHECK",), (), 60, 120, ("HV",), two_person=False),
    "soc": Remedy(("BATTERY_CHECK",), (), 30, 60, ("HV",), two_person=False),
    "consistency": Remedy(("BATTERY_BALANCE",), (), 120, 300, ("HV",), two_person=False),
    "safety": Remedy(("HV_INTERLOCK_CHECK",), (), 60, 180, ("HV",), two_person=True),
    "hydrogen": Remedy(("SAFETY_CHECK",), (), 60, 240, ("HV",), two_person=True),
}
