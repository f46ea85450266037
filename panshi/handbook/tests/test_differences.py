"""What counts as a change, how grave it is, and how it is told."""

from dataclasses import replace

import pytest

from panshi.handbook import content_files, quizzes
from panshi.handbook.rules import differences, texts
from panshi.handbook.rules.differences import Change
from panshi.handbook.rules.texts import NodeDocument

pytestmark = pytest.mark.plain
SLUG = "overdue-reminder"
FILES = content_files.read_directory(content_files.SHIPPED).folders[f"CS-D-05-{SLUG}"]


def read(name: str = "", before: str = "", after: str = "") -> NodeDocument:
    files = dict(FILES)
    if name:
        assert before in files[name]
        files[name] = files[name].replace(before, after, 1)
    return texts.document_of(files)


def only(name: str, before: str, after: str) -> Change:
    (change,) = differences.compare({SLUG: read()}, {SLUG: read(name, before, after)})
    return change


STEP = "- {id: bill_right,"
NEW = "- {id: greet, zh: 报出姓名与公司, evidence: {kind: check}, required: true}\n" + STEP


@pytest.mark.parametrize(
    ("name", "before", "after", "gravity", "what"),
    [
        ("node.md", "zh: 逾期提醒", "zh: 欠款提醒", "working", "node renamed"),
        ("node.md", "code: CS-D-05", "code: CS-D-95", "working", "node moved"),
        ("sop.yaml", "eq: [days, 1]", "eq: [days, 2]", "grave", "procedure: trigger"),
        (
            "sop.yaml",
            "owner: {role: collector",
            "owner: {role: finance",
            "grave",
            "procedure: owner_role",
        ),
        ("sop.yaml", "within: 1d", "within: 2d", "grave", "procedure: within"),
        ("sop.yaml", "at: 60%", "at: 70%", "working", "procedure: escalate"),
        ("sop.yaml", STEP, NEW, "grave", "step greet added"),
        (
            "sop.yaml",
            "[无误, 疑似有误]}, required: true",
            "[无误, 疑似有误]}",
            "grave",
            "step bill_right: required",
        ),
        (
            "sop.yaml",
            "eq: [bill_right, 疑似有误]",
            "ne: [bill_right, 无误]",
            "working",
            "step to_dispute: when",
        ),
        ("policy.md", "1. ", "1. 自今日起，", "working", "clause 1 changed"),
        ("node.md", "这一步是提醒", "这一步只是提醒", "editorial", "text: what"),
        ("node.md", "en: Overdue reminder", "en: Reminder", "editorial", "text: en"),
    ],
)
def test_each_kind_of_change_has_its_gravity(
    name: str, before: str, after: str, gravity: str, what: str
) -> None:
    change = only(name, before, after)
    assert (change.gravity, change.what) == (gravity, what)
    assert "collector" in change.roles or "finance" in change.roles
    assert quizzes.change_words(change)


def test_nodes_come_and_go_gravely_and_the_heaviest_stands_first() -> None:
    old = read()
    added = differences.compare({}, {SLUG: old})
    gone = differences.compare({SLUG: old}, {})
    assert [c.what for c in (*added, *gone)] == ["node added", "node removed"]
    many = replace(read("sop.yaml", "within: 1d", "within: 2d"), cases=())
    found = differences.compare({SLUG: old}, {SLUG: many})
    assert [c.gravity for c in found] == ["grave", "editorial"]


def test_a_step_moved_is_not_one_gone_and_one_new() -> None:
    old = read()
    steps = list(old.procedure.steps)
    steps[1], steps[2] = steps[2], steps[1]
    new = replace(old, procedure=replace(old.procedure, steps=tuple(steps)))
    (change,) = differences.compare({SLUG: old}, {SLUG: new})
    assert (change.what, change.gravity) == ("steps reordered", "working")


def test_every_change_of_the_work_makes_a_quiz_of_three_to_eight() -> None:
    old, new = read(), read("sop.yaml", STEP, NEW)
    changes = differences.compare({SLUG: old}, {SLUG: new})
    quiz = quizzes.change_quiz(changes, old, new, 7)
    assert 3 <= len(quiz) <= 8
    assert any("报出姓名与公司" in question.options for question in quiz)
    assert quiz == quizzes.change_quiz(changes, old, new, 7)
