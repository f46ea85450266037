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


TEXT = "evidence: {kind: text, min: 8}, required: true}\n- {id: reached"
LINK = (
    "- {id: link, zh: 发送付款链接并等待付完, en: Send the payment link, "
    "why: 等他付完再挂断，比约时间可靠得多。, "
    "when: {in: [reason, [忘记付款, 扣款失败]]}, evidence: {kind: check}, required: true}\n"
)
LADDER = "to owner, share {}, to finance, share 100, to city_manager, after 1d"
Entry = tuple[str, str, str, str]
# What a reader of the difference is told, entry by entry: gravity, what, before, after.
GOLDEN: dict[str, tuple[tuple[str, str, str], tuple[Entry, ...]]] = {
    "renamed": (
        ("node.md", "zh: 逾期提醒", "zh: 欠款提醒"),
        (("working", "node renamed", "逾期提醒", "欠款提醒"),),
    ),
    "moved": (
        ("node.md", "code: CS-D-05", "code: CS-D-95"),
        (("working", "node moved", "CS-D-05", "CS-D-95"),),
    ),
    "owner": (
        ("sop.yaml", "owner: {role: collector", "owner: {role: finance"),
        (("grave", "procedure: owner_role", "collector", "finance"),),
    ),
    "time to take it": (
        ("sop.yaml", "take: 4h", "take: 2h"), (("grave", "procedure: take", "4h", "2h"),),
    ),
    "escalation": (
        ("sop.yaml", "at: 60%", "at: 70%"),
        (("working", "procedure: escalate", LADDER.format(60), LADDER.format(70)),),
    ),
    "step added": (
        ("sop.yaml", STEP, NEW), (("grave", "step greet added", "", "报出姓名与公司"),),
    ),
    "step removed": (
        ("sop.yaml", LINK, ""), (("grave", "step link removed", "发送付款链接并等待付完", ""),),
    ),
    "required": (
        ("sop.yaml", "[无误, 疑似有误]}, required: true", "[无误, 疑似有误]}"),
        (("grave", "step bill_right: required", "True", "False"),),
    ),
    "evidence": (
        ("sop.yaml", TEXT, TEXT.replace("min: 8", "min: 12")),
        (("grave", "step to_dispute: evidence", "text ≥ 8", "text ≥ 12"),),
    ),
    "limit": (
        ("sop.yaml", "max: $param.promise_days", "max: 5"),
        (
            ("grave", "step promise_days: evidence", "reading 0 … $param.promise_days 天",
             "reading 0 … 5 天"),
        ),
    ),
    "question": (
        ("quiz.yaml", "answer: 2", "answer: 1"), (("working", "questions", "4", "4"),),
    ),
    "title of a step": (
        ("sop.yaml", "zh: 联系付款人,", "zh: 联系到付款人,"),
        (("editorial", "step reached: zh", "联系付款人", "联系到付款人"),),
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", GOLDEN)
def test_a_difference_is_told_word_for_word(kind: str) -> None:
    change, entries = GOLDEN[kind]
    found = differences.compare({SLUG: read()}, {SLUG: read(*change)})
    assert tuple((c.gravity, c.what, c.before, c.after) for c in found) == entries


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
