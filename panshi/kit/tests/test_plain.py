"""The arithmetic of the house: money, months, states, masks."""

from datetime import date
from decimal import Decimal
from enum import Enum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panshi.kit import clock, ids, money, personal
from panshi.kit.refusals import IllegalMove
from panshi.kit.states import Machine

pytestmark = pytest.mark.plain


class Door(Enum):
    OPEN = "OPEN"
    SHUT = "SHUT"
    GONE = "GONE"


LIFE = Machine({Door.OPEN: {Door.SHUT}, Door.SHUT: {Door.OPEN, Door.GONE}})


@pytest.mark.parametrize("here", Door)
@pytest.mark.parametrize("there", Door)
def test_a_machine_makes_only_the_moves_it_lists(here: Door, there: Door) -> None:
    legal = (here, there) in {
        (Door.OPEN, Door.SHUT), (Door.SHUT, Door.OPEN), (Door.SHUT, Door.GONE),
    }  # fmt: skip
    if legal:
        assert LIFE.step(here.value, there) is there
    else:
        with pytest.raises(IllegalMove):
            LIFE.step(here.value, there)


def test_a_split_gives_the_odd_fen_to_the_earlier_share() -> None:
    thirds = money.split(Decimal(100), [1, 1, 1])
    assert thirds == [Decimal("33.34"), Decimal("33.33"), Decimal("33.33")]


@given(
    st.decimals("-9999999", "9999999", places=2),
    st.lists(st.integers(0, 1000), min_size=1, max_size=40).filter(lambda w: sum(w) > 0),
)
def test_a_split_always_sums_to_the_whole(total: Decimal, weights: list[int]) -> None:
    parts = money.split(total, weights)
    assert sum(parts) == total
    exact = [total * w / sum(weights) for w in weights]
    assert all(abs(p - e) <= Decimal("0.01") for p, e in zip(parts, exact, strict=True))


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("0", "零元整"),
        ("12345.60", "壹万贰仟叁佰肆拾伍元陆角整"),
        ("100000", "壹拾万元整"),
        ("10001.05", "壹万零壹元零伍分"),
        ("1006000.00", "壹佰万零陆仟元整"),
        ("200300400.50", "贰亿零叁拾万零肆佰元伍角整"),
        ("-3.14", "负叁元壹角肆分"),
    ],
)
def test_amounts_in_capitals(amount: str, words: str) -> None:
    assert money.in_capitals(Decimal(amount)) == words


def test_months_go_from_the_anchor_and_clamp() -> None:
    anchor = date(2027, 1, 31)
    assert [clock.add_months(anchor, n) for n in (1, 2, 13)] == [
        date(2027, 2, 28), date(2027, 3, 31), date(2028, 2, 29),
    ]  # fmt: skip


def test_ids_sort_by_time_and_say_version_seven() -> None:
    made = [ids.uuid7() for _ in range(100)]
    assert {i.version for i in made} == {7}
    assert [i.int >> 80 for i in made] == sorted(i.int >> 80 for i in made)


def test_personal_data_is_sealed_found_and_masked() -> None:
    sealed = personal.seal("13812345678")
    assert b"138" not in sealed
    assert personal.unseal(sealed) == "13812345678"
    assert personal.blind_index("138 1234 5678", purpose="phone") == personal.blind_index(
        "13812345678", purpose="phone"
    )
    assert personal.mask_phone("13812345678") == "138****5678"
