"""Take out of a text what names a person, a firm or a thing; rather too much than too little."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

# Kinds of what is masked; a page says them in words.
PERSON, FIRM, PLATE, VIN, PHONE, IDENTITY, CREDIT_CODE, CARD, NUMBER, ADDRESS, MAIL, PLACE = (
    "PERSON", "FIRM", "PLATE", "VIN", "PHONE", "IDENTITY", "CREDIT_CODE", "CARD", "NUMBER",
    "ADDRESS", "MAIL", "PLACE",
)  # fmt: skip
WORDS: Final[Mapping[str, str]] = {
    PERSON: "某人", FIRM: "某公司", PLATE: "某车", VIN: "某车架号", PHONE: "某电话",
    IDENTITY: "某证件号", CREDIT_CODE: "某信用代码", CARD: "某卡号", NUMBER: "某编号",
    ADDRESS: "某处", MAIL: "某邮箱", PLACE: "某位置",
}  # fmt: skip
_PROVINCES: Final = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使领"
_GAP: Final = r"[\s·•．.\-—_]?"
_PLATE: Final = re.compile(
    rf"[{_PROVINCES}]{_GAP}[A-Za-z]{_GAP}(?:[A-Za-z0-9]{_GAP}){{4,6}}[A-Za-z0-9挂学警港澳]?"
)
_MAIL: Final = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}")
_CODE: Final = re.compile(
    r"(?<![A-Za-z0-9])[A-Za-z0-9](?:[ \-—]?[A-Za-z0-9]){10,24}(?![A-Za-z0-9])"
)
_LANDLINE: Final = re.compile(
    r"(?<!\d)0\d{2,3}[ \-—]?\d{7,8}(?!\d)|(?<!\d)400[ \-—]?\d{3}[ \-—]?\d{4}(?!\d)"
)
_DOCUMENT: Final = re.compile(
    r"(?<![A-Za-z0-9])[A-Za-z]{1,6}[-—]?\d{4,}(?:[-—]\d+)*(?![A-Za-z0-9])"
)
_DIGITS: Final = re.compile(r"(?<![\d.])\d{7,}(?![\d.])")
_POINT: Final = re.compile(r"\d{2,3}\.\d{3,}\s*[,，]\s*\d{2,3}\.\d{3,}")
_ADDRESS: Final = re.compile(
    r"((?:[\u4e00-\u9fff]{2,8}?(?:省|自治区))?(?:[\u4e00-\u9fff]{2,8}?市)?"
    r"[\u4e00-\u9fff]{1,6}?(?:区|县|旗))"
    r"(?:[^，。；、,;\s]{1,20}?(?:路|街|道|巷|弄|村|镇|园|苑|小区|大厦|广场|仓|库|楼|栋|幢|单元|门|室|号))+"
)
_STREET: Final = re.compile(
    r"[\u4e00-\u9fff]{2,8}(?:路|大街|街道|街|大道|巷|弄)\s?\d+\s?(?:号|弄)(?:[\u4e00-\u9fffA-Za-z0-9\-—#]{0,20}?(?:室|楼|栋|幢|单元|门))*"
)
_TITLES: Final = "先生|女士|小姐|师傅|经理|总|老板|主任|工|哥|姐"
_LEGAL: Final = re.compile(
    r"(?:有限责任公司|股份有限公司|集团有限公司|有限公司|分公司|公司|集团|合作社|经营部|个体工商户)$"
)
_TRADE: Final = re.compile(
    r"(?:新能源|城市|城配|同城|冷链|快递|供应链|物流|运输|配送|货运|商贸|贸易|科技|车辆|汽车|运营|租赁|服务|管理|实业|食品|电子商务)+$"
)
_HINTS: Final = re.compile(rf"[\u4e00-\u9fff](?:{_TITLES})|\d{{4,}}|微信|抖音|身份证|门牌")
_FULL_WIDTH: Final = {
    c: c - 0xFEE0 for c in (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))
}
_ID_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_USCC: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_VIN_VALUES: Final = {
    **{str(n): n for n in range(10)},
    **dict(zip("ABCDEFGH", range(1, 9), strict=True)),
    **dict(zip("JKLMNPR", (1, 2, 3, 4, 5, 7, 9), strict=True)),
    **dict(zip("STUVWXYZ", range(2, 10), strict=True)),
}
_VIN_WEIGHTS: Final = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)


@dataclass(frozen=True, slots=True)
class Name:
    """A name from the record's own rows: of a PERSON or a FIRM."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Redacted:
    """The text without names; `masked` counts by kind, `doubtful` is what a person must read."""

    text: str
    masked: Mapping[str, int]
    doubtful: tuple[str, ...]


