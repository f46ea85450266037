"""The editor: a text is typed, checked, reviewed, released, and goes out byte for byte."""

import html
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from panshi.handbook import content_command, queries, services
from panshi.handbook.models import Edition, Node, Revision, TextConfirmed
from panshi.handbook.rules import texts
from panshi.handbook.services.common import ReasonMissing
from panshi.handbook.tests import make
from panshi.kit.clock import SHANGHAI, add_months, local_day
from panshi.org.tests import make as org_make
from panshi.org.tests.window import Window, page, window

pytestmark = pytest.mark.usefixtures("in_force")

SLUG = "overdue-reminder"
AREA = re.compile(r'<textarea[^>]*name="([^"]+)"[^>]*>\n?(.*?)</textarea>', re.DOTALL)


def form_of(shown: str) -> dict[str, str]:
    """What a browser would send of the editor: its files with the line ends of forms."""
    found = {name: html.unescape(text) for name, text in AREA.findall(shown)}
    return {name: text.replace("\n", "\r\n") for name, text in found.items()}


def post(client: Window, name: str, *args: Any, **given: Any) -> Any:
    answer = client.post(reverse(name, args=args), given)
    assert answer.status_code == 302, answer.content.decode()[:3000]
    return answer


def test_a_text_goes_through_the_pages_from_draft_to_release(tmp_path: Path) -> None:
    make.edition()
    office = org_make.platform()
    author, reviewer, boss = (
        window(office, "TRAINER"), window(office, "TRAINER"), window(office, "DECISION_MAKER")
    )  # fmt: skip
    url = reverse("handbook-edit-node", args=[SLUG])
    form = form_of(page(author.get(url)))
    before = Revision.objects.get(node__slug=SLUG, state="APPROVED").files
    assert set(form) == set(before)

    untouched = author.post(url, form)
    assert untouched.status_code == 422  # Word for word what is in force.
    unknown = form["sop.yaml"].replace("clause: 5", "clause: 9")
    checked = author.post(url, {**form, "sop.yaml": unknown, "check": "1"})
    assert "names clause 9" in page(checked)
    unread = author.post(url, {**form, "sop.yaml": form["sop.yaml"].replace("sop/1", "[")})
    assert unread.status_code == 422
    assert "sop.yaml:" in unread.content.decode()
    assert Revision.objects.filter(node__slug=SLUG).count() == 1

    changed = form["sop.yaml"].replace("within: 1d", "within: 2d")
    drafted = author.post(url, {**form, "sop.yaml": changed})
    revision = Revision.objects.get(node__slug=SLUG, state="DRAFT")
    assert drafted["Location"] == reverse("handbook-revision", args=[revision.id])
    assert '<ins class="new">2</ins>d' in page(author.get(drafted["Location"]))
    post(author, "handbook-revision-act", revision.id, "submit")
    post(reviewer, "handbook-revision-act", revision.id, "return", reason="再想想")
    assert "再想想" in page(author.get(drafted["Location"]))
    again = form_of(page(author.get(reverse("handbook-edit-revision", args=[revision.id]))))
    post(author, "handbook-edit-revision", revision.id, **{
        **again, "sop.yaml": again["sop.yaml"].replace("within: 2d", "within: 3d"),
    })  # fmt: skip
    post(author, "handbook-revision-act", revision.id, "submit")
    own = author.post(reverse("handbook-revision-act", args=[revision.id, "approve"]))
    assert own.status_code == 409
    post(reviewer, "handbook-revision-act", revision.id, "approve")
    post(boss, "handbook-revision-act", revision.id, "approve")
    post(boss, "handbook-freeze", number="9.9", title="提醒时限")
    frozen = Edition.objects.get(number="9.9")
    shown = page(boss.get(reverse("handbook-drafts")))
    assert "提醒时限" in shown
    assert f"CS-D-05 {Node.objects.get(slug=SLUG).en}" in shown.partition('name="confirmed"')[0]
    soon = (timezone.now() + timedelta(minutes=1)).astimezone(SHANGHAI)
    release = {
        "edition_id": frozen.id, "grace_days": 3, "effective_from": soon.strftime("%Y-%m-%dT%H:%M"),
    }  # fmt: skip
    assert boss.post(reverse("handbook-release"), release).status_code == 409
    post(boss, "handbook-release", **release, confirmed="yes")
    frozen.refresh_from_db()
    assert (frozen.state, frozen.grace_days) == ("RELEASED", 3)

    content_command.export(tmp_path, number="9.9")
    folder = tmp_path / revision.folder
    out = {name: (folder / name).read_text() for name in before}
    revision.refresh_from_db()
    assert out == revision.files
    assert "within: 3d" in out["sop.yaml"]
    assert texts.document_of(out).text.slug == SLUG
    diff = page(boss.get(reverse("handbook-editions"), {"before": "0.3", "after": "9.9"}))
    assert '<ins class="new">3</ins>d' in diff
    post(boss, "handbook-withdraw", frozen.id, reason="试发")
    frozen.refresh_from_db()
    assert frozen.state == "WITHDRAWN"


def test_a_text_asks_to_be_read_again() -> None:
    make.edition()
    office = org_make.platform()
    editor = make.person(office, "TRAINER")
    desk = window(office, "TRAINER")
    seen = Revision.objects.get(node__slug=SLUG, state="APPROVED").approved_at
    assert seen is not None
    assert queries.due_reviews(actor=editor, at=seen + timedelta(days=60)) == ()
    later = seen + timedelta(days=400)
    due = {row.slug: row for row in queries.due_reviews(actor=editor, at=later)}
    assert due[SLUG].late
    assert due[SLUG].due_on == add_months(local_day(seen), due[SLUG].months)

    with pytest.raises(ReasonMissing):
        services.confirm_text(node_slug=SLUG, words=" ", actor=editor, at=later)
    services.confirm_text(node_slug=SLUG, words="催收规定未变", actor=editor, at=later)
    assert SLUG not in {row.slug for row in queries.due_reviews(actor=editor, at=later)}
    assert len(queries.due_reviews(actor=editor, at=later)) == len(due) - 1
    desk.post(reverse("handbook-confirm-text", args=[SLUG]), {"words": "又读一遍"})
    assert TextConfirmed.objects.filter(revision__node__slug=SLUG).count() == 2


def test_elsewhere_the_book_is_read_and_not_written() -> None:
    make.edition()
    desk = window(org_make.operator(), "OPERATIONS")
    assert desk.get(reverse("handbook-drafts")).status_code in (403, 409)
    assert desk.get(reverse("handbook-edit-node", args=[SLUG])).status_code in (403, 409)
    assert "edit/" not in page(desk.get(reverse("handbook-node", args=[SLUG])))
