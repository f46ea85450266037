"""Questions about cases: those to be worked on, the library, one case."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from panshi.handbook import wording
from panshi.handbook.models import Case, CaseSource, CaseState
from panshi.handbook.rules.extraction import HEADS
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question
from panshi.org import queries as org

HEAD_WORDS: Mapping[str, Promise] = {
    "SITUATION": _("Situation"),
    "COURSE": _("Course"),
    "HANDLING": _("Handling"),
    "RESULT": pgettext_lazy("case", "Result"),
    "LESSON": _("What is to be learnt"),
}
KIND_WORDS: Mapping[str, Promise] = {
    "PERSON": _("Names of people"),
    "FIRM": _("Names of firms"),
    "PLATE": pgettext_lazy("privacy", "Plates"),
    "VIN": _("Vehicle identification numbers"),
    "PHONE": _("Telephone numbers"),
    "IDENTITY": _("Identity numbers"),
    "CREDIT_CODE": _("Credit codes"),
    "CARD": _("Card numbers"),
    "NUMBER": _("Other numbers"),
    "ADDRESS": _("Addresses, to the district"),
    "MAIL": _("Mail addresses"),
    "PLACE": _("Positions"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRow:
    id: UUID
    title: str
    node: str
    node_slug: str
    source_kind: CaseSource
    city: str
    why: str
    state: CaseState
    proposed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CasePart:
    """One of the five heads: its name, and its text."""

    head: str
    name: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CasePage:
    """One case. The draft with names is only for those who word it; `masked` counts by kind."""

    row: CaseRow
    source_id: UUID
    step_id: str
    draft: tuple[CasePart, ...]
    parts: tuple[CasePart, ...]
    masked: tuple[tuple[str, int], ...]
    doubtful: tuple[str, ...]
    proposer: str
    redacted_by: str
    approver: str
    publisher: str
    published_at: datetime | None
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedCase:
    id: UUID
    title: str
    parts: tuple[CasePart, ...]
    published_at: datetime | None


def _row(case: Case) -> CaseRow:
    node = case.node
    return CaseRow(
        id=case.id,
        title=case.title,
        node=wording.spoken(node.zh, node.en) if node else "",
        node_slug=node.slug if node else "",
        source_kind=CaseSource(case.source_kind),
        city=case.city,
        why=" ".join(wording.case_reason(reason) for reason in case.why),
        state=CaseState(case.state),
        proposed_at=case.proposed_at,
    )


def _parts(texts: Mapping[str, str]) -> tuple[CasePart, ...]:
    return tuple(
        CasePart(head=head, name=str(HEAD_WORDS[head]), text=texts[head])
        for head in HEADS
        if texts.get(head)
    )


def _visible(actor: Actor, state: str, text: str) -> QuerySet[Case]:
    rows = Case.objects.visible_to(actor).select_related("node")
    if state:
        rows = rows.filter(state=state)
    if text:
        rows = rows.filter(Q(title__icontains=text) | Q(node__zh__icontains=text))
    return rows


@question
def case_list(
    *, actor: Actor, state: str = "", text: str = "", limit: int = 50, offset: int = 0
) -> tuple[Sequence[CaseRow], int]:
    """Cases, the newest first, and how many there are."""
    rows = _visible(actor, state, text)
    return [_row(c) for c in rows.order_by("-proposed_at", "id")[offset : offset + limit]], (
        rows.count()
    )


@question
def case_page(*, case_id: UUID, actor: Actor) -> CasePage:
    """One case with its draft, its text without names, and the report of what was masked."""
    case = Case.objects.visible_to(actor).select_related("node").get(id=case_id)
    report: dict[str, Any] = case.redaction or {}
    people = (case.proposer_id, case.redacted_by_id, case.approver_id, case.publisher_id)
    names = org.names_of(user_ids=tuple(p for p in people if p), actor=actor)

    def name(person: UUID | None) -> str:
        return names.get(person, "") if person else ""

    return CasePage(
        row=_row(case),
        source_id=case.source_id,
        step_id=case.step_id,
        draft=_parts(case.draft) if actor.may("handbook.redact_case") else (),
        parts=_parts(case.heads),
        masked=tuple(
            (str(KIND_WORDS[kind]), count) for kind, count in report.get("masked", {}).items()
        ),
        doubtful=tuple(report.get("doubtful", ())),
        proposer=name(case.proposer_id),
        redacted_by=name(case.redacted_by_id),
        approver=name(case.approver_id),
        publisher=name(case.publisher_id),
        published_at=case.published_at,
        words=case.words,
    )


@question
def cases_of_node(*, slug: str, actor: Actor) -> list[PublishedCase]:
    """The operator's own published cases of a node, the newest first."""
    rows = Case.objects.visible_to(actor).filter(node__slug=slug, state=CaseState.PUBLISHED)
    return [
        PublishedCase(id=c.id, title=c.title, parts=_parts(c.heads), published_at=c.published_at)
        for c in rows.order_by("-published_at")[:20]
    ]
