"""The rule that matches bank lines … books what is plain, and nothing that is not."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from panshi.billing import matching
from panshi.billing.matching import Books, Judgement, Line, OpenBill, Payer
from panshi.billing.tests import bank_files
from panshi.kit.ids import uuid7

pytestmark = pytest.mark.plain
DAY = bank_files.TODAY
ANN, BEN, EVE = uuid7(), uuid7(), uuid7()


def bill(
    customer_id: UUID, number: str, amount: str, *, days: int = 0, deposit: bool = False
) -> OpenBill:
    return OpenBill(
        id=uuid7(),
        customer_id=customer_id,
        numbers=(number,),
        due_on=DAY - timedelta(days=days),
        open_amount=Decimal(amount),
        deposit=deposit,
    )


BILLS = (
    bill(ANN, "B2027-000001", "300.00", days=60),
    bill(ANN, "B2027-000002", "200.00", days=30),
    bill(ANN, "B2027-000003", "450.00"),
    bill(ANN, "B2027-000009", "600.00", deposit=True),
    bill(BEN, "B2027-000010", "300.00"),
    bill(EVE, "B2027-000011", "300.00"),
)
PAYERS = (
    Payer(id=ANN, name="杭州风行物流有限公司", accounts=frozenset({"a"})),
    Payer(id=BEN, name="李雷", accounts=frozenset({"b"}), virtual_accounts=frozenset({"v"})),
    Payer(id=EVE, name="李 雷"),
)


def judge(amount: str, payer: str = "", memo: str = "", **more: str) -> Judgement:
    line = Line(id=uuid7(), value_on=DAY, amount=Decimal(amount), payer=payer, memo=memo, **more)
    return Books(bills=BILLS, payers=PAYERS).judge(line)


def best(judgement: Judgement) -> tuple[UUID, int, set[str]]:
    first = judgement.candidates[0]
    return first.customer_id, first.score, set(first.codes)


def test_a_number_and_the_exact_amount_are_enough() -> None:
    found = judge("300.00", "王小明", "租金 b2027000010")
    assert best(found) == (BEN, 90, {"NUMBER", "EXACT", "NEAR"})
    assert found.automatic
    assert found.candidates[0].bill_ids == (BILLS[4].id,)


def test_a_name_alone_is_not() -> None:
    found = judge("450.00", "杭州风行物流（有限公司）")
    assert best(found) == (ANN, 70, {"NAME", "EXACT", "NEAR"})
    assert not found.automatic


def test_a_known_account_and_the_oldest_bills_are() -> None:
    found = judge("500.00", "", account="a")
    assert best(found)[:2] == (ANN, 75)
    assert found.candidates[0].bill_ids == (BILLS[0].id, BILLS[1].id)
    assert found.automatic


def test_two_of_a_name_cancel_it() -> None:
    found = judge("300.00", "李雷")
    assert {c.score for c in found.candidates} == {30}
    assert not found.automatic
    with_account = judge("300.00", "李雷", account="b")
    assert best(with_account) == (BEN, 70, {"ACCOUNT", "NAME", "TWO_OF_A_NAME", "EXACT", "NEAR"})
    virtual = judge("300.00", "李雷", virtual_account="v")
    assert (best(virtual)[:2], virtual.automatic) == ((BEN, 90), True)


def test_the_total_counts_less_than_a_sum() -> None:
    found = judge("950.00", "", account="a")
    assert "EXACT" in best(found)[2]  # All three are the oldest three.
    many = [*BILLS, *(bill(ANN, f"C{n:06d}", "7.00", days=200 + n * 40) for n in range(4))]
    whole = Books(bills=many, payers=PAYERS).judge(
        Line(id=uuid7(), value_on=DAY, amount=Decimal("978.00"), payer="", account="a")
    )
    assert best(whole) == (ANN, 75, {"ACCOUNT", "ALL_OPEN", "NEAR"})


def test_a_deposit_only_when_it_is_named() -> None:
    assert "EXACT" not in best(judge("600.00", "", account="a"))[2]
    named = judge("600.00", "", "B2027-000009", account="a")
    assert named.candidates[0].bill_ids == (BILLS[3].id,)


def test_another_amount_than_the_named_bills_is_left_to_a_person() -> None:
    found = judge("299.99", "杭州风行物流", "B2027-000001", account="a")
    assert best(found)[1] == 120
    assert not found.automatic
    # Nor is the amount that another bill happens to have.
    assert not judge("450.00", "", "B2027-000001", account="a").automatic


@pytest.mark.parametrize("memo", ["B2027-0000101", "12027-000010", "B2027-00001", "", "租金"])
def test_a_part_of_a_longer_number_names_nothing(memo: str) -> None:
    assert judge("300.00", "", memo).candidates == ()


def test_a_rival_close_behind_leaves_it_to_a_person() -> None:
    found = judge("300.00", "杭州风行物流有限公司", "B2027-000010", account="a")
    assert best(found)[0] in (ANN, BEN)
    assert not found.automatic


def test_one_bill_is_settled_by_one_line() -> None:
    line = Line(id=uuid7(), value_on=DAY, amount=Decimal("300.00"), payer="", memo="B2027-000010")
    again = replace(line, id=uuid7())
    judged = matching.settle_plain(Books(bills=BILLS, payers=PAYERS), [line, again])
    assert [j.automatic for j in judged] == [True, False]


def test_a_thousand_labelled_lines() -> None:
    """At least 95 % by rule and none wrong, against 20,000 open bills."""
    town = bank_files.town()
    truth = {each.line.id: each for each in town.lines}
    books = Books(bills=town.bills, payers=town.payers)
    judged = matching.settle_plain(books, [each.line for each in town.lines])
    plain = [j for j in judged if j.automatic]
    wrong = [j for j in plain if j.candidates[0].customer_id != truth[j.line_id].customer_id]
    assert wrong == []
    assert len(plain) / len(judged) >= 0.95, len(plain)
