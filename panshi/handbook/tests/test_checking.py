"""The check finds each fault by the name of its rule, and nothing wrong with what is right."""

import re
from collections.abc import Callable
from typing import Final

import pytest

from panshi.handbook import content_files, registry
from panshi.handbook.content_files import Content
from panshi.handbook.rules import checking
from panshi.handbook.rules.procedure import Rule
from panshi.handbook.tests import make

pytestmark = pytest.mark.plain

Folders = dict[str, dict[str, str]]
Break = Callable[[Folders], None]

FIRST: Final = "CS-D-05-overdue-reminder"
SECOND: Final = "CS-D-06-overdue-collection"
THIRD: Final = "CS-D-20-return-inspection"
FOURTH: Final = "VM-F-09-insulation-fault"
REPEATED: Final = "同一句话若在三处以上的页面里都能读到，就该写成一份条款集。"
MANY: Final = ", ".join(f"第{n}次" for n in range(61))
# What reads as a procedure never gets stuck: the first required step that is open is in reach.
NEVER: Final = {Rule.STUCK}


def swap(name: str, before: str, after: str, folder: str = FIRST) -> Break:
    def change(folders: Folders) -> None:
        assert before in folders[folder][name]
        folders[folder][name] = folders[folder][name].replace(before, after, 1)

    return change


def no_policy(folders: Folders) -> None:
    del folders[FIRST]["policy.md"]


def short(folders: Folders) -> None:
    text = folders[FIRST]["node.md"]
    how = re.compile(r"(## 怎么做\n).*?(?=\n## )", re.DOTALL)
    folders[FIRST]["node.md"] = how.sub(r"\1打电话。\n", text)


def body(folders: Folders, *, renamed: bool = False) -> None:
    """The second node says what the first one says, under other names when asked to."""
    own = folders[FIRST]["node.md"].split("## 是什么")[1].split("## 对客户说")[0]
    if renamed:
        own = re.sub(r"\d+", lambda n: f"{n[0]}7", own.replace("客户", "车辆"))
    head = folders[SECOND]["node.md"].split("## 是什么")[0]
    folders[SECOND]["node.md"] = f"{head}## 是什么{own}"


def masked(folders: Folders) -> None:
    body(folders, renamed=True)


def plot(folders: Folders) -> None:
    (name,) = (n for n in folders[FIRST] if n.startswith("cases/"))
    folders[SECOND]["cases/2026-09-again.md"] = folders[FIRST][name]


def steps(folders: Folders) -> None:
    folders[SECOND]["sop.yaml"] = folders[FIRST]["sop.yaml"]


def sentence(folders: Folders) -> None:
    for folder in (FIRST, SECOND, THIRD):
        text = folders[folder]["node.md"]
        folders[folder]["node.md"] = text.replace("## 怎么做\n", f"## 怎么做\n{REPEATED}")


BROKEN: Final[dict[tuple[Rule, str], Break]] = {
    (Rule.FORM, "another schema"): swap("sop.yaml", "schema: sop/1", "schema: sop/9"),
    (Rule.PART, "a section lacks"): swap("node.md", "## 为什么\n", ""),
    (Rule.PART, "a file lacks"): no_policy,
    (Rule.PART, "no situation is asked"): lambda folders: folders[FIRST].update(
        {"quiz.yaml": folders[FIRST]["quiz.yaml"].replace("situation", "single")}
    ),
    (Rule.SHORT, "of what is to be done"): short,
    (Rule.PLACEHOLDER, "in the text"): swap("node.md", "尽快", "TODO"),
    (Rule.OUTLINE, "another title"): swap("node.md", "zh: 逾期提醒", "zh: 提醒"),
    (Rule.OUTLINE, "another trigger"): swap("sop.yaml", "eq: [days, 1]", "eq: [days, 2]"),
    (Rule.ROLE, "of the owner"): swap("sop.yaml", "role: collector", "role: collectr"),
    (Rule.PARAMETER, "of a limit"): swap("sop.yaml", "$param.promise_days", "$param.promis"),
    (Rule.NODE, "that is started"): swap(
        "sop.yaml", "start: insulation-fault", "start: insulation", THIRD
    ),
    (Rule.CITED, "a clause by a step"): swap("sop.yaml", "clause: 5", "clause: 9"),
    (Rule.CITED, "a step by a question"): swap("quiz.yaml", "step: promise", "step: promised"),
    (Rule.FORWARD, "a condition"): swap(
        "sop.yaml", "when: {eq: [bill_right, 疑似有误]}", "when: {eq: [reason, 资金紧张]}"
    ),
    (Rule.EVIDENCE, "of no kind"): swap("sop.yaml", "{kind: check}", "{kind: glance}"),
    (Rule.EVIDENCE, "of one kind"): lambda folders: folders[FIRST].update(
        {
            "sop.yaml": re.sub(
                r"\{kind: (?:text|reading|choice|check)[^}]*\}",
                "{kind: check}",
                folders[FIRST]["sop.yaml"],
            )
        }
    ),
    (Rule.LENGTH, "after expansion"): swap(
        "sop.yaml", "{id: attempts,", f"{{id: attempts, repeat_for: [{MANY}],"
    ),
    (Rule.PICTURES, "of one run"): swap("sop.yaml", "{kind: check}", "{kind: photo, min: 13}"),
    (Rule.UNREACHED, "a choice nobody has"): swap(
        "sop.yaml", "[reason, 资金紧张]", "[reason, 没钱]"
    ),
    (Rule.FACT, "that closes"): swap("sop.yaml", "billing.BillPaid", "billing.BillForgotten"),
    (Rule.FIELD, "that is matched"): swap("sop.yaml", "match: {bill_id:", "match: {bill_no:"),
    (Rule.VERB, "that a step calls"): swap(
        "sop.yaml", "call: diagnosis.acknowledge_finding", "call: diagnosis.admit", FOURTH
    ),
    (Rule.ALIKE, "word for word"): body,
    (Rule.MASKED, "under other names"): masked,
    (Rule.NEW, "nothing beside its category"): body,
    (Rule.PLOT, "of a case"): plot,
    (Rule.STEPS, "of another node"): steps,
    (Rule.SENTENCE, "in three nodes"): sentence,
}


def broken_in(content: Content, change: Break) -> set[tuple[Rule, str]]:
    folders = {name: dict(files) for name, files in content.folders.items()}
    change(folders)
    report = checking.check(content.root, folders)
    found = [
        *report.findings,
        *checking.check_registry(report.documents, registry.read()),
    ]
    return {(finding.rule, finding.words) for finding in found}


@pytest.fixture(scope="module")
def content() -> Content:
    return content_files.read_directory(make.played())


def test_what_is_right_breaks_no_rule(content: Content) -> None:
    assert broken_in(content, lambda folders: None) == set()


def test_every_rule_has_a_text_that_breaks_it() -> None:
    assert {rule for rule, _what in BROKEN} == set(Rule) - NEVER


@pytest.mark.parametrize(("rule", "what"), BROKEN, ids=lambda part: str(part).replace(" ", "_"))
def test_a_text_that_breaks_a_rule_is_found_by_it(content: Content, rule: Rule, what: str) -> None:
    found = broken_in(content, BROKEN[rule, what])
    assert rule in {one for one, _words in found}, found
