"""The lives of payments, refunds and bank lines: every pair of states is allowed or refused."""

from itertools import product
from typing import Any

import pytest
from django.db.models import TextChoices

from panshi.billing.models import (
    LINE_LIFE,
    PAYMENT_LIFE,
    REFUND_LIFE,
    LineState,
    PaymentState,
    RefundState,
)
from panshi.kit.refusals import IllegalMove
from panshi.kit.states import Machine

pytestmark = pytest.mark.plain

PAYMENT = {
    ("CREATED", "PENDING"), ("CREATED", "CLOSED"), ("CREATED", "FAILED"),
    ("PENDING", "SUCCEEDED"), ("PENDING", "CLOSED"), ("PENDING", "FAILED"),
    ("SUCCEEDED", "PART_REFUNDED"), ("PART_REFUNDED", "REFUNDED"), ("CLOSED", "SUCCEEDED"),
}  # fmt: skip
REFUND = {
    ("ASKED", "APPROVED"), ("ASKED", "DECLINED"), ("APPROVED", "SENT"), ("SENT", "PAID"),
    ("SENT", "FAILED"), ("FAILED", "SENT"),
}  # fmt: skip
LINE = {
    ("NEW", "MATCHED"), ("NEW", "QUEUED"), ("QUEUED", "MATCHED"), ("QUEUED", "CONFIRMED"),
    ("QUEUED", "SET_ASIDE"), ("SET_ASIDE", "QUEUED"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("machine", "states", "moves"),
    [
        (PAYMENT_LIFE, PaymentState, PAYMENT),
        (REFUND_LIFE, RefundState, REFUND),
        (LINE_LIFE, LineState, LINE),
    ],
)
def test_no_move_but_those_listed(
    machine: Machine[Any], states: type[TextChoices], moves: set[tuple[str, str]]
) -> None:
    allowed = set()
    for here, there in product(states, states):
        try:
            machine.step(here, there)
        except IllegalMove:
            continue
        allowed.add((here.value, there.value))
    assert allowed == moves


RANK = {"CREATED": 0, "PENDING": 1, "CLOSED": 1, "FAILED": 1}


def test_the_rank_of_a_payment_never_falls() -> None:
    order = {**RANK, "SUCCEEDED": 2, "PART_REFUNDED": 3, "REFUNDED": 4}
    assert all(order[here] <= order[there] for here, there in PAYMENT)
