"""The bank of questions follows the editions: what is asked, and what no longer may be."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict

from panshi.handbook import quizzes
from panshi.handbook.changes import Documents
from panshi.handbook.models import Edition, Node, Question
from panshi.handbook.rules import differences, texts
from panshi.handbook.rules.differences import Limits
from panshi.handbook.rules.texts import NodeDocument

REMOVED, STEP_CHANGED, CLAUSE_CHANGED = "REMOVED", "STEP_CHANGED", "CLAUSE_CHANGED"


def _mark(question: texts.Question) -> str:
    # What has no figure is known by the hash it had before there were figures.
    fields = {k: v for k, v in asdict(question).items() if k != "figure" or v}
    said = json.dumps(fields, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(said.encode()).hexdigest()


def _rows(
    edition: Edition, node: Node, document: NodeDocument, wanted: Mapping[str, texts.Question]
) -> list[Question]:
    return [
        Question(
            org_id=edition.org_id,
            node=node,
            sha256=mark,
            kind=question.kind,
            zh=question.zh,
            options=list(question.options),
            answer=list(question.answer),
            why=question.why,
            figure=question.figure,
            step_id=question.step,
            clause=question.clause,
            # Whoever needs a certificate to do the work needs to be right about its safety.
            safety=question.safety or bool(document.procedure.certificates),
            added_by=edition,
        )
        for mark, question in wanted.items()
    ]


def keep_bank(
    edition: Edition, before: Documents, after: Documents, limits: Limits | None = None
) -> int:
    """Add what an edition asks anew, retire what it no longer asks or what its changes spoil.

    A question whose step, limit or clause changed stays retired until it is rewritten. Answers
    how many were retired.
    """
    nodes = {n.slug: n for n in Node.objects.filter(org_id=edition.org_id)}
    known: dict[str, list[Question]] = {}
    if before:
        slugs = {*before, *after}
        rows = Question.objects.filter(node__slug__in=slugs, org_id=edition.org_id)
        for row in rows.select_related("node"):
            known.setdefault(row.node.slug, []).append(row)
    fresh: list[Question] = []
    retired: list[Question] = []
    for slug in sorted({*before, *after}):
        old, new = before.get(slug), after.get(slug)
        wanted = {_mark(q): q for q in new.questions} if new else {}
        changes = differences.compare({slug: old}, {slug: new}, limits) if old and new else []
        steps, clauses = quizzes.touched(changes)
        for row in (r for r in known.get(slug, []) if r.retired_by_id is None):
            if row.sha256 not in wanted:
                row.retired_why = REMOVED
            elif row.step_id and row.step_id in steps:
                row.retired_why = STEP_CHANGED
            elif row.clause in clauses:
                row.retired_why = CLAUSE_CHANGED
            if row.retired_why:
                row.retired_by = edition
                retired.append(row)
        stays = {r.sha256 for r in known.get(slug, []) if r.retired_why != REMOVED}
        if new is not None:
            unseen = {mark: q for mark, q in wanted.items() if mark not in stays}
            fresh += _rows(edition, nodes[slug], new, unseen)
    Question.objects.bulk_update(retired, ["retired_by", "retired_why"], batch_size=500)
    Question.objects.bulk_create(fresh, batch_size=500)
    return len(retired)


def forget_bank(edition: Edition) -> None:
    """Take back what an edition did to the bank, as it is withdrawn."""
    Question.objects.filter(added_by=edition, retired_by=None).update(
        retired_by=edition, retired_why=REMOVED
    )
    Question.objects.filter(retired_by=edition).exclude(added_by=edition).update(
        retired_by=None, retired_why=""
    )
