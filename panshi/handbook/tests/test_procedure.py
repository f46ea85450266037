"""Procedures: read strictly, and every run of one can close."""

from collections import Counter
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from panshi.handbook.rules import bpmn, flow, reading, walking
from panshi.handbook.rules.conditions import World
from panshi.handbook.rules.flow import Record, Standing
from panshi.handbook.rules.procedure import ContentFault

pytestmark = pytest.mark.plain

HEAD = """
schema: sop/1
trigger: {kind: event, event: billing.BillOverdue, where: {eq: [days, 7]}}
subject: {type: fleet.vehicle, id: $fact.vehicle_id}
owner: {role: qc, pick: pool}
sla: {take: 10m, within: 60m, clock: wall}
escalate: [{at: 50%, to: owner}, {at: +1d, to: station, reassign: true}]
"""
STEPS = """
steps:
- {id: present, zh: 在场, evidence: {kind: choice, of: [本人, 不在场]}, required: true}
- {id: film, zh: 录像, when: {eq: [present, 不在场]}, evidence: {kind: file}, required: true}
- parallel:
  - id: tyres
    zh: 花纹
    repeat_for: [左前, 右前]
    evidence: {kind: reading, unit: mm, min: 0, max: 12}
    required: true
  - {id: papers, zh: 证件, evidence: {kind: check}}
- id: worn
  zh: 更换
  when: {lt: [{min: tyres}, $param.tread]}
  evidence: {kind: check}
  required: true
"""


def procedure(steps: str = STEPS, head: str = HEAD) -> Any:
    return reading.procedure_of(yaml.safe_load(head + steps))


def stand(records: dict[tuple[str, int], Record], steps: str = STEPS) -> dict[tuple[str, int], str]:
    found = flow.progress(procedure(steps), records, World(param={"tread": 1.6}))
    return {(i.step.id, i.iteration): i.standing.value for i in found.items}


def done(value: object) -> Record:
    return Record(standing=Standing.DONE, value=value)


def test_a_turn_stops_the_run_for_what_it_says_itself_and_not_for_an_earlier_turn() -> None:
    head = "steps:\n- {id: tyres, zh: 花纹, repeat_for: [一, 二, 三], required: true, "
    proof = "evidence: {kind: reading, unit: mm, min: 0, max: 12}, "

    def stops(condition: str, *values: float) -> bool:
        made = procedure(f"{head}{proof}stop_if: {condition}}}")
        world = World(steps={"tyres": list(values)})
        return flow.stops(made.steps[0], world, values[-1])

    assert stops("{lt: [tyres, 2]}", 1)
    assert not stops("{lt: [tyres, 2]}", 1, 5)
    assert stops("{lt: [tyres, 2]}", 1, 5, 1.5)
    assert not stops("{lt: [{min: tyres}, 2]}", 1, 5)
    assert not stops("{ge: [{count: tyres}, 2]}", 5)
    assert stops("{ge: [{count: tyres}, 2]}", 5, 6)
    assert not stops("{ge: [{count: tyres}, 2]}", 5, 6, 7)


def test_a_step_that_changed_what_its_condition_looks_at_stays_done() -> None:
    hold = """
steps:
- {id: hold, zh: 停用, when: {ne: [$subject.state, IN_SERVICE]}, call: x.y, required: true}
- {id: told, zh: 告知, when: {ne: [$subject.state, IN_SERVICE]}, evidence: {kind: check}}
"""
    made = procedure(hold)
    before, after = (World(subject={"state": state}) for state in ("READY", "IN_SERVICE"))
    assert flow.progress(made, {}, before).ready[0].step.id == "hold"
    records = {("hold", 0): done(True)}
    found = flow.progress(made, records, after)
    assert [str(item.standing) for item in found.items] == ["DONE", "NOT_APPLICABLE"]
    assert found.done == 1


def test_only_the_first_step_is_ready_at_first() -> None:
    assert stand({}) == {
        ("present", 0): "READY", ("film", 0): "NOT_APPLICABLE", ("tyres", 0): "AHEAD",
        ("tyres", 1): "AHEAD", ("papers", 0): "AHEAD", ("worn", 0): "NOT_APPLICABLE",
    }  # fmt: skip


