"""From closed work to a published case: proposed with reasons, without names, by several people."""

import struct
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID
from zlib import compress, crc32, decompress

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from panshi.crm import services as crm
from panshi.crm.tests import make as crm_make
from panshi.fleet.tests import make as fleet_make
from panshi.handbook import queries, services
from panshi.handbook.models import Case, CasePhoto, CaseState, Evidence, Run
from panshi.handbook.rules import extraction
from panshi.handbook.rules.extraction import Told
from panshi.handbook.services import case_photos, cases
from panshi.handbook.tests import make
from panshi.kit import files
from panshi.kit.tenancy import Actor, acting, hq_actor
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make
from panshi.org.tests.window import page, window

pytestmark = pytest.mark.usefixtures("in_force")

LATE = make.NOON + timedelta(days=9)
LESSON = "先核对账单再打电话；客户王志强在西湖区文三路88号等了两天，电话 13812345678。"


@pytest.fixture
def node() -> OrgNode:
    make.edition()
    return org_make.operator()


def closed(node: OrgNode, *, after: timedelta = timedelta(days=9)) -> Run:
    """A reminder whose bill was paid long after it was due."""
    customer = crm_make.customer(org=node, name="顺达城配物流有限公司")
    taken = Run.objects.count()
    vehicle = fleet_make.vehicle(org=node, plate_code=f"浙A1234{taken}D")
    fact = replace(make.overdue(node), customer_id=customer.id, vehicle_id=vehicle.id)
    run = make.start(fact)[0]
    services.hear_facts(facts=[make.paid(fact, after=after)], actor=hq_actor(node.id), at=LATE)
    run.refresh_from_db()
    return run


def propose() -> list[UUID]:
    fact = services.propose_cases(actor=hq_actor(), at=LATE + timedelta(hours=1))
    return [c.case_id for c in fact.cases]


def word(case_id: UUID, actor: Actor, **texts: str) -> None:
    given = {"COURSE": "客户顺达城配物流说浙A12340D没停。", "LESSON": LESSON, **texts}
    services.redact_case(case_id=case_id, title="迟到的提醒", texts=given, actor=actor, at=LATE)


@pytest.mark.parametrize(
    ("told", "why"),
    [
        (Told(minutes=201, allowed=100), ["LATE_TWICE"]),
        (Told(minutes=200, allowed=100), []),
        (Told(halted=True, safety=True, reopened=True), ["SAFETY", "HALTED", "REOPENED"]),
        (Told(stars=2), ["LOW_RATING"]),
        (Told(stars=3), []),
        (Told(minutes=30, median=60, full_evidence=True), ["QUICK"]),
        (Told(minutes=30, median=60), []),
    ],
)
def test_the_rules_say_why(told: Told, why: list[str]) -> None:
    assert extraction.reasons(told) == why


def test_a_night_proposes_what_teaches_something_once_and_says_why(node: OrgNode) -> None:
    run, punctual = closed(node), closed(node, after=timedelta(hours=1))
    (case_id,) = propose()
    case = Case.objects.get(id=case_id)
    assert (case.run_id, case.why) == (run.id, ["LATE_TWICE"])
    assert set(case.draft) == {"SITUATION", "COURSE", "HANDLING", "RESULT", "LESSON"}
    assert "逾期提醒" in case.draft["SITUATION"]
    assert propose() == []
    assert not Case.objects.filter(source_id=punctual.id).exists()


def test_no_night_proposes_more_than_can_be_read(node: OrgNode) -> None:
    for _run in range(7):
        closed(node)
    assert [len(propose()), len(propose()), len(propose())] == [5, 2, 0]


def test_names_go_before_anybody_else_reads_and_the_report_says_which(node: OrgNode) -> None:
    closed(node)
    (case_id,) = propose()
    word(case_id, make.person(node, "TRAINER"))
    case = Case.objects.get(id=case_id)
    text = "".join(case.heads.values())
    for secret in ("顺达", "12340", "文三路", "13812345678"):
        assert secret not in text
    assert "西湖区" in text
    assert case.redaction is not None
    assert set(case.redaction["masked"]) >= {"FIRM", "PLATE", "ADDRESS", "PHONE"}
    assert case.state == CaseState.REDACTED


