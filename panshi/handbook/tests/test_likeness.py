"""Texts from one mould are noticed, whatever names were put into it."""

from dataclasses import replace

import pytest

from panshi.handbook import content_files
from panshi.handbook.rules import likeness, texts
from panshi.handbook.rules.likeness import Mould
from panshi.handbook.rules.procedure import Rule
from panshi.handbook.rules.texts import NodeDocument
from panshi.handbook.tests import make

pytestmark = pytest.mark.plain


@pytest.fixture(scope="module")
def documents() -> dict[str, NodeDocument]:
    folders = content_files.read_directory(make.played()).folders
    return {d.text.slug: d for d in map(texts.document_of, folders.values())}


def test_written_nodes_are_unlike_each_other(documents: dict[str, NodeDocument]) -> None:
    assert list(likeness.faults(documents, Mould(["逾期提醒"]))) == []
    least, _slug = likeness.novelty(documents)[0]
    assert least > likeness.LEAST_NEW


def test_a_copy_under_another_name_is_noticed(documents: dict[str, NodeDocument]) -> None:
    own = documents["overdue-reminder"]
    names = {"客户": "伙伴", "车": "电池", "逾期提醒": "逾期催收"}

    def renamed(words: str) -> str:
        for name, other in names.items():
            words = words.replace(name, other)
        return words

    text = replace(own.text, what=renamed(own.text.what), why=renamed(own.text.why))
    copy = replace(own, text=replace(text, how=renamed(own.text.how)))
    found = list(likeness.faults({"a": own, "b": copy}, Mould([*names.values(), *names])))
    broken = {fault.rule for _slug, fault in found}
    assert broken == {Rule.ALIKE, Rule.MASKED, Rule.PLOT, Rule.STEPS, Rule.NEW}
    assert likeness.novelty({"a": own, "b": copy})[0][0] < likeness.LEAST_NEW
