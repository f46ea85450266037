"""Sixty questions to the handbook: its search beside plain LIKE and trigrams, in the same run."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import yaml
from django.db import connection, transaction

from panshi.bench.machine import machine
from panshi.handbook import queries, services
from panshi.handbook.content_files import SHIPPED
from panshi.kit.tenancy import acting, hq_actor
from panshi.org import queries as org

QUESTIONS: Final = Path(queries.__file__).parents[1] / "tests" / "questions.yaml"
TOP: Final = 10
HIT: Final = 5
ROUNDS: Final = 3
# A hit in a title goes before one in a text.
_LIKE: Final = """
SELECT n.slug FROM handbook_searchdocument d JOIN handbook_node n ON n.id = d.node_id
WHERE d.title ILIKE %(like)s OR d.text ILIKE %(like)s
GROUP BY n.slug, n.position
ORDER BY bool_or(d.title ILIKE %(like)s) DESC, count(*) DESC, n.position LIMIT 10
"""

Ask = Callable[[str], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody asks, and the nodes that answer it."""

    said: str
    right: frozenset[str]


def questions() -> dict[str, list[Question]]:
    """The hand-set questions by kind: `words` and `sentences`."""
    found = yaml.safe_load(QUESTIONS.read_text("utf-8"))
    return {
        kind: [Question(row["said"], frozenset(row["right"])) for row in rows]
        for kind, rows in found.items()
    }


def judge(asked: Sequence[Question], ask: Ask, *, rounds: int = 1) -> dict[str, Any]:
    """MRR over the first ten, the share with a right node among the first five, p95 in ms."""
    gains, hits, took = [], 0, []
    missed = []
    for question in asked:
        for _round in range(rounds):
            start = time.perf_counter()
            slugs = list(ask(question.said))[:TOP]
            took.append(time.perf_counter() - start)
        rank = next((n for n, slug in enumerate(slugs, 1) if slug in question.right), 0)
        gains.append(1 / rank if rank else 0.0)
        hits += 1 <= rank <= HIT
        if not 1 <= rank <= HIT:
            missed.append(question.said)
    return {
        "mrr": round(sum(gains) / len(gains), 3),
        "hit_at_5": round(hits / len(asked), 3),
        "p95_ms": round(sorted(took)[max(int(len(took) * 0.95) - 1, 0)] * 1000, 1),
        "missed": missed,
    }


def _ours(text: str) -> list[str]:
    found = queries.search(text=text, actor=hq_actor(), at=datetime.now(UTC), limit=TOP)
    return [row.slug for row in found]


def _like(text: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(_LIKE, {"like": f"%{text}%"})
        return [row[0] for row in cursor.fetchall()]


def _trigrams(text: str) -> frozenset[str]:
    kept = text.lower() if len(text) > 2 else f" {text.lower()} "
    return frozenset(kept[i : i + 3] for i in range(len(kept) - 2))


def by_trigrams() -> Ask:
    """Nodes by the share of the question's threes of characters that their best part holds.

    Reckoned here: pg_trgm knows no Chinese letters in a database sorted by bytes, as ours is.
    """
    rows = queries.findable_parts(actor=hq_actor())
    kept = [(slug, _trigrams(f"{title} {text}")) for slug, title, text in rows]

    def ask(text: str) -> list[str]:
        wanted = _trigrams(text)
        best: dict[str, int] = {}
        for slug, held in kept:
            best[slug] = max(best.get(slug, 0), len(wanted & held))
        return sorted((s for s in best if best[s]), key=lambda s: -best[s])[:TOP]

    return ask


def _measured(ask: Ask, rounds: int) -> dict[str, Any]:
    return {kind: judge(asked, ask, rounds=rounds) for kind, asked in questions().items()}


def measure_search(*, rounds: int = ROUNDS) -> dict[str, object]:
    """Ask every question of the whole shipped content, each `rounds` times.

    The baselines are `like`, the words as they stand in a title or text, and `trigrams`, the
    most threes of characters shared. Everything is rolled back. Raises LookupError without a
    platform node.
    """
    at = datetime.now(UTC)
    with transaction.atomic():
        platform_id = org.platform_id()
        if platform_id is None:
            raise LookupError("this database has no platform node yet")
        with acting(hq_actor(platform_id), to_write=True):
            services.import_content(directory=str(SHIPPED), actor=hq_actor(platform_id), at=at)
            documents = len(queries.findable_parts(actor=hq_actor()))
            ours = _measured(_ours, rounds)
            like = _measured(_like, rounds)
            trigrams = _measured(by_trigrams(), 1)
        transaction.set_rollback(True)
    return {
        "bench": "search",
        "machine": machine(),
        "ours": {"documents": documents, **ours},
        "baseline": {"like": like, "trigrams": trigrams},
        "ratio": {
            f"{kind}.mrr": round(ours[kind]["mrr"] / max(like[kind]["mrr"], 1e-3), 2)
            for kind in ours
        },
    }
