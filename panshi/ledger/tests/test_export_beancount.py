"""Export beancount … one book as text that an outside program adds up again."""

import re
from collections import defaultdict
from datetime import date
from decimal import Decimal

import pytest

from panshi.ledger import queries, rules
from panshi.ledger.tests import make
from panshi.org.tests import make as org_make
from tools.check_books import check_ledger


def test_the_text_adds_up_to_the_trial_balance() -> None:
    org = org_make.operator()
    make.post(org, make.entry(org), make.entry(org, ("1002", 40), ("1122", -40)))
    text = queries.export_beancount(org_id=org.id, actor=make.clerk(org))
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for account, amount in re.findall(r"^  (\S+)  (-?[\d.]+) CNY$", text, re.MULTILINE):
        sums[account] += Decimal(amount)
    trial = queries.trial_balance(month=make.DAY, actor=make.clerk(org))
    assert sums == {rules.beancount_account(row.account): row.closing for row in trial}
    assert text.count("\n2027-06-21 * ") == 2


def test_the_outside_checker_finds_it_right_and_finds_each_fault() -> None:
    org = org_make.operator()
    for day in (3, 21, 30):
        make.post(org, make.entry(org, on=date(2027, 6, day)))
    text = queries.export_beancount(org_id=org.id, actor=make.clerk(org))
    assert check_ledger(text) == []
    unbalanced = check_ledger(text.replace("113.00 CNY", "113.01 CNY", 1))
    assert unbalanced[0].startswith("entry of")
    forgotten = text.replace(text[text.index("2027-06-21 *") : text.index("2027-06-30 *")], "")
    assert len(check_ledger(forgotten)) == 3
    assert check_ledger("") == ["no entries"]


@pytest.mark.plain
def test_every_account_has_a_name_of_its_own() -> None:
    names = [rules.beancount_account(code) for code, _, _, _ in rules.CHART]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[A-Z][a-z]+(:[A-Z][A-Za-z0-9]*)+", name) for name in names)
