"""Conditions: what they mean, and that nothing makes them raise."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panshi.handbook.rules import conditions
from panshi.handbook.rules.conditions import World, holds

pytestmark = pytest.mark.plain

WORLD = World(
    fact={"days": 7, "amount": "3600.00", "nested": {"deep": 1}},
    subject={"plate": "浙A12345D"},
    steps={
        "tyres": ["3.0", "1.2", "4"],
        "present": "不在场",
        "soc": "41",
        "rent": "3600",
        "code": "01",
    },
    results={"order": {"work_order_id": "w-1"}},
    param={"tread_min_mm": 1.6},
)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"eq": ["present", "不在场"]}, True),
        ({"ne": ["present", "不在场"]}, False),
        ({"lt": [{"min": "tyres"}, "$param.tread_min_mm"]}, True),
        ({"gt": [{"max": "tyres"}, 4]}, False),
        ({"eq": [{"count": "tyres"}, 3]}, True),
        ({"eq": [{"count": "absent"}, 0]}, True),
        ({"lt": ["tyres", "$param.tread_min_mm"]}, True),  # Any of the repeated values.
        ({"ge": ["$fact.amount", 3000]}, True),
        ({"in": ["present", ["本人", "不在场"]]}, True),
        ({"eq": ["$steps.order.work_order_id", "w-1"]}, True),
        ({"eq": ["$fact.nested.deep", 1]}, True),
        ({"eq": ["absent", 1]}, False),
        ({"eq": ["rent", "$fact.amount"]}, True),  # 3600 typed is 3600.00 told.
        ({"ne": ["rent", "$fact.amount"]}, False),
        ({"eq": ["code", "1"]}, False),
        ({"ne": ["absent", 1]}, False),  # What is not known proves nothing either way.
        ({"not": {"eq": ["absent", 1]}}, True),
        ({"lt": ["present", 5]}, False),
        ({"and": [{"eq": ["soc", 41]}, {"ne": ["$subject.plate", "x"]}]}, True),
        ({"or": [{"eq": ["soc", 1]}, {"eq": ["soc", 41]}]}, True),
    ],
)
def test_holds(condition: dict[str, Any], expected: bool) -> None:
    assert holds(condition, WORLD) is expected


def test_a_bare_name_in_a_trigger_is_a_field_of_the_fact() -> None:
    assert holds({"eq": ["days", 7]}, World(fact={"days": 7}, bare="fact"))


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ({"like": ["a", 1]}, "unknown operator"),
        ({"eq": ["a"]}, "takes [name, value]"),
        ({"eq": ["a", 1], "ne": ["a", 2]}, "one operator"),
        ("days > 7", "one operator"),
        ({"and": []}, "list of conditions"),
        ({"lt": [{"sum": "a"}, 1]}, "gather values"),
        ({"eq": ["$env.secret", 1]}, "does not begin with"),
        ({"in": ["a", "b"]}, "list on the right"),
        ({"not": {"not": {"not": {"not": {"not": {"eq": ["a", 1]}}}}}}, "deeper"),
    ],
)
def test_problems_are_named(condition: object, words: str) -> None:
    assert any(words in problem for problem in conditions.problems(condition))


_names = st.sampled_from(["a", "b", "$fact.x", "$steps.a", "$param.p", "$now", "$subject.s.t"])
_plain = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8),
    st.sampled_from(["1", "NaN", "sNaN", "-Infinity", "1e999999"]),
)  # fmt: skip
_values = st.recursive(
    _plain,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)
_left = _names | st.builds(lambda g, n: {g: n}, st.sampled_from(conditions.GATHERERS), _names)
_comparison = st.one_of(
    st.builds(
        lambda op, left, right: {op: [left, right]},
        st.sampled_from(conditions.COMPARISONS[:-1]), _left, _left | _plain,
    ),
    st.builds(lambda left, right: {"in": [left, right]}, _left, st.lists(_plain, max_size=3)),
)  # fmt: skip
_conditions = st.recursive(
    _comparison,
    lambda inner: st.one_of(
        st.builds(lambda c: {"not": c}, inner),
        st.builds(lambda op, cs: {op: cs}, st.sampled_from(["and", "or"]),
                  st.lists(inner, min_size=1, max_size=3)),
    ),
    max_leaves=6,
)  # fmt: skip
_fields = st.dictionaries(st.sampled_from(["a", "b", "x", "p", "s"]), _values, max_size=4)


@given(_conditions, _fields, _fields, _fields, _fields)
def test_a_well_formed_condition_never_raises(
    condition: dict[str, Any],
    fact: dict[str, object],
    subject: dict[str, object],
    steps: dict[str, object],
    param: dict[str, object],
) -> None:
    if list(conditions.problems(condition)):
        return  # Nested too deep, or a text that looks like a reference: refused when read.
    world = World(fact=fact, subject=subject, steps=steps, param=param, now="2027-03-09")
    assert holds(condition, world) in (True, False)
    assert holds({"not": condition}, world) is not holds(condition, world)


@given(_values)
def test_problems_and_resolve_take_any_value(value: object) -> None:
    assert list(conditions.problems(value)) is not None
    conditions.resolve(value, WORLD)
