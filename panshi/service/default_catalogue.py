"""The catalogue every new company begins with: services, parts and prices in CNY, tax included."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final


@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultItem:
    """One service; without `fixed` its labour is minutes at the hourly rate."""

    code: str
    category: str
    zh: str
    en: str
    minutes: int
    skills: tuple[str, ...] = ("GENERAL",)
    certificates: tuple[str, ...] = ()
    parts: dict[str, int] = field(default_factory=dict)
    fixed: Decimal | None = None
    crew: int = 1
    high_voltage: bool = False
    readings: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultPart:
    code: str
    zh: str
    en: str
    price: Decimal
    unit: str = "PCS"
    high_voltage: bool = False
    safety: bool = False


HV_PAPER: Final = "HV_ELECTRICIAN"
LABOUR_PER_HOUR: Final = Decimal("120.00")
CALL_OUT: Final = Decimal("50.00")
URGENT: Final = Decimal("80.00")
NIGHT: Final = Decimal("100.00")


def _reading(
    code: str, zh: str, en: str, unit: str, low: float | None, high: float | None
) -> dict[str, Any]:
    return {"code": code, "zh": zh, "en": en, "unit": unit, "low": low, "high": high}


_INSULATION = _reading("INSULATION", "绝缘电阻", "Insulation resistance", "Ω/V", 500, None)
_TORQUE = _reading("WHEEL_TORQUE", "车轮螺栓扭矩", "Wheel bolt torque", "N·m", 100, 220)
_PADS = _reading("PAD_MM", "摩擦片厚度", "Brake pad thickness", "mm", 3, None)
_TREAD = _reading("TREAD_MM", "花纹深度", "Tread depth", "mm", 1.6, None)
_SPREAD = _reading("CELL_SPREAD", "单体压差", "Cell voltage spread", "mV", None, 50)
_LOW_BATTERY = _reading("BATTERY_12V", "低压蓄电池电压", "12 V battery voltage", "V", 12.2, 15)


def _hv(code: str, zh: str, en: str, minutes: int, **more: Any) -> DefaultItem:
    """Work on the high-voltage system: certified hands, and a second person to release it."""
    values: dict[str, Any] = {
        "category": "REPAIR",
        "skills": ("HV",),
        "certificates": (HV_PAPER,),
        "high_voltage": True,
        "readings": (_INSULATION,),
    }
    return DefaultItem(code=code, zh=zh, en=en, minutes=minutes, **{**values, **more})


ITEMS: Final = (
    DefaultItem(
        code="ROUTINE_SERVICE", category="MAINTENANCE", zh="常规保养", en="Routine service",
        minutes=60, parts={"CABIN_FILTER": 1}, fixed=Decimal("168.00"), readings=(_LOW_BATTERY,),
    ),
    DefaultItem(
        code="GEAR_OIL", category="MAINTENANCE", zh="减速器油更换", en="Gear oil change",
        minutes=40, parts={"GEAR_OIL_1L": 2},
    ),
    DefaultItem(
        code="COOLANT_CHANGE", category="MAINTENANCE", zh="冷却液更换", en="Coolant change",
        minutes=50, parts={"COOLANT": 4},
    ),
    DefaultItem(
        code="BRAKE_FLUID", category="MAINTENANCE", zh="制动液更换", en="Brake fluid change",
        minutes=40, skills=("BRAKE",), parts={"BRAKE_FLUID_1L": 1},
    ),
    DefaultItem(
        code="TYRE_ROTATION", category="MAINTENANCE", zh="轮胎换位", en="Tyre rotation",
        minutes=45, skills=("TYRE",), fixed=Decimal("80.00"), readings=(_TREAD, _TORQUE),
    ),
    DefaultItem(
        code="SAFETY_CHECK", category="MAINTENANCE", zh="整车安全检查", en="Full safety check",
        minutes=60, skills=("HV",), certificates=(HV_PAPER,), high_voltage=True,
        readings=(_INSULATION, _PADS, _TREAD),
    ),
    DefaultItem(
        code="WIPER_BLADES", category="MAINTENANCE", zh="雨刮片更换", en="Wiper blades",
        minutes=15, parts={"WIPER_SET": 1}, fixed=Decimal("20.00"),
    ),
    DefaultItem(
        code="BATTERY_12V", category="REPAIR", zh="低压蓄电池更换", en="12 V battery replacement",
        minutes=30, skills=("ELECTRICAL",), parts={"BATTERY_12V_60AH": 1},
        readings=(_LOW_BATTERY,),
    ),
    _hv("INSULATION_CHECK", "绝缘故障检修", "Insulation fault check", 120, crew=2),
    _hv("HV_INTERLOCK_CHECK", "高压互锁检修", "High-voltage interlock check", 90, crew=2),
    _hv("COOLING_CHECK", "电池热管理检修", "Battery cooling check", 90, crew=2),
    _hv("BATTERY_CHECK", "动力电池检测", "Traction battery check", 60, readings=(_SPREAD,)),
    _hv("BATTERY_BALANCE", "动力电池均衡", "Traction battery balancing", 180,
        readings=(_SPREAD, _INSULATION)),
    _hv("CHARGE_PORT", "充电口维修", "Charging port repair", 75, parts={"CHARGE_PORT_DC": 1}),
    _hv("DCDC_REPLACE", "DC/DC 转换器更换", "DC/DC converter replacement", 120,
        parts={"DCDC_UNIT": 1}),
    _hv("MOTOR_CHECK", "驱动电机检修", "Drive motor check", 120),
    _hv("AIRCON_REPAIR", "空调维修", "Air conditioning repair", 90, parts={"REFRIGERANT": 1}),
    DefaultItem(
        code="BRAKE_PADS_FRONT", category="REPAIR", zh="前制动片更换", en="Front brake pads",
        minutes=60, skills=("BRAKE",), parts={"BRAKE_PADS_F": 1}, readings=(_PADS, _TORQUE),
    ),
    DefaultItem(
        code="BRAKE_PADS_REAR", category="REPAIR", zh="后制动片更换", en="Rear brake pads",
        minutes=70, skills=("BRAKE",), parts={"BRAKE_PADS_R": 1}, readings=(_PADS, _TORQUE),
    ),
    DefaultItem(
        code="TYRE_REPLACE", category="REPAIR", zh="轮胎更换", en="Tyre replacement",
        minutes=40, skills=("TYRE",), parts={"TYRE_195R14C": 1}, readings=(_TREAD, _TORQUE),
    ),
    DefaultItem(
        code="TERMINAL_CHECK", category="REPAIR", zh="车载终端检修", en="Terminal check",
        minutes=40, skills=("ELECTRICAL",), fixed=Decimal("90.00"),
    ),
    DefaultItem(
        code="DOOR_LOCK", category="REPAIR", zh="货厢门锁维修", en="Cargo door lock repair",
        minutes=45, parts={"DOOR_LOCK_SET": 1},
    ),
    DefaultItem(
        code="RESCUE_START", category="REPAIR", zh="现场救援启动", en="Roadside start",
        minutes=30, skills=("ELECTRICAL",), fixed=Decimal("120.00"),
    ),
    DefaultItem(
        code="WASH", category="BEAUTY", zh="整车清洗", en="Vehicle wash",
        minutes=40, fixed=Decimal("48.00"),
    ),
    DefaultItem(
        code="CARGO_CLEAN", category="BEAUTY", zh="货厢深度清洁", en="Cargo box deep cleaning",
        minutes=60, fixed=Decimal("88.00"),
    ),
    DefaultItem(
        code="INSPECTION_PREP", category="VALUE_ADDED", zh="年检代办与预检",
        en="Annual inspection service", minutes=90, fixed=Decimal("260.00"),
        readings=(_PADS, _TREAD),
    ),
    DefaultItem(
        code="CARGO_SHELF", category="CONVERSION", zh="货厢货架加装", en="Cargo shelf fitting",
        minutes=150, parts={"SHELF_KIT": 1},
    ),
)  # fmt: skip

PARTS: Final = (
    DefaultPart(code="CABIN_FILTER", zh="空调滤芯", en="Cabin filter", price=Decimal("45.00")),
    DefaultPart(
        code="GEAR_OIL_1L", zh="减速器油 1 升", en="Gear oil, 1 l", price=Decimal("68.00"), unit="L"
    ),
    DefaultPart(
        code="COOLANT", zh="冷却液 1 升", en="Coolant, 1 l", price=Decimal("28.00"), unit="L"
    ),
    DefaultPart(
        code="BRAKE_FLUID_1L", zh="制动液 1 升", en="Brake fluid, 1 l", price=Decimal("52.00"),
        unit="L", safety=True,
    ),
    DefaultPart(code="WIPER_SET", zh="雨刮片套装", en="Wiper set", price=Decimal("58.00")),
    DefaultPart(
        code="BATTERY_12V_60AH", zh="12 V 蓄电池 60 Ah", en="12 V battery, 60 Ah",
        price=Decimal("460.00"),
    ),
    DefaultPart(
        code="HV_SEAL", zh="高压接插件密封圈", en="High-voltage connector seal",
        price=Decimal("36.00"), high_voltage=True, safety=True,
    ),
    DefaultPart(
        code="HV_CABLE", zh="高压线束总成", en="High-voltage cable", price=Decimal("980.00"),
        high_voltage=True, safety=True,
    ),
    DefaultPart(
        code="CHARGE_PORT_DC", zh="直流充电口总成", en="DC charging port",
        price=Decimal("760.00"), high_voltage=True, safety=True,
    ),
    DefaultPart(
        code="DCDC_UNIT", zh="DC/DC 转换器", en="DC/DC converter", price=Decimal("1680.00"),
        high_voltage=True,
    ),
    DefaultPart(code="REFRIGERANT", zh="制冷剂", en="Refrigerant", price=Decimal("120.00")),
    DefaultPart(
        code="BRAKE_PADS_F", zh="前制动片", en="Front brake pads", price=Decimal("238.00"),
        unit="SET", safety=True,
    ),
    DefaultPart(
        code="BRAKE_PADS_R", zh="后制动片", en="Rear brake pads", price=Decimal("218.00"),
        unit="SET", safety=True,
    ),
    DefaultPart(
        code="TYRE_195R14C", zh="轮胎 195R14C", en="Tyre 195R14C", price=Decimal("420.00"),
        safety=True,
    ),
    DefaultPart(
        code="DOOR_LOCK_SET", zh="货厢门锁", en="Cargo door lock", price=Decimal("165.00")
    ),
    DefaultPart(code="SHELF_KIT", zh="货架套件", en="Shelf kit", price=Decimal("1280.00")),
)  # fmt: skip
