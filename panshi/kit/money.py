"""Money in CNY: Decimal, rounded to the fen in one place."""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

FEN = Decimal("0.01")
ZERO = Decimal("0.00")
MOST = Decimal(10) ** 12


def to_fen(amount: Decimal | int | str) -> Decimal:
    """Round half up to the fen; a negative amount is the negation of its positive."""
    return Decimal(amount).quantize(FEN, rounding=ROUND_HALF_UP)


def is_amount(value: Decimal) -> bool:
    """Whether a value may stand in the books: a number of whole fen, below a trillion yuan."""
    return value.is_finite() and abs(value) < MOST and value == round(value, 2)


def split(total: Decimal, weights: Sequence[int | Decimal]) -> list[Decimal]:
    """Share `total` by `weights`; the parts sum to it: largest remainder, ties to the earlier.

    Raises ValueError when there is no positive weight or one is negative.
    """
    if sum(weights) <= 0 or any(w < 0 for w in weights):
        raise ValueError("a split needs weights that are not negative and sum above zero")
    # Whole numbers throughout: a quotient cut off at 28 digits would decide ties by its length.
    scale = max(0, *(-int(Decimal(w).as_tuple().exponent) for w in weights))
    whole_weights = [int(Decimal(w).scaleb(scale)) for w in weights]
    fen = int(abs(total) * 100)
    whole = sum(whole_weights)
    shares = [divmod(fen * w, whole) for w in whole_weights]
    missing = fen - sum(share for share, _rest in shares)
    by_remainder = sorted(range(len(shares)), key=lambda i: (-shares[i][1], i))
    parts = [share for share, _rest in shares]
    for i in by_remainder[:missing]:
        parts[i] += 1
    return [Decimal(-part if total < 0 else part).scaleb(-2) for part in parts]


def vat_in(gross: Decimal, rate: Decimal) -> Decimal:
    """Return the VAT inside a tax-inclusive amount; `rate` is 0.13 for 13 %."""
    return to_fen(gross * rate / (1 + rate))


def percent(share: Decimal) -> str:
    """Write a share of 1 as people read it: 0.05%, 20%."""
    return f"{(share * 100).normalize():f}%"


def yuan(amount: Decimal) -> str:
    """Write an amount as people read it: ¥12,345.60."""
    return f"{'-' if amount < 0 else ''}¥{abs(amount):,.2f}"


_DIGITS = "零壹贰叁肆伍陆柒捌玖"
_UNITS = ("", "拾", "佰", "仟")
_GROUPS = ("", "万", "亿", "万亿")


def in_capitals(amount: Decimal) -> str:
    """Write an amount in the Chinese capitals that contracts use: 壹万贰仟叁佰元整."""
    amount = to_fen(amount)
    if amount < 0:
        return "负" + in_capitals(-amount)
    fen = int(amount * 100)
    yuan_part, jiao, cent = fen // 100, fen // 10 % 10, fen % 10
    words = ""
    pending_zero = False
    groups = []
    while yuan_part:
        groups.append(yuan_part % 10_000)
        yuan_part //= 10_000
    for position in range(len(groups) - 1, -1, -1):
        group = groups[position]
        if group == 0:
            pending_zero = True
            continue
        if words and group < 1000:
            pending_zero = True
        for unit in range(3, -1, -1):
            digit = group // 10**unit % 10
            if digit == 0:
                pending_zero = pending_zero or bool(words)
                continue
            words += ("零" if pending_zero and words else "") + _DIGITS[digit] + _UNITS[unit]
            pending_zero = False
        words += _GROUPS[position]
        pending_zero = group % 10 == 0 and position > 0
    words = (words or "零") + "元"
    if not jiao and not cent:
        return words + "整"
    words += (_DIGITS[jiao] + "角") if jiao else "零"
    return words + (_DIGITS[cent] + "分" if cent else "整")
