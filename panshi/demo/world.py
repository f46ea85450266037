"""The invented company: real cities and vehicle classes, made-up people and firms, by seed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from random import Random
from typing import Final

from stdnum.cn import ric, uscc


@dataclass(frozen=True, slots=True)
class City:
    """A city with its plate prefix, centre (degrees WGS-84) and division code of GB/T 2260."""

    name: str
    prefix: str
    lon: float
    lat: float
    division: str


@dataclass(frozen=True, slots=True)
class OperatorPlan:
    """An operator with its fleet, and for how many weeks it has followed the handbook."""

    name: str
    city: City
    vehicles: int
    weeks: int


@dataclass(frozen=True, slots=True)
class ModelPlan:
    """A class of electric logistics vehicle with figures as such vehicles have them."""

    code: str
    maker: str
    name: str
    vehicle_class: str
    battery_kwh: str
    gvw_kg: int
    range_km: int
    service_km: int
    cells: int
    voltage: float
    rent: int
    cost: int
    share: int
    large_plate: bool


HANGZHOU: Final = City("杭州", "浙A", 120.155, 30.274, "330100")
NINGBO: Final = City("宁波", "浙B", 121.550, 29.874, "330200")
SUZHOU: Final = City("苏州", "苏E", 120.585, 31.299, "320500")
CHENGDU: Final = City("成都", "川A", 104.066, 30.573, "510100")
CHONGQING: Final = City("重庆", "渝A", 106.551, 29.563, "500100")
BEIJING: Final = City("北京", "京A", 116.407, 39.904, "110100")
TIANJIN: Final = City("天津", "津A", 117.201, 39.084, "120100")
SHIJIAZHUANG: Final = City("石家庄", "冀A", 114.514, 38.042, "130100")

REGIONS: Final = (
    ("华东区域运营中心", HANGZHOU, (
        OperatorPlan("杭州绿程新能源", HANGZHOU, 82, 104),
        OperatorPlan("宁波海捷城配", NINGBO, 46, 88),
        OperatorPlan("苏州启运绿色物流", SUZHOU, 48, 76),
    )),
    ("西南区域运营中心", CHENGDU, (
        OperatorPlan("成都天府电动车租赁", CHENGDU, 68, 92),
        OperatorPlan("重庆山城新能源车辆", CHONGQING, 40, 64),
    )),
    ("华北区域运营中心", BEIJING, (
        OperatorPlan("北京京畿绿能运力", BEIJING, 58, 70),
        OperatorPlan("天津渤海新能源", TIANJIN, 34, 36),
        OperatorPlan("石家庄冀运新能源", SHIJIAZHUANG, 24, 19),
    )),
)  # fmt: skip
# The operator that a visitor signs in to.
SHOWN: Final = REGIONS[0][2][0]
MODELS: Final = (
    ModelPlan("QY-V42", "青原", "轻运 V42 中型面包车", "VAN", "41.86", 2510, 265, 10_000,
              96, 350.4, 2980, 108_000, 34, large_plate=False),
    ModelPlan("QY-M28", "青原", "微运 M28 微型面包车", "MICRO_VAN", "28.00", 1900, 210, 10_000,
              90, 328.5, 1980, 68_000, 18, large_plate=False),
    ModelPlan("HZ-L100", "恒舟", "城卡 L100 4.2 米厢式轻卡", "LIGHT_TRUCK", "100.46", 4495, 330,
              20_000, 168, 540.9, 5200, 182_000, 22, large_plate=True),
    ModelPlan("HZ-R86", "恒舟", "冷链 R86 冷藏车", "REFRIGERATED_TRUCK", "86.55", 4495, 260, 20_000,
              160, 515.2, 6600, 228_000, 9, large_plate=True),
    ModelPlan("LX-T35", "岭行", "小卡 T35 微型卡车", "MINI_TRUCK", "35.00", 2300, 230, 10_000,
              92, 335.8, 2280, 79_000, 10, large_plate=False),
    ModelPlan("LX-V77", "岭行", "大运 V77 大型厢式客货车", "VAN", "77.28", 3500, 305,
              15_000, 156, 502.3, 4300, 152_000, 7, large_plate=False),
)  # fmt: skip
_SURNAMES: Final = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
)
_GIVEN: Final = [
    "伟",
    "芳",
    "敏",
    "静",
    "磊",
    "洋",
    "艳",
    "勇",
    "杰",
    "娟",
    "涛",
    "明",
    "超",
    "秀英",
    "霞",
    "平",
    "刚",
    "桂英",
    "建国",
    "志强",
    "海燕",
    "晓东",
    "文博",
    "雨桐",
    "子涵",
    "俊峰",
    "丽华",
    "国栋",
    "思远",
    "佳怡",
    "浩然",
    "宇航",
    "欣怡",
    "建军",
    "春梅",
    "立新",
    "永康",
    "振华",
    "雪梅",
    "家豪",
]
_TRADES: Final = (
    "城配",
    "冷链",
    "快运",
    "供应链",
    "商贸",
    "食品配送",
    "家居配送",
    "生鲜",
    "货运",
    "同城物流",
)
_FIRM_WORDS: Final = [
    "顺捷",
    "鸿达",
    "瑞丰",
    "通汇",
    "恒远",
    "百川",
    "嘉诚",
    "凯旋",
    "盛源",
    "中联",
    "新希",
    "万里",
    "骏驰",
    "德邻",
    "安吉",
    "云途",
]
_VALUES: Final = (*range(10), *range(1, 9), *range(1, 6), 7, 9, *range(2, 10))
_TRANSLITERATION: Final = dict(zip("0123456789ABCDEFGHJKLMNPRSTUVWXYZ", _VALUES, strict=True))
_WEIGHTS: Final = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)


def vin(serial: int) -> str:
    """A VIN with its check digit (GB 16735), one for each serial."""
    draft = f"LPSEV4E10SA{serial:06d}"
    rest = sum(_TRANSLITERATION[c] * w for c, w in zip(draft, _WEIGHTS, strict=True)) % 11
    return f"{draft[:8]}{'X' if rest == 10 else rest}{draft[9:]}"


def plate(city: City, serial: int, *, large: bool) -> str:
    """A new-energy plate: D first for small vehicles, last for large ones."""
    if large:
        return f"{city.prefix}{10_000 + serial:05d}D"
    return f"{city.prefix}D{'ABCDEFGH'[serial // 9000]}{1000 + serial % 9000:04d}"


def person(random: Random) -> str:
    return random.choice(_SURNAMES) + random.choice(_GIVEN)


def firms(random: Random, city: City) -> Iterator[str]:
    """Names of firms of a city, none twice."""
    names = [f"{city.name}{word}{trade}有限公司" for word in _FIRM_WORDS for trade in _TRADES]
    random.shuffle(names)
    yield from names


def phone(random: Random) -> str:
    return f"1{random.choice('35789')}{random.randrange(10**9):09d}"


def identity_number(random: Random, city: City) -> str:
    """A resident identity number with its check digit."""
    born = date(1970, 1, 1).toordinal() + random.randrange(30 * 365)
    draft = f"{city.division}{date.fromordinal(born):%Y%m%d}{random.randrange(1, 1000):03d}"
    return draft + ric.calc_check_digit(draft + "0")


def credit_code(random: Random, city: City) -> str:
    """A unified social credit code with its check digit."""
    body = "".join(random.choice("0123456789ABCDEFGHJKLMNPQRTUWXY") for _ in range(9))
    draft = f"91{city.division}{body}"
    return draft + uscc.calc_check_digit(draft)


def near(random: Random, city: City, *, km: float) -> tuple[float, float]:
    """A place (lon, lat) around a city's centre, denser in the middle."""
    return (
        round(city.lon + random.gauss(0, km / 2) / 96, 6),
        round(city.lat + random.gauss(0, km / 2) / 111, 6),
    )


def rent_of(model: ModelPlan, random: Random) -> Decimal:
    """A monthly rent around the model's own, in steps of ten yuan."""
    return Decimal(round(model.rent * random.uniform(0.94, 1.08) / 10) * 10)
