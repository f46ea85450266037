"""The waterfall … shares what was collected to the fen, and is a function of all of it."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panshi.billing.rules.shares import (
    CHANNEL,
    OF_GROSS,
    OF_NET,
    OF_REST,
    OPERATOR,
    OWNER,
    PLATFORM,
    REGION,
    Step,
    net_of,
    waterfall,
)  # fmt: skip
from panshi.kit.money import to_fen

pytestmark = pytest.mark.plain
D = Decimal
RENT = (
    Step(party=CHANNEL, base=OF_GROSS, percent=D("0.006")),
    Step(party=OWNER, base=OF_NET, amount=D(1500)),
    Step(party=PLATFORM, percent=D("0.20")),
    Step(party=REGION, percent=D("0.15")),
    Step(party=OPERATOR, percent=D("0.65")),
)
LINE = [(D("3000.00"), D("345.13"))]


def shares(collected: str, steps: tuple[Step, ...] = RENT) -> dict[str, Decimal]:
    gross = D(collected)
    parts = waterfall(steps=steps, gross=gross, net=net_of(collected=gross, lines=LINE))
    return {part.party: part.amount for part in parts}


def test_the_example_at_once() -> None:
    assert shares("3000.00") == {
        CHANNEL: D("18.00"), OWNER: D("1500.00"), PLATFORM: D("227.37"), REGION: D("170.53"),
        OPERATOR: D("738.97"),
    }  # fmt: skip


def test_the_example_in_two_payments() -> None:
    first = shares("1000.00")
    assert net_of(collected=D(1000), lines=LINE) == D("884.96")
    assert (first[CHANNEL], first[OWNER]) == (D("6.00"), D("878.96"))
    assert first[PLATFORM] == first[REGION] == first[OPERATOR] == 0
    whole = shares("3000.00")
    assert {party: whole[party] - first[party] for party in whole} == {
        CHANNEL: D("12.00"), OWNER: D("621.04"), PLATFORM: D("227.37"), REGION: D("170.53"),
        OPERATOR: D("738.97"),
    }  # fmt: skip


def test_nothing_collected_gives_nothing() -> None:
    assert set(shares("0.00").values()) == {D(0)}


def test_tiers_minimum_and_cap() -> None:
    steps = (
        Step(party=PLATFORM, base=OF_NET, percent=D("0.10"), up_to=D(1000)),
        Step(party=PLATFORM, base=OF_NET, percent=D("0.20"), above=D(1000)),
        Step(party=REGION, base=OF_NET, percent=D("0.01"), minimum=D(50), cap=D(80)),
    )
    parts = waterfall(steps=steps, gross=D(2000), net=D(2000))
    assert {p.party: p.amount for p in parts} == {
        PLATFORM: D("300.00"), REGION: D("50.00"), OPERATOR: D("1650.00"),
    }  # fmt: skip


FEN = st.integers(0, 10**8).map(lambda fen: D(fen) / 100)
STEPS = st.lists(
    st.builds(
        Step,
        party=st.sampled_from([CHANNEL, OWNER, PLATFORM, REGION, OPERATOR]),
        base=st.sampled_from([OF_GROSS, OF_NET, OF_REST]),
        percent=st.integers(0, 100).map(lambda n: D(n) / 100),
        amount=FEN,
        above=FEN,
        up_to=st.none() | FEN,
        minimum=FEN,
        cap=st.none() | FEN,
    ),
    max_size=7,
)


@given(STEPS, FEN, st.integers(0, 20).map(lambda n: D(n) / 100))
def test_parts_always_sum_to_the_net_and_none_is_negative(
    steps: list[Step], gross: Decimal, rate: Decimal
) -> None:
    net = gross - to_fen(gross * rate / (1 + rate))
    parts = waterfall(steps=steps, gross=gross, net=net)
    assert sum(part.amount for part in parts) == net
    assert all(part.amount >= 0 for part in parts)
    assert len({part.party for part in parts}) == len(parts)


@given(st.lists(st.integers(1, 10**7).map(lambda fen: D(fen) / 100), min_size=1, max_size=6))
def test_all_of_a_bill_nets_to_its_net(grosses: list[Decimal]) -> None:
    lines = [(gross, to_fen(gross * D("0.13") / D("1.13"))) for gross in grosses]
    total = sum(grosses, D(0))
    assert net_of(collected=total, lines=lines) == total - sum(vat for _gross, vat in lines)
