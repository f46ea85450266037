"""Nonconformities: once per source, closed only with cause and correction."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from django.db import IntegrityError, transaction

from panshi.kit.ids import uuid7
from panshi.kit.refusals import IllegalMove, NotPermitted
from panshi.kit.tenancy import Actor
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make
from panshi.quality import queries, services
from panshi.quality.events import NonconformityKnown, NonconformityOpened
from panshi.quality.models import Nonconformity
from panshi.quality.services import WordsMissing

NOON = datetime(2027, 3, 9, 4, tzinfo=UTC)


def opened(org: OrgNode, source_id: UUID | None = None) -> NonconformityOpened | NonconformityKnown:
    return services.open_nonconformity(
        org_id=org.id, source_kind="handbook.deviation", source_id=source_id or uuid7(),
        grade="MAJOR", words="未复测放行", actor=org_make.actor(org, "quality.*"), at=NOON,
    )  # fmt: skip


def test_the_same_source_opens_one() -> None:
    org, source = org_make.operator(), uuid7()
    first, again = opened(org, source), opened(org, source)
    assert isinstance(first, NonconformityOpened)
    assert isinstance(again, NonconformityKnown)
    assert again.nonconformity_id == first.nonconformity_id
    assert Nonconformity.objects.count() == 1


def close(fact: NonconformityOpened | NonconformityKnown, by: Actor, correction: str) -> None:
    services.close_nonconformity(
        nonconformity_id=fact.nonconformity_id, cause="装配", correction=correction, actor=by,
        at=NOON,
    )  # fmt: skip


def test_closes_with_cause_and_correction_once() -> None:
    org = org_make.operator()
    by, fact = org_make.actor(org, "quality.*"), opened(org)
    with pytest.raises(WordsMissing):
        close(fact, by, " ")
    close(fact, by, "返工")
    with pytest.raises(IllegalMove):
        close(fact, by, "返工")
    assert [r.state for r in queries.nonconformities(actor=by)] == ["CLOSED"]


def test_a_stranger_neither_sees_nor_closes_it() -> None:
    fact = opened(org_make.operator())
    stranger = org_make.actor(org_make.operator(), "quality.*")
    assert queries.nonconformities(actor=stranger) == []
    with pytest.raises(Nonconformity.DoesNotExist):
        close(fact, stranger, "返工")
    org = org_make.operator()
    with pytest.raises(NotPermitted):
        services.open_nonconformity(
            org_id=org.id, source_kind="x", source_id=uuid7(), grade="MINOR", words="x",
            actor=org_make.actor(org), at=NOON,
        )  # fmt: skip


def test_the_database_wants_the_cause() -> None:
    row = Nonconformity.objects.get(id=opened(org_make.operator()).nonconformity_id)
    with pytest.raises(IntegrityError, match="closed_says_why"), transaction.atomic():
        Nonconformity.objects.filter(id=row.id).update(state="CLOSED", closed_at=NOON)
