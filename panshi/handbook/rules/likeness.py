"""What shows a text that was filled into a mould: likeness of any two, and how much is new."""

import itertools
import lzma
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from panshi.handbook.rules.procedure import Fault, Rule
from panshi.handbook.rules.texts import NodeDocument

SAME_TEXT: Final = 0.15
SAME_MASKED: Final = 0.22
SAME_STEPS: Final = 0.4
SAME_PLOT: Final = 0.3
LEAST_NEW: Final = 0.5
# A text of which less stands elsewhere is more than half new, whatever its own words repeat.
REPEATED: Final = 0.1
SENTENCE: Final = 18
_RUN: Final = 5
_VEHICLE_WORDS: Final = ("车辆", "整车", "货车", "厢货", "电池包", "电池", "客户", "车")

Documents = Mapping[str, NodeDocument]


class Mould:
    """Masks what differs in a text that was filled in: titles, roles, vehicle words, numbers."""

    def __init__(self, names: Iterable[str]) -> None:
        words = sorted({*names, *_VEHICLE_WORDS}, key=len, reverse=True)
        self._names = re.compile("|".join(map(re.escape, words)))

    def press(self, text: str) -> str:
        return re.sub(r"\d+(\.\d+)?", "#", self._names.sub("@", text))


@dataclass(frozen=True, slots=True, order=True)
class Pair:
    """Two nodes and the share of character runs that their texts have in common."""

    share: float
    one: str
    other: str


def body_of(document: NodeDocument) -> str:
    """What a reader reads of a node: its three parts and its clauses."""
    text = document.text
    return text.what + text.why + text.how + "".join(document.clauses.values())


def faults(documents: Documents, mould: Mould) -> Iterator[tuple[str, Fault]]:
    """Texts, cases and step lists that are too much alike, and sentences that stand everywhere."""
    for pair in pairs(documents):
        if pair.share > SAME_TEXT:
            words = f"{pair.share:.0%} alike with {pair.other}, at most {SAME_TEXT:.0%}"
            yield pair.one, Fault(words, Rule.ALIKE)
    for pair in pairs(documents, mould):
        if pair.share > SAME_MASKED:
            words = f"{pair.share:.0%} alike with {pair.other} under other names"
            yield pair.one, Fault(words, Rule.MASKED)
    yield from _cases(documents, mould)
    yield from _steps(documents)
    yield from _sentences(documents)
    for share, slug in novelty(documents, least=REPEATED):
        if share < LEAST_NEW:
            words = f"{share:.0%} of it is new beside its category, at least {LEAST_NEW:.0%}"
            yield slug, Fault(words, Rule.NEW)


def pairs(documents: Documents, mould: Mould | None = None) -> list[Pair]:
    """Every two nodes with a run of five characters in common; masked when a mould is given."""
    press = mould.press if mould else str
    return _pairs({slug: _runs(press(body_of(d))) for slug, d in documents.items()})


def novelty(documents: Documents, *, least: float = 0.0) -> list[tuple[float, str]]:
    """How much of each node is new beside its category, the least first.

    The share is of compressed size: of what the node adds to the others, over its own. A node
    that repeats them adds nothing. Takes half a minute for four hundred nodes, so only those are
    weighed of which at `least` this share of character runs stands elsewhere in the category.
    """
    categories: dict[str, dict[str, str]] = {}
    for slug, document in documents.items():
        categories.setdefault(document.text.code[:4], {})[slug] = body_of(document)
    found = []
    for bodies in categories.values():
        runs = {slug: _runs(body) for slug, body in bodies.items()}
        holders = Counter(run for own in runs.values() for run in own)
        for slug, own in bodies.items():
            repeated = sum(holders[run] > 1 for run in runs[slug])
            if repeated < least * len(runs[slug]):
                continue
            others = "".join(body for other, body in bodies.items() if other != slug)
            found.append(((_packed(others + own) - _packed(others)) / _packed(own), slug))
    return sorted(found)


def _packed(text: str) -> int:
    return len(lzma.compress(text.encode(), preset=1))


def _runs(text: str) -> set[str]:
    plain = re.sub(r"[^\w@#]", "", text)
    return {plain[i : i + _RUN] for i in range(len(plain) - _RUN + 1)}


def _shared(sets: Mapping[str, Collection[str]]) -> Counter[tuple[str, str]]:
    """How many members each two sets have in common; pairs with none are left out.

    Found from the members, of which most belong to one set: four hundred texts have eighty
    thousand pairs, and few of them share much.
    """
    once, several = set[str](), set[str]()
    for members in sets.values():
        several |= once.intersection(members)
        once.update(members)
    holders: dict[str, list[str]] = {}
    for name in sorted(sets):
        for member in several.intersection(sets[name]):
            holders.setdefault(member, []).append(name)
    found = Counter[tuple[str, str]]()
    for names in holders.values():
        found.update(itertools.combinations(names, 2))
    return found


def _pairs(runs: Mapping[str, Collection[str]]) -> list[Pair]:
    return [
        Pair(both / (len(runs[one]) + len(runs[other]) - both), one, other)
        for (one, other), both in _shared(runs).items()
    ]


def _cases(documents: Documents, mould: Mould) -> Iterator[tuple[str, Fault]]:
    told = {
        f"{slug} {case.name}": _runs(mould.press(case.text))
        for slug, document in documents.items()
        for case in document.cases
    }
    for pair in _pairs(told):
        if pair.share > SAME_PLOT:
            words = f"{pair.share:.0%} of the plot is that of {pair.other}"
            yield pair.one.split()[0], Fault(words, Rule.PLOT)


def _steps(documents: Documents) -> Iterator[tuple[str, Fault]]:
    steps = {slug: {s.zh for s in d.procedure.steps} for slug, d in documents.items()}
    for (one, other), both in _shared(steps).items():
        same = both / min(len(steps[one]), len(steps[other]))
        if same > SAME_STEPS:
            yield one, Fault(f"shares {same:.0%} of its steps with {other}", Rule.STEPS)


def _sentences(documents: Documents) -> Iterator[tuple[str, Fault]]:
    seen: dict[str, set[str]] = {}
    for slug, document in documents.items():
        for sentence in re.split(r"[。；！？\n]", body_of(document)):
            if len(sentence) >= SENTENCE:
                seen.setdefault(sentence, set()).add(slug)
    for sentence, slugs in seen.items():
        if len(slugs) > 2:
            words = f"“{sentence[:20]}…” stands in {len(slugs)} nodes"
            yield min(slugs), Fault(words, Rule.SENTENCE)