def is_identity(code: str) -> bool:
    """A resident identity number with its check character (GB 11643)."""
    if not re.fullmatch(r"\d{17}[\dX]", code):
        return False
    total = sum(int(d) * w for d, w in zip(code[:17], _ID_WEIGHTS, strict=True))
    return "10X98765432"[total % 11] == code[17]


def is_card(code: str) -> bool:
    """A bank card number of 15 to 19 digits with its check digit (ISO/IEC 7812)."""
    if not re.fullmatch(r"\d{15,19}", code):
        return False
    total = 0
    for place, digit in enumerate(reversed(code)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def is_credit_code(code: str) -> bool:
    """A unified social credit code with its check character (GB 32100)."""
    if len(code) != 18 or any(c not in _USCC for c in code):
        return False
    total = sum(_USCC.index(c) * pow(3, place, 31) for place, c in enumerate(code[:17]))
    return _USCC[-total % 31] == code[17]


def is_vin(code: str) -> bool:
    """A vehicle identification number with its check character (GB 16735)."""
    if len(code) != 17 or any(c not in _VIN_VALUES for c in code):
        return False
    total = sum(_VIN_VALUES[c] * w for c, w in zip(code, _VIN_WEIGHTS, strict=True))
    return "0123456789X"[total % 11] == code[8]


def _kind_of(code: str) -> str:
    """What a run of letters and digits is; by its check digit where it has one."""
    plain = re.sub(r"[^A-Z0-9]", "", code.upper())
    digits = sum(c.isdigit() for c in plain)
    if is_identity(plain):
        return IDENTITY
    if is_card(plain):
        return CARD
    if is_credit_code(plain):
        return CREDIT_CODE
    if is_vin(plain):
        return VIN
    if re.fullmatch(r"(?:86)?1[3-9]\d{9}", plain):
        return PHONE
    return NUMBER if digits >= 5 else ""


def _name_forms(name: Name) -> Iterator[str]:
    """How people write a name: whole, a firm without its form and trade, a person by surname."""
    text = name.text.strip()
    if len(text) >= 2:
        yield text
    if name.kind == PERSON:
        if len(text) >= 3:
            yield text[1:]
        return
    core = _LEGAL.sub("", re.sub(r"[（(][^）)]*[）)]", "", text))
    town = re.sub(r"^[\u4e00-\u9fff]{2,4}?(?:省|市)", "", core)
    for form in (core, town, _TRADE.sub("", core), _TRADE.sub("", town)):
        if len(form) >= 2:
            yield form
        if len(form) > 4:
            yield form[2:]


def _named(text: str, names: Iterable[Name], masked: Counter[str]) -> str:
    forms = {form: name.kind for name in names for form in _name_forms(name)}
    for form in sorted(forms, key=len, reverse=True):
        text, count = re.subn(re.escape(form), WORDS[forms[form]], text, flags=re.IGNORECASE)
        masked[forms[form]] += count
    surnames = {n.text[0] for n in names if n.kind == PERSON and n.text}
    if surnames:
        called = re.compile(rf"[老小]?[{''.join(map(re.escape, sorted(surnames)))}](?:{_TITLES})")
        text, count = called.subn(WORDS[PERSON], text)
        masked[PERSON] += count
    return text


def _patterned(text: str, masked: Counter[str]) -> str:
    def mask(kind: str) -> str:
        masked[kind] += 1
        return WORDS[kind]

    def coded(match: re.Match[str]) -> str:
        kind = _kind_of(match[0])
        return mask(kind) if kind else match[0]

    text = _MAIL.sub(lambda m: mask(MAIL), text)
    text = _POINT.sub(lambda m: mask(PLACE), text)
    text = _ADDRESS.sub(lambda m: f"{m[1]}{mask(ADDRESS)}", text)
    text = _STREET.sub(lambda m: mask(ADDRESS), text)
    text = _PLATE.sub(lambda m: mask(PLATE), text)
    text = _LANDLINE.sub(lambda m: mask(PHONE), text)
    text = _CODE.sub(coded, text)
    text = _DOCUMENT.sub(lambda m: mask(NUMBER), text)
    return _DIGITS.sub(lambda m: mask(NUMBER), text)


def redact(text: str, names: Iterable[Name] = ()) -> Redacted:
    """Mask what names somebody or something in a text; addresses keep their district."""
    known = list(names)
    masked: Counter[str] = Counter()
    plain = text.translate(_FULL_WIDTH)
    plain = _named(_patterned(_named(plain, known, masked), masked), known, masked)
    sentences = re.split(r"(?<=[。；\n])", plain)
    doubtful = tuple(s.strip() for s in sentences if _HINTS.search(s))
    return Redacted(plain, {kind: n for kind, n in sorted(masked.items()) if n}, doubtful)
