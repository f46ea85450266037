"""The matching benchmark counts what its rule books and what it gets wrong."""

from typing import Any, cast

import pytest

from panshi.bench.matching import measure_matching


@pytest.mark.plain
def test_books_by_rule_what_amounts_alone_get_wrong() -> None:
    document = cast(dict[str, Any], measure_matching(lines=100, bills=2000))
    ours, baseline = document["ours"], document["baseline"]["exact_amount"]
    assert (ours["lines"], ours["bills"], ours["wrong"]) == (100, 2000, 0)
    assert ours["automatic"] >= 90
    assert baseline["wrong"] > 50
