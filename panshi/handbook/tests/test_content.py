"""Content: checked, imported once, exported byte for byte, frozen in the database."""

import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from panshi.handbook import content_check, content_files, registry, services
from panshi.handbook.models import Edition, EditionItem, EditionState, Node, Revision, Run, Step
from panshi.handbook.rules import texts
from panshi.handbook.services.content import ContentUnfit, TriggerUnknown, content_of
from panshi.handbook.services.review import AuthorCannotApprove
from panshi.handbook.tests import make
from panshi.kit.ids import uuid7
from panshi.org.tests import make as org_make

SHIPPED = content_files.SHIPPED
WRITTEN = len(list(SHIPPED.glob("*/node.md")))


@pytest.mark.plain
def test_the_outline_has_its_categories_and_nodes() -> None:
    outline = texts.outline_of(content_files.read_directory(SHIPPED).root["outline.yaml"])
    levels = [n.level for n in outline.nodes]
    assert (len(outline.categories), levels.count(1), levels.count(2)) == (8, 180, 210)


def test_the_shipped_files_pass_the_check_and_fit_the_facts_and_verbs_that_exist() -> None:
    found = content_check.check(SHIPPED, registry=registry.read())
    assert (found.findings, found.written) == ((), WRITTEN)


@pytest.mark.parametrize("whole", [False, pytest.param(True, marks=pytest.mark.deep)])
def test_the_book_comes_in_once_and_goes_out_byte_for_byte(tmp_path: Path, whole: bool) -> None:
    directory = SHIPPED if whole else make.played()
    written = len(list(directory.glob("*/node.md")))
    first = make.edition(whole=whole)
    counts = (Node.objects.count(), Revision.objects.count(), Step.objects.count())
    fact = services.import_content(directory=str(directory), actor=make.editor(), at=make.NOON)
    assert (fact.edition_id, fact.added, fact.changed, fact.same) == (first.id, 0, 0, written)
    assert (Node.objects.count(), Revision.objects.count(), Step.objects.count()) == counts
    assert counts[0] == 390
    content_files.write_directory(content_of(first), tmp_path)
    ours = {p.relative_to(directory): p.read_bytes() for p in directory.rglob("*") if p.is_file()}
    theirs = {p.relative_to(tmp_path): p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    assert ours == theirs


@pytest.mark.plain
def test_a_case_is_called_by_its_first_line_alone() -> None:
    case = texts.case_of("cases/a.md", "# The bill\n\nIt came.\n\nIt was paid.\n")
    assert (case.title, case.text) == ("The bill", "It came.\n\nIt was paid.")


def changed(tmp_path: Path, name: str, before: str, after: str) -> Path:
    """A copy of the content that tests play, with one text changed."""
    target = tmp_path / "content"
    shutil.copytree(make.played(), target)
    text = (target / name).read_text()
    assert before in text
    (target / name).write_text(text.replace(before, after, 1))
    return target


SOP = "CS-D-05-overdue-reminder/sop.yaml"


def test_a_newer_installation_brings_other_text_under_the_same_number(tmp_path: Path) -> None:
    """Its edition follows the one in force; the same files again, new or old, add nothing."""
    first = make.edition()
    newer = str(changed(tmp_path, "CS-D-05-overdue-reminder/node.md", "尽快", "当日"))
    later = make.NOON + timedelta(days=1)
    fact = services.import_content(directory=newer, actor=make.editor(), at=later)
    assert (fact.edition, fact.changed) == (f"{first.number}.1", 1)
    again = services.import_content(directory=newer, actor=make.editor(), at=later)
    assert (again.edition, again.changed) == (fact.edition, 0)
    old = services.import_content(directory=str(make.played()), actor=make.editor(), at=later)
    assert (old.edition, old.changed) == (first.number, 0)
    first.refresh_from_db()
    assert (first.state, first.effective_until) == ("SUPERSEDED", later)


@pytest.mark.plain
@pytest.mark.parametrize(
    ("name", "before", "after", "words"),
    [
        (SOP, "role: collector", "role: collectr", "there is no role collectr"),
        (SOP, "clause: 5", "clause: 9", "names clause 9"),
        (SOP, "$param.promise_days", "$param.promis", "params.yaml lacks"),
        (SOP, "eq: [days, 1]", "eq: [days, 2]", "in the outline"),
        (SOP, "[reason, 资金紧张]", "[reason, 没钱]", "never reached"),
        (SOP, "schema: sop/1", "schema: [", "sop.yaml:"),
        ("CS-D-05-overdue-reminder/node.md", "zh: 逾期提醒", "zh: 提醒", "in the outline"),
        ("CS-D-05-overdue-reminder/node.md", "## 为什么", "## 为啥", "unknown section"),
        ("CS-D-05-overdue-reminder/policy.md", "2. 同一", "3. 同一", "out of order"),
        ("CS-D-05-overdue-reminder/quiz.yaml", "step: promise", "step: promised", "names no step"),
        ("CS-D-05-overdue-reminder/node.md", "尽快", "TODO", "placeholder"),
    ],
)
def test_the_check_names_what_is_wrong(
    tmp_path: Path, name: str, before: str, after: str, words: str
) -> None:
    report = content_check.check(changed(tmp_path, name, before, after))
    assert any(words in str(f) for f in report.findings), report.findings


@pytest.mark.plain
def test_a_copied_node_is_noticed(tmp_path: Path) -> None:
    target = tmp_path / "content"
    shutil.copytree(make.played(), target)
    texts = {n: (target / f"CS-D-0{n}-{s}" / "node.md").read_text() for n, s in (
        (5, "overdue-reminder"), (6, "overdue-collection"))}  # fmt: skip
    head = texts[6].split("## 是什么")[0]
    body = texts[5].split("## 是什么")[1].split("## 对客户说")[0]
    (target / "CS-D-06-overdue-collection" / "node.md").write_text(f"{head}## 是什么{body}")
    found = content_check.check(target).findings
    assert any("alike" in f.words for f in found)
    assert any("stands in" in f.words for f in found) is False  # Two nodes, not more.


@pytest.mark.plain
def test_a_file_that_cannot_be_read_is_named_once_and_is_not_missing(tmp_path: Path) -> None:
    target = tmp_path / "content"
    shutil.copytree(make.played(), target)
    (target / "edition.yaml").write_bytes(b"\xff\xfe number")
    (target / "roles.yaml").unlink()
    found = content_check.check(target).findings
    assert {f.words for f in found} == {"edition.yaml is not UTF-8", "roles.yaml is missing"}


def test_an_unknown_verb_or_field_fails_the_registry_check(tmp_path: Path) -> None:
    name = "VM-F-09-insulation-fault/sop.yaml"
    wrong = changed(tmp_path, name, "call: diagnosis.acknowledge_finding", "call: diagnosis.admit")
    found = content_check.check(wrong, registry=registry.read()).findings
    assert any("calls diagnosis.admit, which does not exist" in f.words for f in found)
    with pytest.raises(ContentUnfit):
        services.import_content(directory=str(wrong), actor=make.editor(), at=make.NOON)
    assert not Edition.objects.exists()


def test_a_procedure_that_waits_for_what_never_happens_is_refused_by_that_name(
    tmp_path: Path,
) -> None:
    name = "CS-D-05-overdue-reminder/sop.yaml"
    wrong = changed(tmp_path, name, "event: billing.BillPaid", "event: billing.BillForgotten")
    with pytest.raises(TriggerUnknown, match=r"waits for no fact: billing\.BillForgotten"):
        services.import_content(directory=str(wrong), actor=make.editor(), at=make.NOON)


def files_of(slug: str, before: str, after: str) -> dict[str, str]:
    files: dict[str, Any] = Revision.objects.get(node__slug=slug, state="APPROVED").files
    assert before in files["sop.yaml"]
    return {**files, "sop.yaml": files["sop.yaml"].replace(before, after, 1)}


def test_a_change_goes_from_draft_to_release_and_open_runs_keep_their_text() -> None:
    make.edition()
    org = org_make.operator()
    before = make.reminder(org)
    author = make.editor()
    approver = replace(author, id=uuid7())
    at = datetime.now(UTC) + timedelta(minutes=1)
    files = files_of("overdue-reminder", "within: 1d", "within: 2d")
    drafted = services.draft_revision(
        node_slug="overdue-reminder", files=files, actor=author, at=at
    )
    services.submit_revision(revision_id=drafted.revision_id, actor=author, at=at)
    with pytest.raises(AuthorCannotApprove):
        services.approve_revision(revision_id=drafted.revision_id, actor=author, at=at)
    lawyer = replace(author, id=uuid7(), roles=frozenset({"DECISION_MAKER"}))
    for person in (approver, lawyer):  # The text names legal periods, so it takes two.
        services.approve_revision(revision_id=drafted.revision_id, actor=person, at=at)
    frozen = services.freeze_edition(number="0.9", title="提醒时限", actor=approver, at=at)
    assert frozen.notices == 1
    start = make.NOON + timedelta(minutes=5)
    services.release_edition(
        edition_id=frozen.edition_id, effective_from=start, confirmed=True, actor=approver, at=at
    )
    old = make.start(make.overdue(org))[0]  # Its fact is older than the release.
    new_fact = replace(make.overdue(org), at=start)
    new = make.start(new_fact)[0]
    assert (old.revision_id, new.edition_id) == (before.revision_id, frozen.edition_id)
    assert new.revision_id == drafted.revision_id
    assert Run.objects.get(id=before.id).revision_id == before.revision_id


def test_the_database_keeps_what_is_approved_and_frozen() -> None:
    edition = make.edition()
    revision = Revision.objects.first()
    assert revision is not None
    for change in (
        lambda: Revision.objects.filter(id=revision.id).update(summary_en="x"),
        lambda: Step.objects.filter(revision=revision).update(required=False),
        lambda: EditionItem.objects.filter(edition=edition).delete(),
        lambda: Edition.objects.filter(id=edition.id).update(sha256="x"),
        lambda: Node.objects.filter(slug="overdue-reminder").update(slug="other"),
        lambda: Edition.objects.create(
            org_id=edition.org_id, number="9", title="x", files={}, sha256="x",
            state=EditionState.RELEASED, effective_from=make.NOON,
        ),
    ):  # fmt: skip
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
    with pytest.raises(DatabaseError, match="revision_approved_by_another"), transaction.atomic():
        Revision.objects.create(
            org_id=edition.org_id, node=revision.node, number=99, files={}, sha256="y",
            author_id=revision.author_id, approver_id=revision.author_id, approved_at=make.NOON,
            state="APPROVED",
        )  # fmt: skip


def test_the_database_refuses_a_third_level_of_nodes() -> None:
    make.edition()
    below = Node.objects.filter(level=2).first()
    assert below is not None
    third = {
        "org_id": below.org_id, "line": below.line, "category": below.category, "level": 2,
        "position": 9999, "zh": "三级", "en": "Third", "owner_role": below.owner_role,
        "trigger": {}, "kpi": {},
    }  # fmt: skip
    with pytest.raises(DatabaseError, match="third level"), transaction.atomic():
        Node.objects.create(slug="third", code="CS-A-01.1.1", parent=below, **third)
    top = Node.objects.create(slug="third", code="CS-A-99.1", parent=below.parent, **third)
    with pytest.raises(DatabaseError, match="third level"), transaction.atomic():
        Node.objects.filter(id=top.id).update(parent=below)
