"""An edition binds people: they read, pass its quiz, and work on; what they did not read stops."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse

from panshi.handbook import book, learning, queries, services
from panshi.handbook.content_files import read_directory, write_directory
from panshi.handbook.models import (
    ChangeNotice,
    Edition,
    EditionState,
    Question,
    Revision,
    Run,
)
from panshi.handbook.rules import papers
from panshi.handbook.services.content import ContentUnfit
from panshi.handbook.services.notices import QuizNotPassed, QuizOver
from panshi.handbook.services.review import (
    ApprovedAlready,
    CityUnknown,
    ComplianceMissing,
    NothingChanged,
)
from panshi.handbook.services.steps import CertificateLapsed
from panshi.handbook.tests import make
from panshi.kit.ids import uuid7
from panshi.kit.tenancy import Actor, hq_actor
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make
from panshi.org.tests.window import page, window
from panshi.people import queries as people
from panshi.people.tests import make as people_make

pytestmark = pytest.mark.usefixtures("in_force")

SLUG = "insulation-power-down"
KIND = "HV_ELECTRICIAN"


def changed_files(slug: str, name: str, before: str, after: str) -> dict[str, str]:
    files: dict[str, Any] = Revision.objects.get(node__slug=slug, state="APPROVED").files
    assert before in files[name]
    return {**files, name: files[name].replace(before, after, 1)}


def reviewer(*roles: str) -> Actor:
    return replace(make.editor(), id=uuid7(), roles=frozenset(roles))


def revise(slug: str, files: dict[str, str], at: datetime) -> UUID:
    """Draft, submit and have a text approved by as many as it takes; answers the revision."""
    author = make.editor()
    drafted = services.draft_revision(node_slug=slug, files=files, actor=author, at=at)
    services.submit_revision(revision_id=drafted.revision_id, actor=author, at=at)
    for actor in (reviewer("TRAINER"), reviewer("DECISION_MAKER")):
        if services.approve_revision(revision_id=drafted.revision_id, actor=actor, at=at).complete:
            break
    return drafted.revision_id


def release(number: str, at: datetime, *, grace_days: int = 7) -> Edition:
    frozen = services.freeze_edition(number=number, title=number, actor=make.editor(), at=at)
    services.release_edition(
        edition_id=frozen.edition_id, effective_from=at, grace_days=grace_days, confirmed=True,
        actor=make.editor(), at=at,
    )  # fmt: skip
    return Edition.objects.get(id=frozen.edition_id)


def answers(notice_id: UUID, actor: Actor, *, right: bool = True) -> tuple[int, list[list[int]]]:
    """The number of the quiz that is due, and right or wrong answers to all of it."""
    notice = ChangeNotice.objects.select_related("edition__previous", "node").get(id=notice_id)
    quiz = learning.quiz_of(notice, actor.id, learning.changed(notice))
    assert quiz is not None
    given = []
    for posed in quiz.questions:
        places = [posed.shown.index(own) for own in posed.question.answer]
        given.append(places if right else [])
    return quiz.number, given


def limited() -> dict[str, str]:
    """The text of the node with a narrower limit of one reading."""
    return changed_files(SLUG, "sop.yaml", "max: 240", "max: 200")


def test_an_edited_limit_suspends_who_did_not_read_it_until_the_quiz_is_passed() -> None:
    make.edition()
    org = org_make.operator()
    user_id = people_make.engineer(org=org)
    engineer = replace(make.person(org, "ENGINEER"), id=user_id)
    ems = make.person(org, "OPERATIONS")
    at, hq = make.NOON + timedelta(hours=1), hq_actor(org.id)
    open_run = services.start_run_by_hand(
        node_slug=SLUG, org_id=org.id, subject_id="", reason="演练", actor=ems, at=at
    ).runs[0]
    before = Run.objects.get(id=open_run.run_id)
    with pytest.raises(CertificateLapsed, match="高压电工证"):
        services.take_run(run_id=open_run.run_id, actor=ems, at=at)

    revision_id = revise(SLUG, limited(), at)
    edition = release("1.0", at)

    (notice,) = [n for n in queries.inbox(actor=engineer, at=at).notices if n.slug == SLUG]
    assert (notice.gravity, notice.due_at) == ("grave", at + timedelta(days=7))
    page = queries.notice_page(notice_id=notice.id, actor=engineer, at=at)
    assert 3 <= len(page.quiz) <= 8
    assert any("240" in c.before and "200" in c.after for c in page.changes)
    assert services.suspend_unread(actor=hq, at=at + timedelta(days=6)).certificate_ids == ()

    late = at + timedelta(days=7, minutes=1)
    assert len(services.suspend_unread(actor=hq, at=late).certificate_ids) == 1
    assert services.suspend_unread(actor=hq, at=late).certificate_ids == ()
    fit = people.fit_for(user_id=user_id, certificates=(KIND,), on=late.date(), actor=hq)
    assert fit.missing == (KIND,)
    (notice,) = [n for n in queries.inbox(actor=engineer, at=late).notices if n.slug == SLUG]
    assert notice.suspended == (KIND,)

    with pytest.raises(QuizNotPassed):
        services.acknowledge_notice(notice_id=notice.id, actor=engineer, at=late)
    number, wrong = answers(notice.id, engineer, right=False)
    failed = services.submit_change_quiz(
        notice_id=notice.id, number=number, chosen=wrong, actor=engineer, at=late
    )
    assert not failed.passed
    with pytest.raises(QuizOver):
        services.submit_change_quiz(
            notice_id=notice.id, number=number, chosen=wrong, actor=engineer, at=late
        )
    number, right = answers(notice.id, engineer)
    assert services.submit_change_quiz(
        notice_id=notice.id, number=number, chosen=right, actor=engineer, at=late
    ).passed

    assert people.fit_for(user_id=user_id, certificates=(KIND,), on=late.date(), actor=hq).fit
    assert SLUG not in [n.slug for n in queries.inbox(actor=engineer, at=late).notices]
    before.refresh_from_db()
    after = services.start_run_by_hand(
        node_slug=SLUG, org_id=org.id, subject_id="", reason="演练", actor=ems, at=late
    ).runs[0]
    fresh = Run.objects.get(id=after.run_id)
    assert before.revision_id != revision_id == fresh.revision_id
    assert fresh.edition_id == edition.id


def test_a_limit_that_the_book_moves_is_a_grave_change_of_each_step_that_looks_at_it(
    tmp_path: Path,
) -> None:
    before = make.edition()
    held = read_directory(make.played())
    line = "idle_12v_min_v: {value: 12.2,"
    params = held.root["params.yaml"].replace(line, "idle_12v_min_v: {value: 12.4,")
    assert params != held.root["params.yaml"]
    params = params.replace('opens_at: {value: "09:00"', 'opens_at: {value: "08:30"')
    begun = make.reminder(org_make.operator())
    write_directory(replace(held, root={**held.root, "params.yaml": params}), tmp_path / "new")
    services.import_content(
        directory=str(tmp_path / "new"), actor=make.editor(), at=make.NOON + timedelta(days=1)
    )
    after = Edition.objects.get(previous=before)
    notices = ChangeNotice.objects.filter(edition=after)
    using = {"idle-12v", "idle-upkeep", "inspection-idle"}
    assert {(n.node.slug, n.gravity) for n in notices} == {(slug, "grave") for slug in using}
    found = queries.edition_diff(before=before.number, after=after.number, actor=hq_actor())
    (change,) = [c for c in found if c.slug == "idle-upkeep"]
    assert (change.gravity, change.part, change.step) == ("grave", "limit", "low_voltage_fix")
    assert "12.2 V (12.0–12.8)" in change.before
    assert "12.4 V" in change.after
    notice = notices.filter(node__slug="idle-upkeep")[0]
    quiz = learning.quiz_of(notice, uuid7(), learning.changed(notice))
    assert quiz is not None
    assert any("12.4 V" in o for posed in quiz.questions for o in posed.options)
    spoiled = Question.objects.filter(node__slug="idle-upkeep", retired_by=after)
    assert {q.step_id for q in spoiled} <= {"low_voltage_fix"}

    # The same edition moves the hours of work: what was promised stays, and the page says so.
    week = [queries.run_card(run_id=begun.id, actor=hq_actor(), at=make.NOON + timedelta(days=n))
            for n in (0, 7)]  # fmt: skip
    assert [(c.hours, c.hours_now) for c in week] == [
        ("09:00–18:00", ""), ("09:00–18:00", "08:30–18:00"),
    ]  # fmt: skip
    assert {c.row.due_at for c in week} == {begun.due_at}


def test_a_text_of_safety_takes_two_approvals_one_of_compliance() -> None:
    make.edition()
    at, author = make.NOON + timedelta(hours=1), make.editor()
    drafted = services.draft_revision(node_slug=SLUG, files=limited(), actor=author, at=at)
    services.submit_revision(revision_id=drafted.revision_id, actor=author, at=at)
    first, second, third = reviewer("TRAINER"), reviewer("TRAINER"), reviewer("DECISION_MAKER")

    def approve(actor: Actor) -> bool:
        return services.approve_revision(
            revision_id=drafted.revision_id, actor=actor, at=at
        ).complete

    assert not approve(first)
    with pytest.raises(ApprovedAlready):
        approve(first)
    with pytest.raises(ComplianceMissing):
        approve(second)
    assert approve(third)
    assert Revision.objects.get(id=drafted.revision_id).state == "APPROVED"


def test_a_changed_step_retires_its_questions_until_they_are_rewritten() -> None:
    make.edition()
    at = make.NOON + timedelta(hours=1)
    asked = Question.objects.filter(node__slug=SLUG, retired_by=None)
    about = [q.sha256 for q in asked if q.step_id == "meter"]
    kept = asked.count() - len(about)
    assert about

    revise(SLUG, changed_files(SLUG, "sop.yaml", "min: 6, max: 30", "min: 9, max: 30"), at)
    edition = release("1.0", at)

    assert asked.all().count() == kept
    retired = Question.objects.filter(retired_by=edition)
    assert {q.sha256 for q in retired} == set(about)
    assert {q.retired_why for q in retired} <= {"STEP_CHANGED"}
    services.withdraw_edition(
        edition_id=edition.id, reason="读数上限有误", actor=make.editor(), at=at + timedelta(days=1)
    )
    assert asked.all().count() == kept + len(about)


def test_a_withdrawn_edition_gives_way_to_the_one_before() -> None:
    first = make.edition()
    org = org_make.operator()
    people_make.engineer(org=org)
    at = make.NOON + timedelta(hours=1)
    revise(SLUG, limited(), at)
    second = release("1.0", at)
    late = at + timedelta(days=8)
    services.suspend_unread(actor=hq_actor(org.id), at=late)

    services.withdraw_edition(
        edition_id=second.id, reason="读数上限有误", actor=make.editor(), at=late
    )

    in_force = book.book_at(late)
    assert in_force is not None
    assert in_force.id == first.id
    assert Edition.objects.get(id=second.id).state == EditionState.WITHDRAWN
    (paper,) = people.certificates(kinds=[KIND], actor=hq_actor(org.id))
    assert paper.state == "VALID"
    with pytest.raises(ContentUnfit):  # What was withdrawn does not come back by itself.
        services.freeze_edition(number="1.1", title="1.1", actor=make.editor(), at=late)


def test_an_edition_is_tried_in_some_cities_before_it_is_released_to_all() -> None:
    before = make.edition()
    pilot, other = (org_make.operator(city=city) for city in ("杭州", "成都"))
    at = make.NOON + timedelta(hours=1)
    revise("overdue-reminder", changed_files("overdue-reminder", "sop.yaml", "within: 1d",
                                             "within: 2d"), at)  # fmt: skip
    frozen = services.freeze_edition(number="1.0", title="1.0", actor=make.editor(), at=at)

    def released(since: datetime, *cities: str) -> Edition:
        services.release_edition(
            edition_id=frozen.edition_id, effective_from=since, pilot_cities=cities,
            confirmed=True,
            actor=make.editor(), at=at,
        )  # fmt: skip
        return Edition.objects.get(id=frozen.edition_id)

    def followed(org: OrgNode, moment: datetime) -> UUID:
        return make.start(replace(make.overdue(org), at=moment))[0].edition_id

    with pytest.raises(CityUnknown):
        released(at, "上海")
    edition = released(at, "杭州")
    assert edition.state == EditionState.PILOT
    day = timedelta(days=1)
    assert followed(pilot, at + day) == edition.id
    assert followed(other, at + day) == before.id
    assert followed(pilot, at - timedelta(minutes=1)) == before.id
    by_hand = services.start_run_by_hand(
        node_slug="overdue-reminder", org_id=pilot.id, subject_id="", reason="演练",
        actor=make.person(pilot, "OPERATIONS"), at=at + day,
    ).runs[0]  # fmt: skip
    assert Run.objects.get(id=by_hand.run_id).edition_id == edition.id

    def noticed(org: OrgNode) -> set[str]:
        clerk = make.person(org, "FINANCE")
        return {n.slug for n in queries.inbox(actor=clerk, at=at + day).notices}

    assert (noticed(pilot), noticed(other)) == ({"overdue-reminder"}, set())
    assert not services.anything_unread(at + 30 * day)
    trainer = page(window(org_make.platform(), "TRAINER").get(reverse("handbook-drafts")))
    assert "On trial in 杭州" in trainer

    released(at + 3 * day)
    assert followed(other, at + 2 * day) == before.id  # Told late, by what held then and there.
    assert followed(pilot, at + 2 * day) == edition.id
    assert followed(other, at + 4 * day) == followed(pilot, at + 4 * day) == edition.id


def test_a_trial_that_is_withdrawn_leaves_the_edition_before_in_force() -> None:
    before = make.edition()
    pilot = org_make.operator(city="杭州")
    at = make.NOON + timedelta(hours=1)
    revise("overdue-reminder", changed_files("overdue-reminder", "sop.yaml", "within: 1d",
                                             "within: 2d"), at)  # fmt: skip
    frozen = services.freeze_edition(number="1.0", title="1.0", actor=make.editor(), at=at)
    services.release_edition(
        edition_id=frozen.edition_id, effective_from=at, pilot_cities=("杭州",), confirmed=True,
        actor=make.editor(), at=at,
    )  # fmt: skip
    tried = make.start(replace(make.overdue(pilot), at=at))[0]
    fact = services.withdraw_edition(
        edition_id=frozen.edition_id, reason="太松", actor=make.editor(),
        at=at + timedelta(days=1),
    )  # fmt: skip
    assert fact.back_to == before.number
    later = make.start(replace(make.overdue(pilot), at=at + timedelta(days=2)))[0]
    assert (tried.edition_id, later.edition_id) == (frozen.edition_id, before.id)
    clerk = make.person(pilot, "FINANCE")  # The run that was begun keeps its text.
    book.forget()
    assert services.complete_step(
        run_id=tried.id, step_id="bill_right", value="无误", actor=clerk, at=at
    )


def test_a_draft_is_written_on_until_it_is_submitted() -> None:
    make.edition()
    author, at = make.editor(), make.NOON
    same = Revision.objects.get(node__slug=SLUG, state="APPROVED").files
    with pytest.raises(NothingChanged):
        services.draft_revision(node_slug=SLUG, files=same, actor=author, at=at)
    drafted = services.draft_revision(node_slug=SLUG, files=limited(), actor=author, at=at)
    again = changed_files(SLUG, "sop.yaml", "max: 240", "max: 180")
    services.edit_revision(revision_id=drafted.revision_id, files=again, actor=author, at=at)
    revision = Revision.objects.get(id=drafted.revision_id)
    assert "max: 180" in revision.files["sop.yaml"]
    assert revision.steps.count() == len(book.procedure_of(revision).steps)


def test_the_quiz_never_has_the_answer_in_a_fixed_place() -> None:
    make.edition()
    at = make.NOON + timedelta(hours=1)
    revise(SLUG, limited(), at)
    release("1.0", at)
    notice = ChangeNotice.objects.select_related("edition__previous", "node").filter(
        node__slug=SLUG
    )[0]
    found = learning.changed(notice)
    places = set()
    for _person in range(12):
        quiz = learning.quiz_of(notice, uuid7(), found)
        assert quiz is not None
        places |= {
            posed.shown.index(posed.question.answer[0])
            for posed in quiz.questions
            if posed.question.kind == "single"
        }
    assert len(places) >= 3


@pytest.mark.plain
def test_papers_share_by_weight_and_are_drawn_the_same_again() -> None:
    assert papers.shares({"a": 3, "b": 1}, {"a": 9, "b": 9}, 8) == {"a": 6, "b": 2}
    assert papers.shares({"a": 3, "b": 1}, {"a": 2, "b": 9}, 8) == {"a": 2, "b": 6}
    assert papers.shares({"a": 1}, {"a": 2}, 8) == {"a": 2}
    bank = {"a": list("ABCDEF"), "b": list("uvwxyz")}
    drawn = papers.draw(bank, {"a": 1, "b": 1}, 6, 7)
    assert drawn == papers.draw(bank, {"a": 1, "b": 1}, 6, 7)
    assert drawn != papers.draw(bank, {"a": 1, "b": 1}, 6, 8)
    assert len(set(drawn)) == 6


def test_the_database_keeps_what_a_person_has_tried() -> None:
    make.edition()
    rows = Question.objects.filter(id=Question.objects.values_list("id", flat=True)[0])
    with pytest.raises(DatabaseError), transaction.atomic():
        rows.update(answer=[0, 1, 2])
    with pytest.raises(DatabaseError), transaction.atomic():
        rows.update(retired_why="REMOVED")
