"""Which text for customers answers a question: by the terms they share, the rare ones more."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import Final

from panshi.handbook.rules import terms
from panshi.handbook.rules.texts import NodeText

# What a text has to hold to be offered: so much of what was asked, by weight; as much as so many
# terms weigh that no other text holds; and so much of the best. What is below goes to a person.
ENOUGH: Final = 0.3
LEAST: Final = 0.9
BESIDE: Final = 0.75
# A term that no text holds is mostly how people talk, and dilutes a question only half.
_UNKNOWN: Final = 0.5
MOST: Final = 3
_ASKED: Final = 1.0
_TOLD: Final = 0.5


@dataclass(frozen=True, slots=True)
class Answer:
    """What customers are told about a node; `weights` says how much each of its terms counts."""

    slug: str
    code: str
    zh: str
    en: str
    weights: Mapping[str, float]


def answer_of(text: NodeText) -> Answer:
    """What a text says to customers: how they put it counts more than what they are told."""
    weights = dict.fromkeys(terms.terms(f"{text.answer} {text.answer_en}"), _TOLD)
    weights |= dict.fromkeys(terms.terms(" ".join((text.zh, text.en, *text.asks))), _ASKED)
    return Answer(text.slug, text.code, text.answer, text.answer_en, weights)


def best(asked: Mapping[str, float], answers: Sequence[Answer]) -> list[Answer]:
    """The answers to a question, the best first; none when no text holds enough of it.

    `asked` are its terms with their weights, as `terms.query` makes them.
    """
    held = {term: sum(term in a.weights for a in answers) for term in asked}
    rare = {
        term: log((len(answers) + 1) / (count + 0.5)) * (1 if count else _UNKNOWN)
        for term, count in held.items()
    }
    whole = sum(counts * rare[term] for term, counts in asked.items())
    hits = [
        sum(counts * rare[t] * each.weights.get(t, 0) for t, counts in asked.items())
        for each in answers
    ]
    ranked = sorted(zip(hits, answers, strict=True), key=lambda pair: (-pair[0], pair[1].slug))
    only_here = log((len(answers) + 1) / 1.5)
    least = max([LEAST * only_here, whole * ENOUGH, *(hit * BESIDE for hit in hits)])
    return [each for hit, each in ranked[:MOST] if hit >= least]