def test_another_approves_and_another_than_the_proposer_publishes(node: OrgNode) -> None:
    run = closed(node)
    writer, other = make.person(node, "TRAINER"), make.person(node, "OPERATIONS")
    fact = services.propose_case(run_id=run.id, actor=other, at=LATE)
    case_id = fact.cases[0].case_id
    with pytest.raises(cases.CaseKnown):
        services.propose_case(run_id=run.id, actor=other, at=LATE)
    with pytest.raises(cases.WordsMissing):
        word(case_id, writer, LESSON=" ")
    word(case_id, writer, LESSON="先核对账单再打电话。")
    for act in (services.approve_case, services.publish_case):
        with pytest.raises(Exception, match=r"."):
            act(case_id=case_id, actor=writer, at=LATE)
    services.approve_case(case_id=case_id, actor=other, at=LATE)
    for nobody in (other, hq_actor()):
        with pytest.raises(cases.AnotherPersonNeeded):
            services.publish_case(case_id=case_id, actor=nobody, at=LATE)
    services.publish_case(case_id=case_id, actor=writer, at=LATE)

    reader = make.person(node, "ENGINEER")
    assert [c.title for c in queries.cases_of_node(slug="overdue-reminder", actor=reader)] == [
        "迟到的提醒"
    ]
    found = queries.search(text="迟到的提醒", actor=reader, at=make.NOON)
    assert found[0].slug == "overdue-reminder"
    stranger = make.person(org_make.operator(), "ENGINEER")
    assert queries.cases_of_node(slug="overdue-reminder", actor=stranger) == []


def test_a_name_that_is_left_stops_the_approval(node: OrgNode) -> None:
    closed(node)
    (case_id,) = propose()
    word(case_id, make.person(node, "TRAINER"))
    Case.objects.filter(id=case_id).update(heads={"COURSE": "打给 13812345678。", "LESSON": "好。"})
    with pytest.raises(cases.RedactionIncomplete):
        services.approve_case(case_id=case_id, actor=make.person(node, "TRAINER"), at=LATE)


def test_the_database_refuses_a_case_published_without_report_or_by_its_proposer(
    node: OrgNode,
) -> None:
    closed(node)
    (case_id,) = propose()
    person = make.person(node, "TRAINER")
    wrong: list[dict[str, Any]] = [
        {"publisher_id": person.id, "approver_id": person.id},
        {"publisher_id": UUID(int=0), "approver_id": person.id, "redaction": {"masked": {}}},
    ]
    for values in wrong:
        with pytest.raises(IntegrityError), transaction.atomic():
            Case.objects.filter(id=case_id).update(
                state=CaseState.PUBLISHED, published_at=LATE, **values
            )
    with acting(make.person(org_make.operator(), "TRAINER")):
        assert not Case.objects.exists()


def test_a_case_goes_its_way_on_its_pages(node: OrgNode) -> None:
    closed(node)
    (case_id,) = propose()
    desk, reader = window(node, "TRAINER"), window(node, "ENGINEER")
    url = reverse("handbook-case", args=[case_id])
    assert "It took more than twice the time it had." in page(desk.get(reverse("handbook-cases")))
    assert reader.get(url).status_code == 404
    lacking = desk.post(url, {"title": "迟到的提醒", "COURSE": "晚了。", "LESSON": ""})
    assert lacking.status_code == 422
    desk.post(url, {"title": "迟到的提醒", "COURSE": "回拨 13812345678。", "LESSON": "先核对。"})
    shown = page(desk.get(url))
    assert "Telephone numbers" in shown
    assert 'id="case-text"' in shown
    act = [reverse("handbook-case-act", args=[case_id, n]) for n in ("approve", "publish")]
    assert desk.post(act[0]).status_code == 409
    other = window(node, "OPERATIONS")
    assert other.post(act[0]).status_code == 302
    assert desk.post(act[1]).status_code == 302
    library = page(reader.get(reverse("handbook-cases")))
    assert "迟到的提醒" in library
    assert "迟到的提醒" in page(reader.get(reverse("handbook-node", args=["overdue-reminder"])))


