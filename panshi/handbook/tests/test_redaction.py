"""Three hundred planted identifiers, none of which may be read afterwards."""

import re
import unicodedata
from random import Random

from panshi.handbook.rules import redaction
from panshi.handbook.rules.redaction import FIRM, PERSON, Name

SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
GIVEN = ("志强", "丽华", "建军", "秀英", "国强", "敏", "静怡", "文博", "海燕", "磊")
FIRMS = (
    "顺达城配物流有限公司",
    "杭州市鲜到家冷链配送有限公司",
    "快捷同城货运有限公司",
    "绿源食品商贸有限公司",
)
STREETS = ("文三路", "科技大道", "迎宾街", "学府巷", "工业园南路")
DISTRICTS = ("浙江省杭州市西湖区", "深圳市龙岗区", "成都市武侯区", "余杭区")


def luhn(random: Random) -> str:
    body = "6222" + "".join(str(random.randrange(10)) for _ in range(14))
    return next(f"{body}{d}" for d in range(10) if redaction.is_card(f"{body}{d}"))


def identity(random: Random) -> str:
    day = f"{random.randrange(1960, 2004)}{random.randrange(1, 13):02}{random.randrange(1, 28):02}"
    body = f"330106{day}{random.randrange(1000):03}"
    return next(body + c for c in "0123456789X" if redaction.is_identity(body + c))


def credit_code(random: Random) -> str:
    body = "91330106MA" + "".join(random.choice("0123456789ABCDEFGH") for _ in range(7))
    letters = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    return next(f"{body}{c}" for c in letters if redaction.is_credit_code(f"{body}{c}"))


def vin(random: Random) -> str:
    letters = "ABCDEFGHJKLMNPRSTUVWXYZ0123456789"
    while True:
        code = "L" + "".join(random.choice(letters) for _ in range(16))
        if redaction.is_vin(code):
            return code


def plate(random: Random) -> str:
    tail = "".join(random.choice("0123456789") for _ in range(5))
    form = random.choice(["{p}{c}D{t}", "{p}{c}·D{t}", "{p}{c} {t}", "{p}{c}-{t}", "{p}{l}{t}F"])
    letter = random.choice("ABCDE")
    return form.format(p=random.choice("浙粤川沪苏"), c=letter, l=letter.lower(), t=tail)


def phone(random: Random) -> str:
    number = f"1{random.choice('3578')}{random.randrange(10**9):09}"
    parts = (number[:3], number[3:7], number[7:])
    wide = number.translate({ord(str(d)): 0xFF10 + d for d in range(10)})
    return random.choice([number, " ".join(parts), "-".join(parts), f"+86{number}", wide])


def planted(random: Random) -> list[tuple[str, str, Name | None]]:
    """(sentence, what must not be read, its name from the rows), three hundred of them."""
    made: list[tuple[str, str, Name | None]] = []
    for _round in range(30):
        name = random.choice(SURNAMES) + random.choice(GIVEN)
        firm = random.choice(FIRMS)
        street, house = random.choice(STREETS), random.randrange(1, 999)
        district = random.choice(DISTRICTS)
        landline = f"0571-{random.randrange(10**7, 10**8)}"
        short = re.sub(r"有限公司$", "", firm)
        rows: list[tuple[str, str, Name | None]] = [
            ("客户{x}来电催问。", name, Name(PERSON, name)),
            ("我们给{x}打了三次。", f"{name[0]}师傅", Name(PERSON, name)),
            ("{x}要求当天答复。", random.choice([firm, short]), Name(FIRM, firm)),
            ("车辆{x}停在路边。", plate(random), None),
            ("车架号{x}，已核对。", vin(random), None),
            ("回拨{x}无人接。", phone(random), None),
            ("座机{x}占线。", landline, None),
            ("证件{x}过期。", identity(random), None),
            ("退到卡{x}上。", luhn(random), None),
            (f"车在{district}{{x}}，司机在旁。", f"{street}{house}号", None),
        ]
        made += rows
    return made


def folded(text: str) -> str:
    return re.sub(r"[\s\-·•+]", "", unicodedata.normalize("NFKC", text)).upper()


def test_none_of_three_hundred_planted_identifiers_is_read() -> None:
    rows = planted(Random(41))
    assert len(rows) == 300
    names = [name for _sentence, _secret, name in rows if name]
    text = "\n".join(sentence.format(x=secret) for sentence, secret, _name in rows)
    shown = redaction.redact(text, names)
    read = folded(shown.text)
    leaks = [secret for _sentence, secret, _name in rows if folded(secret) in read]
    assert leaks == []
    assert sum(shown.masked.values()) >= 300
    assert "西湖区某处" in shown.text  # Addresses keep their district.


def test_each_alone_is_masked_too() -> None:
    for sentence, secret, name in planted(Random(7)):
        shown = redaction.redact(sentence.format(x=secret), [name] if name else [])
        assert folded(secret) not in folded(shown.text), shown.text


def test_codes_and_mail_are_known_by_what_they_are() -> None:
    random = Random(3)
    shown = redaction.redact(
        f"代码{credit_code(random)}，邮箱 wang.min@shunda.cn，工单 WO-20260301-0007，"
        "坐标 120.1551,30.2741。"
    )
    assert set(shown.masked) == {"CREDIT_CODE", "MAIL", "NUMBER", "PLACE"}


def test_what_is_no_name_stays() -> None:
    text = (
        "17:40 到场，凹陷约 6 厘米，修复 780 元，用时 51 分钟，电量 43%，压差 35 mV，绝缘 500 kΩ。"
    )
    shown = redaction.redact(text)
    assert (shown.text, dict(shown.masked), shown.doubtful) == (text, {}, ())


def test_what_a_person_must_read_is_listed() -> None:
    shown = redaction.redact("门口的刘老板认识他。车没事。")
    assert shown.doubtful == ("门口的刘老板认识他。",)
