"""Check channel … gives every difference between file, payments and ledger a class."""

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from random import Random

import pytest

from panshi.billing import queries, services, simulator, three_way
from panshi.billing.channels import port, simulated
from panshi.billing.channels.port import FileLine
from panshi.billing.models import ChannelDifference, Payment
from panshi.billing.tests import make
from panshi.billing.tests.test_refund_payment import overpaid, sent
from panshi.billing.three_way import Ours
from panshi.kit.money import to_fen
from panshi.kit.tenancy import hq_actor
from panshi.org.tests import make as org_make


def _fee(amount: Decimal) -> Decimal:
    return to_fen(amount * simulated.FEE)


def _day_of(count: int) -> tuple[list[FileLine], list[Ours]]:
    lines, ours = [], []
    for n in range(count):
        kind = port.REFUND if n % 10 == 9 else port.PAYMENT
        amount = Decimal(100 + n % 900)
        lines.append(
            FileLine(
                line=n + 2,
                kind=kind,
                number=f"N{n:06d}",
                amount=amount,
                fee=_fee(amount) if kind == port.PAYMENT else Decimal(0),
                on=make.DAY,
            )
        )
        ours.append(
            Ours(kind=kind, number=f"N{n:06d}", amount=amount, on=make.DAY, ledger_amount=amount)
        )
    return lines, ours


@pytest.mark.plain
def test_fifty_faults_in_ten_thousand_lines_are_found_and_classed() -> None:
    lines, ours = _day_of(10_000)
    planted = Counter[str]()
    gone: set[int] = set()
    for place, fault in zip(
        Random(3).sample(range(10_000), 50), [*three_way.CLASSES] * 9, strict=False
    ):
        planted[fault] += 1
        match fault:
            case three_way.MISSING_HERE:
                ours[place] = replace(ours[place], number=f"X{place}", on=date_before())
            case three_way.MISSING_THERE:
                gone.add(place)
            case three_way.AMOUNT if place % 2:
                lines[place] = replace(
                    lines[place],
                    amount=lines[place].amount + 1,
                    fee=_fee(lines[place].amount + 1) if place % 10 != 9 else Decimal(0),
                )
            case three_way.AMOUNT:
                ours[place] = replace(ours[place], ledger_amount=None)
            case three_way.FEE:
                lines[place] = replace(lines[place], fee=lines[place].fee + Decimal("0.01"))
            case three_way.DATE:
                ours[place] = replace(ours[place], on=date_before())
            case three_way.DUPLICATE:
                lines.append(replace(lines[place], line=20_000 + place))
    kept = [line for line in lines if line.line >= 20_000 or line.line - 2 not in gone]

    compared = three_way.compare(lines=kept, ours=ours, day=make.DAY, fee_of=_fee)

    assert Counter(each.kind for each in compared.differences) == planted
    assert sum(planted.values()) == 50
    behind = {each.line.line for each in compared.differences if each.line is not None}
    assert compared.matched + len(behind) == len(kept)  # No line is without a word.


def date_before() -> date:
    return make.DAY - timedelta(days=1)


def test_a_clean_day_agrees_and_a_planted_one_does_not() -> None:
    org, platform = org_make.operator(), org_make.platform()
    hq = hq_actor(platform.id)
    day = make.DAY + timedelta(days=400)
    at = make.noon(day)
    paid = []
    for n in range(6):
        payment = make.payment(org, make.bill(org, 100 + n).bill_id, at=at)
        simulator.paid(merchant_no=payment.merchant_no, amount=payment.amount, at=at)
        services.query_payment(payment_id=payment.id, actor=make.clerk(org), at=at)
        paid.append(payment)
    clean = services.check_channel(channel="SIM", day=day, actor=hq, at=at)
    assert (clean.lines, clean.differences) == (6, 0)

    simulator.paid(merchant_no="P-STRANGE", amount=Decimal(7), at=at)
    with simulated.books() as kept:
        kept.execute("DELETE FROM orders WHERE number = ?", [paid[0].merchant_no])
        kept.execute("UPDATE orders SET amount = '1.00' WHERE number = ?", [paid[1].merchant_no])
    Payment.objects.filter(id=paid[2].id).update(received_at=at - timedelta(days=1))

    fact = services.check_channel(channel="SIM", day=day, actor=hq, at=at)

    found = ChannelDifference.objects.filter(check_run_id=fact.check_id)
    assert {(d.kind, d.number) for d in found} == {
        ("MISSING_HERE", "P-STRANGE"),
        ("MISSING_THERE", paid[0].merchant_no),
        ("AMOUNT", paid[1].merchant_no),
        ("DATE", paid[2].merchant_no),
    }
    first = found[0]
    with pytest.raises(services.WordsMissing):
        services.settle_difference(difference_id=first.id, words=" ", actor=hq, at=at)
    services.settle_difference(difference_id=first.id, words="测试单", actor=hq, at=at)
    card = queries.check_card(check_id=fact.check_id, actor=hq)
    assert (card.differences, card.open_differences) == (4, 3)
    with pytest.raises(services.WholeChannelOnly):
        services.check_channel(channel="SIM", day=day, actor=make.clerk(org), at=at)


def test_refunds_are_compared_as_well() -> None:
    org = org_make.operator()
    payment = overpaid(org)
    services.query_refund(refund_id=sent(org, payment), actor=make.clerk(org), at=make.NOON)
    fact = services.check_channel(
        channel="SIM", day=make.DAY, actor=hq_actor(org_make.platform().id), at=make.NOON
    )
    numbers = {payment.merchant_no, *payment.refunds.values_list("number", flat=True)}
    found = ChannelDifference.objects.filter(check_run_id=fact.check_id)
    assert not [d for d in found if d.number in numbers]
