"""Search terms: character pairs of Chinese, whole words of Latin; ranked by PostgreSQL."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

MAX_QUERY_TERMS: Final = 24
# A word of the question counts whole, one that only means the same counts less.
SAID, MEANT = 1.0, 0.7
MAX_POSITION: Final = 16383
STOP: Final = frozenset(
    {
        "怎么", "什么", "么办", "如何", "一下", "可以", "我们", "你们", "他们", "请问",
        "应该", "需要", "的时", "时候", "是不", "不是", "有没", "没有", "了吗", "这个", "那个",
        "the", "a", "of", "and", "to", "in", "is", "how", "do", "i", "what", "when", "for", "on",
    }
)  # fmt: skip
# Characters that only join words: a pair that holds one lies across two words.
PARTICLES: Final = frozenset("的了吗呢吧着啊嘛")
_RUNS: Final = re.compile(r"[a-z0-9]+|[\u3400-\u9fff]+")


def terms(text: str) -> list[str]:
    """Pairs of neighbouring Chinese characters, and words and numbers in lower case, in order.

    >>> terms("绝缘 BMS 故障")
    ['绝缘', 'bms', '故障']
    """
    made = []
    for run in _RUNS.findall(unicodedata.normalize("NFKC", text).lower()):
        if run[0] < "\u3400" or len(run) == 1:
            made.append(run)
        else:
            made += [run[i : i + 2] for i in range(len(run) - 1)]
    return made


def vector(parts: Sequence[tuple[str, str]]) -> str:
    """A `tsvector` in its text form from (weight A–D, text) parts, without what says nothing."""
    places: dict[str, list[str]] = {}
    position = 0
    for weight, text in parts:
        for term in terms(text):
            position = min(position + 1, MAX_POSITION)
            if is_dull(term):
                continue
            kept = places.setdefault(term, [])
            if len(kept) < 200:
                kept.append(f"{position}{'' if weight == 'D' else weight}")
        position = min(position + 5, MAX_POSITION)
    return " ".join(f"'{term}':{','.join(found)}" for term, found in places.items())


def is_dull(term: str) -> bool:
    """Whether a term says nothing of what is asked for."""
    return term in STOP or (len(term) > 1 and not PARTICLES.isdisjoint(term))


def query(text: str, *, synonyms: Mapping[str, Sequence[str]]) -> dict[str, float]:
    """What each term of the words and of their synonyms counts; a node may hold any of them.

    Terms that say nothing are left out when others remain.

    >>> query("电瓶的", synonyms={"电瓶": ["蓄电池"]})
    {'电瓶': 1.0, '蓄电': 0.7, '电池': 0.7}
    """
    lowered = text.lower()
    meant = [w for key, words in synonyms.items() if key.lower() in lowered for w in words]
    found = dict.fromkeys(terms(text), SAID)
    found |= {t: MEANT for word in meant for t in terms(word) if t not in found}
    telling = {term: counts for term, counts in found.items() if not is_dull(term)}
    return dict(list((telling or found).items())[:MAX_QUERY_TERMS])


def mark(text: str, wanted: str, *, width: int = 90) -> list[tuple[str, bool]]:
    """A passage of the text around the best match, as (piece, whether it matches)."""
    keys = [t for t in dict.fromkeys(terms(wanted)) if not is_dull(t)]
    lowered = text.lower()
    hits = sorted({(m.start(), m.end()) for k in keys for m in re.finditer(re.escape(k), lowered)})
    start = max((hits[0][0] if hits else 0) - width // 3, 0)
    passage = text[start : start + width]
    pieces: list[tuple[str, bool]] = []
    at = 0
    for begin, end in _merged(hits):
        begin, end = max(begin - start, at), min(end - start, len(passage))
        if begin >= end:
            continue
        if begin > at:
            pieces.append((passage[at:begin], False))
        pieces.append((passage[begin:end], True))
        at = end
    if at < len(passage):
        pieces.append((passage[at:], False))
    return pieces


def _merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    made: list[tuple[int, int]] = []
    for begin, end in spans:
        if made and begin <= made[-1][1]:
            made[-1] = (made[-1][0], max(end, made[-1][1]))
        else:
            made.append((begin, end))
    return made
