"""Return a text to its author, and what an edition refuses once it is frozen."""

from datetime import timedelta

import pytest

from panshi.handbook import services
from panshi.handbook.models import Edition, EditionState, Revision
from panshi.handbook.services.common import ReasonMissing
from panshi.handbook.services.content import EditionFrozen
from panshi.handbook.tests import make
from panshi.handbook.tests.test_editions_bind import SLUG, changed_files, limited, reviewer, revise
from panshi.kit.refusals import IllegalMove

pytestmark = pytest.mark.usefixtures("in_force")

AT = make.NOON + timedelta(hours=1)


def test_a_text_goes_back_for_a_reason_and_comes_again() -> None:
    make.edition()
    author = make.editor()
    files = changed_files("overdue-reminder", "sop.yaml", "within: 1d", "within: 2d")
    drafted = services.draft_revision(
        node_slug="overdue-reminder", files=files, actor=author, at=AT
    )
    revision_id = drafted.revision_id
    with pytest.raises(IllegalMove):  # A draft is not in review.
        services.return_revision(
            revision_id=revision_id, reason="再想想", actor=reviewer("TRAINER"), at=AT
        )
    services.submit_revision(revision_id=revision_id, actor=author, at=AT)
    with pytest.raises(ReasonMissing):
        services.return_revision(
            revision_id=revision_id, reason=" ", actor=reviewer("TRAINER"), at=AT
        )
    fact = services.return_revision(
        revision_id=revision_id, reason="两天太久", actor=reviewer("TRAINER"), at=AT
    )
    revision = Revision.objects.get(id=revision_id)
    assert (fact.reason, revision.state, revision.review_words) == (
        "两天太久",
        "DRAFT",
        fact.reason,
    )
    services.submit_revision(revision_id=revision_id, actor=author, at=AT)
    revision.refresh_from_db()
    assert revision.state == "IN_REVIEW"


def test_an_edition_takes_force_after_the_one_before_it_and_goes_back_only_to_one() -> None:
    first = make.edition()
    actor = make.editor()
    revise(SLUG, limited(), AT)
    frozen = services.freeze_edition(number="1.0", title="限值", actor=actor, at=AT)
    assert first.effective_from is not None
    for moment in (first.effective_from, first.effective_from - timedelta(days=1)):
        with pytest.raises(EditionFrozen, match="晚于上一版本"):
            services.release_edition(
                edition_id=frozen.edition_id, effective_from=moment, confirmed=True,
                actor=actor, at=AT,
            )  # fmt: skip
    assert Edition.objects.get(id=frozen.edition_id).state == EditionState.FROZEN
    with pytest.raises(EditionFrozen, match="之前没有可以退回"):
        services.withdraw_edition(edition_id=first.id, reason="试", actor=actor, at=AT)
    first.refresh_from_db()
    assert first.state == EditionState.RELEASED
