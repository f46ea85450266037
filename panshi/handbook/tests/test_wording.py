"""The book's codes are read as words, in the language of the reader."""

import re

import pytest
from django.utils.translation import override

from panshi.handbook import content_files, wording
from panshi.handbook.planned_facts import PLANNED
from panshi.handbook.rules.clock import Span
from panshi.handbook.rules.procedure import EVIDENCE_KINDS
from panshi.handbook.rules.texts import outline_of
from panshi.kit.facts import REGISTRY
from panshi.kit.wording import is_chinese

pytestmark = pytest.mark.plain
UNIT = re.compile(r"\bunit: *([^,}\n]+)")
NAMED = re.compile(r"\bevent: *([a-z]+\.[A-Z]\w+)")


def test_each_kind_of_proof_has_a_word() -> None:
    with override("zh-hans"):
        assert not [kind for kind in EVIDENCE_KINDS if wording.proof(kind).isascii()]


@pytest.mark.parametrize(
    ("written", "chinese", "english"),
    [("percent", "%", "%"), ("day", "天", "days"), ("台", "台", "vehicles"), ("kΩ", "kΩ", "kΩ")],
)
def test_a_unit_is_said_in_either_language(written: str, chinese: str, english: str) -> None:
    with override("zh-hans"):
        assert wording.unit(written) == chinese
    with override("en"):
        assert wording.unit(written) == english


def test_each_unit_of_the_book_is_said_in_english() -> None:
    texts = [path.read_text() for path in content_files.SHIPPED.rglob("*.yaml")]
    units = {unit for text in texts for unit in UNIT.findall(text)}
    with override("en"):
        assert not [unit for unit in units if is_chinese(wording.unit(unit))]
    with override("zh-hans"):
        assert wording.unit("把") == "把"


def test_lengths_and_what_starts_a_node_are_sentences() -> None:
    with override("zh-hans"):
        assert wording.span(Span(4, "h")) == "4 小时"
        assert wording.starter({"kind": "schedule", "every": "monthly"}) == "每月"
        assert wording.starter({"kind": "event", "event": "billing.BillOverdue"}) == "账单逾期"
        assert wording.starter({"kind": "manual"}) == "手工发起"
    with override("en"):
        assert wording.span(Span(1, "d")) == "1 day"


def test_each_fact_that_the_book_names_and_a_room_publishes_has_words() -> None:
    texts = [path.read_text() for path in content_files.SHIPPED.rglob("*.yaml")]
    named = {name for text in texts for name in NAMED.findall(text)} & set(REGISTRY)

    assert len(named) > 100
    assert named <= set(wording.FACTS)


def test_each_fact_of_the_outline_has_words_in_either_language() -> None:
    outline = outline_of((content_files.SHIPPED / "outline.yaml").read_text())
    named = {node.trigger["event"] for node in outline.nodes if node.trigger.get("event")}
    with override("zh-hans"):
        chinese = {name: wording.fact(name) for name in named}
    with override("en"):
        english = {name: wording.fact(name) for name in named}

    assert len(named) > 250
    assert not [name for name, words in chinese.items() if not is_chinese(words)]
    assert not [name for name, words in english.items() if words == name or is_chinese(words)]
    assert not set(wording.FACTS) & set(PLANNED)