def test_a_condition_opens_its_step_and_holds_the_rest() -> None:
    standing = stand({("present", 0): done("不在场")})
    assert standing["film", 0] == "READY"
    assert standing["tyres", 0] == "AHEAD"


def test_a_step_is_undecided_until_what_it_depends_on_is_known() -> None:
    def undecided(records: dict[tuple[str, int], Record]) -> set[str]:
        found = flow.progress(procedure(), records, World(param={"tread": 1.6}))
        return {i.step.id for i in found.items if i.undecided}

    assert undecided({}) == {"film", "worn"}
    present = {("present", 0): done("本人")}
    assert undecided(present) == {"worn"}
    both = {("tyres", 0): done("3"), ("tyres", 1): done("3")}
    assert undecided({**present, **both}) == set()


def test_steps_of_a_group_come_in_any_order_and_repeats_stand_alone() -> None:
    standing = stand({("present", 0): done("本人"), ("tyres", 1): done("3")})
    assert (standing["tyres", 0], standing["papers", 0]) == ("READY", "READY")
    assert standing["worn", 0] == "NOT_APPLICABLE"


def test_an_optional_step_holds_nothing_up() -> None:
    records = {
        ("present", 0): done("本人"), ("tyres", 0): done("3"), ("tyres", 1): done("1.2"),
    }  # fmt: skip
    assert stand(records)["worn", 0] == "READY"
    found = flow.progress(
        procedure(), {**records, ("worn", 0): done("yes")}, World(param={"tread": 1.6})
    )
    assert found.finished
    assert [i.step.id for i in found.ready] == ["papers"]


def test_a_skipped_step_counts_as_settled_but_not_as_done() -> None:
    records = {("present", 0): Record(standing=Standing.SKIPPED)}
    found = flow.progress(procedure(), records, World(param={"tread": 1.6}))
    assert found.done == 0
    tyres = found.item("tyres", 0)
    assert tyres is not None
    assert tyres.standing == Standing.READY


def test_repeats_come_from_a_list_of_the_fact_or_a_number() -> None:
    steps = """
steps:
- {id: each, zh: 每件, repeat_for: $fact.parts, evidence: {kind: check}, required: true}
- {id: thrice, zh: 三次, repeat_for: {times: $param.n}, evidence: {kind: check}, required: true}
"""
    world = World(fact={"parts": ["a", "b"]}, param={"n": 3})
    found = flow.progress(procedure(steps), {}, world)
    assert [(i.step.id, i.label) for i in found.items] == [
        ("each", "a"), ("each", "b"), ("thrice", "1"), ("thrice", "2"), ("thrice", "3"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("kind: choice, of: [本人, 不在场]", "kind: guess"), "none of check"),
        (("id: film", "id: present"), "used twice"),
        (("when: {eq: [present", "when: {eq: [worn"), "no earlier step"),
        (("unit: mm, ", ""), "has a unit"),
        (("required: true", "requird: true"), "unknown word"),
        (("when: {lt", "when: {below"), "unknown operator"),
        (("evidence: {kind: file}", "call: fleet"), "room.verb"),
        (("evidence: {kind: file}", "auto: true"), "needs a verb"),
        (("evidence: {kind: file}", "on_fail: {goto: present}"), "needs “stop_if”"),
        (("$param.tread", "$env.tread"), "does not begin with"),
    ],
)
def test_a_fault_is_named_with_its_place(change: tuple[str, str], words: str) -> None:
    assert change[0] in STEPS
    with pytest.raises(ContentFault) as caught:
        procedure(STEPS.replace(*change, 1))
    assert any(words in fault.words for fault in caught.value.faults), caught.value.faults


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("sop/1", "sop/9"), "must be sop/1"),
        (("take: 10m", "take: soon"), "not a time"),
        (("at: 50%", "at: 150%"), "between 1% and 100%"),
        (("pick: pool", "pick: nearest"), "none of pool"),
        (("billing.BillOverdue", "overdue"), "room.FactName"),
        (("role: qc", "rol: qc"), "has no role"),
    ],
)
def test_a_fault_of_the_head_is_named(change: tuple[str, str], words: str) -> None:
    with pytest.raises(ContentFault) as caught:
        procedure(head=HEAD.replace(*change, 1))
    assert any(words in fault.words for fault in caught.value.faults), caught.value.faults


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(ContentFault) as caught:
        procedure(STEPS.replace("kind: check", "kind: chek"), HEAD.replace("10m", "now"))
    assert len(caught.value.faults) >= 3


