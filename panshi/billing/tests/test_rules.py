"""The money rules, row by row: P1 to P11, to the fen."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panshi.billing import rules
from panshi.billing.rules import ACTUAL, ANCHOR, CALENDAR, DAILY, THIRTY, WHOLE, Span
from panshi.kit.money import split, to_fen

pytestmark = pytest.mark.plain
D = Decimal
OLD, NEW = UUID(int=1), UUID(int=2)
MONTH = Span(date(2027, 3, 1), date(2027, 4, 1))


def lines(
    span: Span,
    *,
    prices: list[rules.PriceSpan],
    vehicles: list[rules.VehicleSpan] | None = None,
    breaks: list[rules.BreakSpan] | None = None,
    basis: str = ACTUAL,
) -> list[rules.ChargeLine]:
    return rules.charge_lines(
        span=span,
        whole_days=rules.days_of_rent(span=span, alignment=CALENDAR),
        basis=basis,
        prices=prices,
        vehicles=vehicles or [],
        breaks=breaks or [],
    )


def at(price: str, start: date = date(2020, 1, 1), end: date | None = None) -> rules.PriceSpan:
    return rules.PriceSpan(start, end, D(price))


def starts(anchor: date, count: int) -> list[str]:
    return [str(rules.period(n=n, anchor=anchor, alignment=ANCHOR).start) for n in range(count)]


def test_p1_periods_are_reckoned_from_the_anchor() -> None:
    expected = ["2027-01-31", "2027-02-28", "2027-03-31", "2027-04-30", "2027-05-31"]
    assert starts(date(2027, 1, 31), 5) == expected
    for n in range(5):
        span = rules.period(n=n, anchor=date(2027, 1, 31), alignment=ANCHOR)
        whole = rules.days_of_rent(span=span, alignment=ANCHOR)
        for basis in (ACTUAL, THIRTY, WHOLE):
            amount = rules.rent(price=D(3000), basis=basis, days=span.days, whole_days=whole)
            assert amount == D(3000)


def test_p2_the_leap_day_ends_a_period() -> None:
    assert starts(date(2027, 11, 30), 5)[1:] == [
        "2027-12-30", "2028-01-30", "2028-02-29", "2028-03-30",
    ]  # fmt: skip


def test_p3_a_calendar_stub_with_its_vat() -> None:
    span = rules.period(n=0, anchor=date(2027, 6, 21), alignment=CALENDAR)
    assert span == Span(date(2027, 6, 21), date(2027, 7, 1))
    (line,) = lines(span, prices=[at("3000.00")])
    assert line.gross == D("1000.00")
    assert rules.vat_and_net(gross=line.gross, rate=D("0.13")) == (D("115.04"), D("884.96"))
    after = rules.period(n=1, anchor=date(2027, 6, 21), alignment=CALENDAR)
    assert after == Span(date(2027, 7, 1), date(2027, 8, 1))


@pytest.mark.parametrize(
    ("start", "basis", "amount"),
    [
        (date(2027, 2, 13), ACTUAL, "1714.29"),
        (date(2027, 2, 13), THIRTY, "1600.00"),
        (date(2027, 2, 13), WHOLE, "3000.00"),
        (date(2027, 1, 2), ACTUAL, "2903.23"),
        (date(2027, 1, 2), THIRTY, "3000.00"),
    ],
)
def test_p4_and_p5_the_basis_of_a_stub(start: date, basis: str, amount: str) -> None:
    span = rules.period(n=0, anchor=start, alignment=CALENDAR)
    (line,) = lines(span, prices=[at("3000.00")], basis=basis)
    assert line.gross == D(amount)


def test_p6_a_swap_day_belongs_to_the_incoming_vehicle() -> None:
    swap = date(2027, 3, 18)
    old, new = lines(
        MONTH,
        prices=[at("2980.00")],
        vehicles=[
            rules.VehicleSpan(date(2027, 1, 1), swap, OLD),
            rules.VehicleSpan(swap, None, NEW),
        ],
    )
    assert (old.vehicle_id, old.span.days, old.gross) == (OLD, 17, D("1634.19"))
    assert (new.vehicle_id, new.span.days, new.gross) == (NEW, 14, D("1345.81"))
    vat = [rules.vat_and_net(gross=line.gross, rate=D("0.13"))[0] for line in (old, new)]
    assert vat == [D("188.00"), D("154.83")]


def test_p7_a_pause_by_the_operators_fault() -> None:
    may = Span(date(2027, 5, 1), date(2027, 6, 1))
    pause = rules.BreakSpan(date(2027, 5, 10), date(2027, 5, 17), D(100))
    parts = lines(may, prices=[at("3200.00")], breaks=[pause])
    assert [line.gross for line in parts] == [D("929.03"), D("0.00"), D("1548.39")]
    assert [line.relieved for line in parts] == [D(0), D("722.58"), D(0)]
    assert sum(line.gross for line in parts) == D("2477.42")
    vat = [rules.vat_and_net(gross=line.gross, rate=D("0.13"))[0] for line in parts]
    assert (vat[0], vat[2], sum(vat)) == (D("106.88"), D("178.13"), D("285.01"))


def test_p8_a_new_price_within_the_month() -> None:
    june, change = Span(date(2027, 6, 1), date(2027, 7, 1)), date(2027, 6, 11)
    parts = lines(june, prices=[at("3000.00", end=change), at("3300.00", start=change)])
    assert [line.gross for line in parts] == [D("1000.00"), D("2200.00")]


def test_p9_a_third_of_a_hundred() -> None:
    assert split(D("100.00"), [1, 1, 1]) == [D("33.34"), D("33.33"), D("33.33")]


@pytest.mark.parametrize(
    ("amount", "fen"),
    [("0.125", "0.13"), ("0.135", "0.14"), ("-0.125", "-0.13"), ("0.1249", "0.12")],
)
def test_half_a_fen_is_rounded_up_and_a_negative_as_its_positive(amount: str, fen: str) -> None:
    assert to_fen(D(amount)) == D(fen)


def test_p10_vat_is_summed_by_line() -> None:
    by_line = [rules.vat_and_net(gross=D("199.00"), rate=D("0.06"))[0] for _ in range(3)]
    assert by_line == [D("11.26")] * 3
    assert sum(by_line) == D("33.78")
    assert rules.vat_and_net(gross=D("597.00"), rate=D("0.06"))[0] == D("33.79")


def test_p11_rent_to_own() -> None:
    rows = rules.instalments(price=D(96000), months=36, monthly_rate=D("0.006"))
    assert rows[0] == rules.Instalment(1, D("2972.99"), D("576.00"), D("2396.99"), D("93603.01"))
    assert rows[11].balance == D("66267.66")
    assert (rows[-1].payment, rows[-1].balance) == (D("2972.89"), D(0))
    assert sum(row.interest for row in rows) == D("11027.54")


ANCHORS = st.dates(date(2024, 1, 1), date(2030, 12, 31))
PRICES = st.integers(min_value=1, max_value=10**7).map(lambda fen: D(fen) / 100)


@given(ANCHORS, st.sampled_from([ANCHOR, CALENDAR]))
def test_periods_follow_one_another(anchor: date, alignment: str) -> None:
    spans = [rules.period(n=n, anchor=anchor, alignment=alignment) for n in range(30)]
    assert spans[0].start == anchor
    assert all(a.end == b.start and a.days > 0 for a, b in pairwise(spans))


@given(ANCHORS, st.integers(0, 800), st.sampled_from([ANCHOR, CALENDAR]))
def test_a_day_lies_in_its_period(anchor: date, offset: int, alignment: str) -> None:
    day = anchor + timedelta(days=offset)
    n = rules.period_containing(day=day, anchor=anchor, alignment=alignment)
    span = rules.period(n=n, anchor=anchor, alignment=alignment)
    assert span.start <= day < span.end


DAYS = st.lists(st.integers(1, 30), max_size=3, unique=True).map(sorted)


def _spans(days: list[int]) -> list[tuple[date, date | None]]:
    starts = [MONTH.start, *(MONTH.start + timedelta(days=day) for day in days)]
    return list(zip(starts, [*starts[1:], None], strict=True))


@given(
    days=DAYS,
    prices=st.lists(PRICES, min_size=4, max_size=4),
    pause=st.tuples(st.integers(0, 30), st.integers(1, 30), st.decimals(0, 100, places=2)),
    cut=st.integers(1, 30),
    basis=st.sampled_from([ACTUAL, THIRTY, DAILY, WHOLE]),
)
def test_a_split_on_any_day_changes_no_fen(
    days: list[int],
    prices: list[Decimal],
    pause: tuple[int, int, Decimal],
    cut: int,
    basis: str,
) -> None:
    """Whatever prices and pauses a period has, a swap within it leaves its total as it was."""
    spans = _spans(days)
    first = MONTH.start + timedelta(days=pause[0])
    common: dict[str, Any] = {
        "prices": [
            rules.PriceSpan(a, b, price)
            for (a, b), price in zip(spans, prices[: len(spans)], strict=True)
        ],
        "breaks": [rules.BreakSpan(first, first + timedelta(days=pause[1]), pause[2])],
        "basis": basis,
    }
    swap = MONTH.start + timedelta(days=cut)
    whole = lines(MONTH, **common)
    parts = lines(
        MONTH,
        vehicles=[
            rules.VehicleSpan(MONTH.start, swap, OLD),
            rules.VehicleSpan(swap, None, NEW),
        ],
        **common,
    )
    assert sum(line.gross for line in parts) == sum(line.gross for line in whole)
    assert sum(line.relieved for line in parts) == sum(line.relieved for line in whole)
    assert [line.span.start for line in parts] == sorted({swap, *(x.span.start for x in whole)})
    assert all(D(0) <= line.relieved <= line.gross + line.relieved for line in parts)


@given(st.integers(1, 10**6), st.lists(st.integers(0, 40), min_size=1, max_size=6).filter(any))
def test_a_split_is_by_largest_remainder_ties_to_the_earlier(fen: int, weights: list[int]) -> None:
    parts = [int(part * 100) for part in split(D(fen) / 100, weights)]
    rests = [fen * weight % sum(weights) for weight in weights]
    more = [part - fen * w // sum(weights) for part, w in zip(parts, weights, strict=True)]
    assert sum(parts) == fen
    assert set(more) <= {0, 1}
    order = sorted(range(len(weights)), key=lambda i: (-rests[i], i))
    assert [more[i] for i in order] == sorted(more, reverse=True)


@given(st.lists(PRICES, min_size=1, max_size=5), st.data())
def test_partial_payments_never_drift(grosses: list[Decimal], data: st.DataObject) -> None:
    total = sum(grosses, D(0))
    paid = to_fen(data.draw(st.decimals(0, total, places=2)))
    parts = rules.line_parts(paid=paid, grosses=grosses)
    assert sum(parts) == paid
    assert all(part <= gross + D("0.01") for part, gross in zip(parts, grosses, strict=True))
    assert rules.line_parts(paid=total, grosses=grosses) == grosses