def picture(width: int = 60, height: int = 30) -> bytes:
    """A white PNG."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = compress((b"\x00" + b"\xff" * 3 * width) * height)
    note = chunk(b"tEXt", b"Comment\x00" + "粤B12345".encode())
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + note + chunk(b"IDAT", rows)
        + chunk(b"IEND", b"")
    )  # fmt: skip


def photographed(node: OrgNode) -> tuple[UUID, UUID]:
    """A proposed case whose run was proved by a picture: case and picture."""
    run = closed(node)
    (case_id,) = propose()
    content = picture()
    stored = files.store(content=content, name="a.png", org_id=node.id, actor=hq_actor(node.id))
    Evidence.objects.create(
        org_id=node.id, run=run, step_id="seen", kind="photo", file_id=stored.id, captured_at=LATE,
        sha256=stored.sha256, person_id=UUID(int=3),
    )  # fmt: skip
    return case_id, stored.id


def test_a_picture_goes_with_a_case_only_as_a_covered_copy(node: OrgNode) -> None:
    case_id, source_id = photographed(node)
    desk, reader = window(node, "TRAINER"), window(node, "ENGINEER")
    url = reverse("handbook-case-photo", args=[case_id, source_id])
    original = reverse("handbook-case-picture", args=[case_id, source_id])
    assert url in page(desk.get(reverse("handbook-case", args=[case_id])))
    assert (desk.get(url).status_code, reader.get(url).status_code) == (200, 404)
    assert (desk.get(original).status_code, reader.get(original).status_code) == (200, 404)

    for wrong in ("", "0.9 0.1 0.3 0.2", "a b c d", "0.1 0.1"):
        assert 'role="alert"' in page(desk.post(url, {"boxes": wrong}))
    assert not CasePhoto.objects.exists()
    desk.post(url, {"boxes": "0.5 0 0.5 1"})
    photo = CasePhoto.objects.get()
    copy = files.read(photo.file)
    assert "粤B12345".encode() not in copy
    left, right = colours(copy)
    assert (left, right) == (255, 0)
    covered = reverse("handbook-covered", args=[photo.id])
    assert (desk.get(covered).status_code, reader.get(covered).status_code) == (200, 404)

    writer, other = make.person(node, "TRAINER"), make.person(node, "OPERATIONS")
    word(case_id, writer)
    shown = page(desk.get(reverse("handbook-case", args=[case_id])))
    assert "1 place covered" in shown
    picker = replace(writer, id=photo.picked_by_id)
    with pytest.raises(cases.AnotherPersonNeeded):
        services.approve_case(case_id=case_id, actor=picker, at=LATE)
    services.approve_case(case_id=case_id, actor=other, at=LATE)
    with pytest.raises(case_photos.CaseIsFixed):
        services.take_case_photo(photo_id=photo.id, actor=writer, at=LATE)
    services.publish_case(case_id=case_id, actor=writer, at=LATE)
    assert reader.get(covered).status_code == 200
    assert reader.get(original).status_code == 404
    stranger = window(org_make.operator(), "ENGINEER")
    assert stranger.get(covered).status_code == 404


def colours(content: bytes) -> tuple[int, int]:
    """The first byte of a pixel in the left and in the right half of a PNG's first line."""
    place, data, width, depth = 8, b"", 0, 4
    while place < len(content):
        (size,) = struct.unpack(">I", content[place : place + 4])
        kind, body = content[place + 4 : place + 8], content[place + 8 : place + 8 + size]
        if kind == b"IHDR":
            width, depth = struct.unpack(">I", body[:4])[0], 4 if body[9] == 6 else 3
        data += body if kind == b"IDAT" else b""
        place += 12 + size
    line, filter_ = bytearray(decompress(data)[1 : 1 + width * depth]), decompress(data)[0]
    if filter_ in (1, 4):  # Of the first line, both add the pixel to the left.
        for at in range(depth, len(line)):
            line[at] = (line[at] + line[at - depth]) % 256
    return line[depth * (width // 4)], line[depth * (width * 3 // 4)]


def test_what_teaches_nothing_is_laid_aside(node: OrgNode) -> None:
    closed(node)
    (case_id,) = propose()
    person = make.person(node, "TRAINER")
    with pytest.raises(cases.WordsMissing):
        services.dismiss_case(case_id=case_id, reason="", actor=person, at=LATE)
    services.dismiss_case(case_id=case_id, reason="银行晚到账", actor=person, at=LATE)
    assert Case.objects.get().state == CaseState.DISMISSED
    assert propose() == []


def test_a_complaint_answered_far_too_late_is_proposed_with_its_words(node: OrgNode) -> None:
    customer = crm_make.customer(org=node, name="鲜到家配送有限公司")
    actor = replace(make.person(node, "OPERATIONS"), permissions=frozenset({"*"}))
    complaint = crm.file_complaint(
        customer_id=customer.id, subject="BILL", text="账单多收两天。", actor=actor, at=make.NOON
    ).complaint_id
    late = make.NOON + timedelta(days=30)
    crm.answer_complaint(
        complaint_id=complaint, answer="鲜到家的账单已冲减。", actor=actor, at=late
    )
    crm.close_complaint(complaint_id=complaint, actor=actor, at=late)
    services.propose_cases(actor=hq_actor(), at=late)
    case = Case.objects.get(source_id=complaint)
    assert (case.source_kind, case.why) == ("COMPLAINT", ["LATE_TWICE"])
    assert case.node is not None
    assert case.node.slug == "complaint-closure"
    word(case.id, actor, HANDLING=case.draft["HANDLING"])
    case.refresh_from_db()
    assert case.heads["HANDLING"] == "某公司的账单已冲减。"