def test_a_walk_finds_the_step_that_nothing_reaches() -> None:
    steps = STEPS.replace("{eq: [present, 不在场]}", "{eq: [present, 别人]}")
    assert walking.walk(procedure(steps), {"tread": 1.6}).unreached == ("film",)
    assert walking.walk(procedure(), {"tread": 1.6}).unreached == ()


_kinds = st.sampled_from(
    ["{kind: check}", "{kind: choice, of: [甲, 乙]}", "{kind: reading, unit: mm, min: 0, max: 9}"]
)


@st.composite
def procedures(draw: st.DrawFn) -> dict[str, Any]:
    """Procedures with conditions on earlier steps, repeats, groups and ways back."""
    steps: list[dict[str, Any]] = []
    for number in range(draw(st.integers(1, 7))):
        step: dict[str, Any] = {
            "id": f"s{number}", "zh": f"步骤{number}",
            "evidence": yaml.safe_load(draw(_kinds)), "required": draw(st.booleans()),
        }  # fmt: skip
        if number and draw(st.booleans()):
            operator, value = draw(
                st.sampled_from([("eq", "甲"), ("ne", "甲"), ("lt", 5), ("gt", 5)])
            )
            step["when"] = {operator: [f"s{draw(st.integers(0, number - 1))}", value]}
        if draw(st.booleans()):
            step["repeat_for"] = ["左", "右"]
        if draw(st.integers(0, 3)) == 0:
            step["stop_if"] = {"in": [f"s{number}", ["乙", 0, 1]]}
            step["on_fail"] = {"goto": f"s{draw(st.integers(0, number))}"}
        steps.append(step)
    steps[-1]["required"] = True
    return {**yaml.safe_load(HEAD), "steps": steps}


@settings(deadline=None)
@given(procedures(), st.randoms(use_true_random=False))
def test_every_run_can_close(given_: dict[str, Any], random: Any) -> None:
    procedure_ = reading.procedure_of(given_)
    records: dict[tuple[str, int], Record] = {}
    base = World()
    for _turn in range(400):
        found = flow.progress(procedure_, records, base)
        assert found.finished or any(i.owed for i in found.ready), "a required step is out of reach"
        if not found.ready:
            break
        item = random.choice(found.ready)
        value = random.choice(walking.answers(item, procedure_, found.world))
        records[item.step.id, item.iteration] = done(value)
    assert flow.progress(procedure_, records, base).finished


def test_a_procedure_is_told_as_bpmn_without_a_loose_end() -> None:
    steps = """
- id: looked
  zh: 查看
  evidence: {kind: choice, of: [好, 坏, 重看]}
  stop_if: {ne: [looked, 好]}
  on_fail: [{when: {eq: [looked, 重看]}, goto: looked}, {when: {eq: [looked, 坏]}, start: repair}]
  required: true
"""
    xml = bpmn.document_of(procedure(STEPS + steps.strip("\n") + "\n"), slug="try", name="试")
    process = ElementTree.fromstring(xml)[0]
    kinds = Counter(node.tag.rpartition("}")[2] for node in process)
    assert (kinds["userTask"], kinds["parallelGateway"], kinds["endEvent"]) == (6, 2, 2)
    ids = {node.get("id") for node in process}
    flows = [(n.get("sourceRef"), n.get("targetRef")) for n in process if n.get("sourceRef")]
    assert {end for flow in flows for end in flow} <= ids
    assert ("halt_looked", "step_looked") in flows
    reached: set[str | None] = {"start"}
    before: set[str | None] = set()
    while reached != before:
        before, reached = reached, reached | {to for source, to in flows if source in reached}
    assert reached == {node.get("id") for node in process if not node.get("sourceRef")}
