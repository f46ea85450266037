"""Local notes: read by a unit and below it, replaced, taken back; the book's text stays."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse

from panshi.handbook import queries, services
from panshi.handbook.models import Edition, LocalNote, Node, Revision
from panshi.handbook.services import notes as refusals
from panshi.handbook.tests import make
from panshi.kit.refusals import NotPermitted
from panshi.kit.tenancy import acting
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make
from panshi.org.tests.window import page, window

pytestmark = pytest.mark.usefixtures("in_force")

SLUG = "return-inspection"
WORDS = "验车灯棚在二号门内左手边。"


@pytest.fixture
def node() -> OrgNode:
    make.edition()
    return org_make.operator()


def put(node: OrgNode, words: str = WORDS, *, hours: int = 0) -> None:
    services.set_local_note(
        node_slug=SLUG, words=words, org_id=node.id, actor=make.person(node, "OPERATIONS"),
        at=make.NOON + timedelta(hours=hours),
    )  # fmt: skip


def seen(node: OrgNode) -> list[str]:
    actor = make.person(node, "OPERATIONS")
    return [n.words for n in queries.local_notes(slug=SLUG, actor=actor)]


def test_a_note_is_read_by_its_unit_and_below_and_by_nobody_else(node: OrgNode) -> None:
    above = org_make.region()
    below, sister = org_make.operator(parent=above), org_make.operator()
    put(above)
    put(below, "本市另有说明。")

    assert seen(below) == ["本市另有说明。", WORDS]
    assert seen(above) == [WORDS]
    assert seen(sister) == []
    with acting(make.person(sister, "OPERATIONS")):
        assert not LocalNote.objects.exists()


def test_a_note_is_replaced_and_taken_back_and_the_text_stays(node: OrgNode) -> None:
    shas = list(Edition.objects.values_list("sha256", flat=True))
    files = list(Revision.objects.filter(node__slug=SLUG).values_list("files", flat=True))
    boss = make.person(node, "OPERATIONS")
    put(node)
    put(node, "灯棚搬到三号门。", hours=1)
    assert seen(node) == ["灯棚搬到三号门。"]
    fact = services.take_back_local_note(
        node_slug=SLUG, org_id=node.id, actor=boss, at=make.NOON + timedelta(hours=2)
    )
    assert (fact.words, seen(node)) == ("", [])
    with pytest.raises(refusals.NoteEmpty):
        services.take_back_local_note(
            node_slug=SLUG, org_id=node.id, actor=boss, at=make.NOON + timedelta(hours=3)
        )
    assert LocalNote.objects.count() == 3
    assert list(Edition.objects.values_list("sha256", flat=True)) == shas
    assert list(Revision.objects.filter(node__slug=SLUG).values_list("files", flat=True)) == files


def test_who_may_not_and_what_says_nothing_is_refused(node: OrgNode) -> None:
    sister = org_make.operator()
    given: dict[str, Any] = {
        "node_slug": SLUG, "words": WORDS, "org_id": node.id, "at": make.NOON,
    }  # fmt: skip
    boss = make.person(node, "OPERATIONS")
    with pytest.raises(NotPermitted):
        services.set_local_note(**given, actor=make.person(sister, "OPERATIONS"))
    with pytest.raises(NotPermitted):
        services.set_local_note(**given, actor=make.person(node, "SALES"))
    with pytest.raises(refusals.NoteEmpty):
        services.set_local_note(**{**given, "words": " "}, actor=boss)
    with pytest.raises(refusals.NoteTooLong):
        services.set_local_note(**{**given, "words": "灯" * 1001}, actor=boss)
    with pytest.raises(Node.DoesNotExist):
        services.set_local_note(**{**given, "node_slug": "no-such"}, actor=boss)
    assert not LocalNote.objects.exists()
    book_node = Node.objects.get(slug=SLUG)
    for words in ("", "  "):
        with pytest.raises(DatabaseError), transaction.atomic():
            LocalNote.objects.create(
                org=node, node=book_node, words=words, written_by_id=boss.id, written_at=make.NOON
            )


def test_the_page_writes_and_shows_it_to_those_below_and_names_what_is_too_long(
    node: OrgNode,
) -> None:
    desk, reader = window(node, "OPERATIONS"), window(node, "SALES")
    address = reverse("handbook-node", args=[SLUG])
    assert 'name="words"' in page(desk.get(address))
    assert 'name="words"' not in page(reader.get(address))
    write = reverse("handbook-write-note", args=[SLUG])
    long = desk.post(write, {"words": "灯" * 1001})
    assert long.status_code == 422
    assert "At most 1000 characters" in long.content.decode()
    assert desk.post(write, {"words": WORDS}).status_code == 302
    shown = page(reader.get(address))
    assert WORDS in shown
    assert f"Local note of {node.name}" in shown
    assert "王芳" in shown
    refused = reader.post(write, {"words": "x"})
    assert refused.status_code == 409
    assert "not permitted" in refused.content.decode()
    assert desk.post(reverse("handbook-take-back-note", args=[SLUG])).status_code == 302
    assert WORDS not in page(reader.get(address))


def test_a_run_shows_the_note_of_its_node_and_the_interface_writes_one(node: OrgNode) -> None:
    run = make.start(make.overdue(node))[0]
    desk = window(node, "OPERATIONS")
    answer = desk.post(
        "/api/v1/handbook/set_local_note",
        json.dumps({"node_slug": run.node.slug, "words": WORDS, "org_id": node.id}),
        content_type="application/json",
    )
    assert answer.status_code in (200, 201), answer.content.decode()
    shown = page(desk.get(reverse("handbook-run", args=[run.id])))
    assert WORDS in shown
    assert f"Local note of {node.name}" in shown
