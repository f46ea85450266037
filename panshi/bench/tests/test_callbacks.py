"""A storm of notices … leaves every payment as the channel says and every promise kept."""

from typing import Any

from panshi.bench.callbacks import measure_callbacks
from panshi.org.tests import make

CALLBACKS, PAYMENTS = 180, 14
REFUNDED = 2


def test_a_storm_of_lies_repeats_and_strays_leaves_the_books_as_the_channel_says() -> None:
    make.platform()
    document: Any = measure_callbacks(callbacks=CALLBACKS, payments=PAYMENTS)
    ours = document["ours"]
    assert ours["callbacks"] == CALLBACKS
    assert (ours["payments_that_differ"], ours["money_that_differs"]) == (0, "0.00")
    assert ours["promises_broken"] == 0
    assert ours["refunds_paid"] == REFUNDED
    assert ours["counted"] == CALLBACKS + document["baseline"]["clean_order"]["callbacks"]
    assert set(ours["verdicts"]) == {
        "ACCEPTED", "FORGED", "MERCHANT", "APP", "CURRENCY", "UNKNOWN", "AMOUNT", "STATE",
        "NO_NEWS",
    }  # fmt: skip
    assert ours["answers"]["CallbackRepeated"] > 0
    assert sum(ours["answers"].values()) == CALLBACKS
