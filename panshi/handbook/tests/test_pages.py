"""The handbook's pages, as a browser asks them."""

import gzip
import re
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override

from panshi.crm.tests import make as crm_make
from panshi.fleet.tests import make as fleet_make
from panshi.handbook import queries, services, subjects
from panshi.handbook.models import Run, RunState, SearchDocument, SearchMiss
from panshi.handbook.tests import make
from panshi.kit.ids import uuid7
from panshi.kit.tenancy import hq_actor
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make
from panshi.org.tests.window import Window, page, window
from panshi.telematics.events import VehicleWentOffline

pytestmark = pytest.mark.usefixtures("in_force")

PNG = b"\x89PNG\r\n\x1a\n" + b"1" * 64


@pytest.fixture
def node() -> OrgNode:
    make.edition()
    return org_make.operator()


@pytest.fixture
def client(node: OrgNode) -> Window:
    return window(node, "OPERATIONS")


def offline(org: OrgNode) -> Run:
    now = timezone.now()
    fact = VehicleWentOffline(
        org_id=org.id, actor_id=UUID(int=0), at=now, vehicle_id=uuid7(), hours=24,
        last_report_at=now - timedelta(hours=24), soc_pct=60.0,
    )  # fmt: skip
    services.start_runs(facts=[fact], actor=hq_actor(org.id), at=now)
    return Run.objects.get(fact_id=fact.id)


def test_the_panorama_names_all_first_level_nodes_and_their_load(
    client: Window, node: OrgNode
) -> None:
    offline(node)
    with CaptureQueriesContext(connection) as asked:
        shown = page(client.get(reverse("handbook-panorama")))
    measured = [q["sql"] for q in asked if "FROM handbook_adherenceday" in q["sql"]]
    assert len(measured) == 1  # Load and adherence of the whole map in one statement.
    assert shown.count('class="atlas-node"') == 180
    assert shown.count('data-state="busy"') == 1
    assert len(gzip.compress(shown.encode())) < 60_000


def test_a_live_panorama_is_told_the_tiles_that_changed_and_no_others(
    client: Window, node: OrgNode
) -> None:
    changed = reverse("handbook-changed-tiles")

    def seen_on(shown: str) -> str:
        (marks,) = re.findall(r'id="seen" name="seen" value="([0-9a-f]+)"', shown)
        return str(marks)

    whole = page(client.get(reverse("handbook-panorama")))
    assert f'hx-get="{changed}?' in whole
    asked = {"seen": seen_on(whole), "mode": "load"}
    live = {"HX-Request": "true"}
    assert "atlas-node" not in page(client.get(changed, asked, headers=live))

    below = offline(node).node
    top = below.parent or below
    told = page(client.get(changed, asked, headers=live))
    assert re.findall(r'id="tile-([a-z0-9-]+)" hx-swap-oob="true"', told) == [top.slug]
    assert len(told) < 3000
    again = {**asked, "seen": seen_on(told)}
    assert "atlas-node" not in page(client.get(changed, again, headers=live))
    # A page of another edition, or of other filters, is drawn anew; one without scripts too.
    other = client.get(changed, {**asked, "seen": asked["seen"][8:]}, headers=live)
    assert other.headers["HX-Refresh"] == "true"
    assert client.get(changed, asked).headers["Location"].startswith(reverse("handbook-panorama"))


def test_words_that_led_nowhere_are_given_a_meaning_and_lead_there(
    client: Window, node: OrgNode
) -> None:
    words, search = reverse("handbook-words"), reverse("handbook-search")
    client.get(search, {"text": "趴窝窝"})
    assert "趴窝窝" in page(client.get(words))
    add, remove = reverse("handbook-add-word"), reverse("handbook-remove-word")
    assert client.post(add, {"said": "趴窝窝", "meant": " "}).status_code == 409
    client.post(add, {"said": "趴窝窝", "meant": "绝缘，绝缘偏低"})
    lead = make.person(node, "OPERATIONS")
    (row,) = [r for r in queries.synonyms(actor=lead) if r.own]
    assert row.meant == ("绝缘", "绝缘偏低")
    found = queries.search(text="趴窝窝", actor=lead, at=make.NOON)
    assert "insulation-fault" in {hit.slug for hit in found}
    client.post(remove, {"said": "趴窝窝"})
    assert queries.search(text="趴窝窝", actor=lead, at=make.NOON) == []
    assert client.post(remove, {"said": "趴窝窝"}).status_code == 409
    assert window(node, "FINANCE").get(words).status_code == 409


def test_a_tile_opens_what_is_below_it(client: Window, node: OrgNode) -> None:
    run = offline(node)
    top = run.node.parent or run.node
    address = reverse("handbook-tile", args=[top.slug])
    assert f"{address}?city=&amp;mode=load&amp;days=28" in page(
        client.get(reverse("handbook-panorama"))
    )
    shown = page(client.get(address, {"mode": "gap"}, headers={"HX-Request": "true"}))
    for below in top.children.all():
        assert reverse("handbook-node", args=[below.slug]) in shown
    plain = client.get(address)
    assert plain.headers["Location"] == reverse("handbook-node", args=[top.slug])
    nowhere = reverse("handbook-tile", args=["nowhere"])
    assert client.get(nowhere, headers={"HX-Request": "true"}).status_code == 404


def test_a_run_is_taken_and_done_on_its_page(client: Window, node: OrgNode) -> None:
    run = offline(node)
    url = reverse("handbook-run", args=[run.id])
    assert "What the last minutes look like" in page(client.get(url))
    client.cookies["django_language"] = "zh-hans"
    assert "最后十分钟数据像哪一种" in page(client.get(url))
    assert reverse("handbook-run", args=[run.id]) in page(client.get(reverse("handbook-inbox")))

    def do(step: str, **post: object) -> None:
        answer = client.post(reverse("handbook-complete", args=[run.id, step, 0]), post)
        assert answer.status_code == 302, answer.content

    do("last_minutes", value="突然中断")
    do("holder", value="闲置在场")
    do("seen", kind="photo", files=SimpleUploadedFile("a.png", PNG, "image/png"))
    shown = page(client.get(url))
    picture = re.search(r'src="(/handbook/evidence/[^"]+)"', shown)
    assert picture is not None
    assert client.get(picture[1]).content == PNG
    do("cause", value="终端故障约更换")
    run.refresh_from_db()
    assert run.state == RunState.CLOSED
    stranger = window(org_make.operator(), "OPERATIONS")
    assert stranger.get(url).status_code == 404
    assert stranger.get(picture[1]).status_code == 404


def test_an_english_reader_chooses_in_english_and_the_book_keeps_its_word(
    client: Window, node: OrgNode
) -> None:
    run = offline(node)
    url = reverse("handbook-run", args=[run.id])
    assert '<option value="突然中断">Broke off at once</option>' in page(client.get(url))
    client.post(
        reverse("handbook-complete", args=[run.id, "last_minutes", 0]), {"value": "突然中断"}
    )
    assert "<strong>Broke off at once</strong>" in page(client.get(url))
    assert run.steps.get(step_id="last_minutes").value == "突然中断"


def test_the_page_says_who_is_told_when_it_stays_open(client: Window, node: OrgNode) -> None:
    run = offline(node)
    with override("en"):  # As the window reads.
        card = queries.run_card(run_id=run.id, actor=hq_actor(node.id), at=run.started_at)
    assert card.ladder
    assert all(run.started_at < rung.at and rung.climbed_at is None for rung in card.ladder)
    assert card.ladder[0].post in page(client.get(reverse("handbook-run", args=[run.id])))


def test_what_nobody_has_taken_stands_first_and_a_step_reaches_its_post(node: OrgNode) -> None:
    run = offline(node)
    owner, other = (
        replace(org_make.actor(node, "*"), roles=frozenset({"OPERATIONS"})) for _ in range(2)
    )
    dispatcher = replace(org_make.actor(node, "*"), roles=frozenset({"DISPATCHER"}))
    at = run.started_at
    first = queries.inbox(actor=owner, at=at)
    assert [row.id for row in first.untaken] == [run.id]
    assert first.count == queries.inbox_count(actor=owner, at=at) == 1

    services.take_run(run_id=run.id, actor=owner, at=at)
    assert queries.inbox(actor=other, at=at).count == 0

    Run.objects.filter(id=run.id).update(roles=["dispatcher"])
    waiting = queries.inbox(actor=dispatcher, at=at)
    assert run.id in {row.id for row in (*waiting.overdue, *waiting.today, *waiting.later)}


def test_a_refusal_is_told_in_words(client: Window, node: OrgNode) -> None:
    run = offline(node)
    early = client.post(
        reverse("handbook-complete", args=[run.id, "cause", 0]), {"value": "无信号"}
    )
    assert early.status_code == 409


def test_a_written_node_shows_its_text_and_an_unwritten_one_says_so(client: Window) -> None:
    written = page(client.get(reverse("handbook-node", args=["insulation-fault"])))
    assert "Residual voltage" in written
    assert "暴雨后的充电口" in written
    unwritten = page(client.get(reverse("handbook-node", args=["market-notebook"])))
    assert "Competitor price and area demand notes" in unwritten
    assert "handbook/nodes/market-notebook/start" not in unwritten
    assert client.get(reverse("handbook-node", args=["no-such-node"])).status_code == 404


def test_editions_bindings_and_supervision_open(client: Window, node: OrgNode) -> None:
    run = offline(node)
    shown = page(client.get(reverse("handbook-editions"), {"before": "0.3", "after": "0.3"}))
    assert "The vehicle does not report" in shown
    Run.objects.filter(id=run.id).update(due_at=timezone.now() - timedelta(hours=1))
    assert str(run.id) in page(client.get(reverse("handbook-supervision")))
    assert window(node, "ENGINEER").get(reverse("handbook-supervision")).status_code in (403, 409)


def test_the_inbox_asks_a_fixed_number_of_questions(client: Window, node: OrgNode) -> None:
    counts = []
    for _round in range(2):
        for _run in range(4):
            offline(node)
        with CaptureQueriesContext(connection) as asked:
            client.get(reverse("handbook-inbox"))
        counts.append(len(asked))
    assert counts[0] == counts[1]


@pytest.mark.parametrize(
    ("said", "slug"),
    [
        ("绝缘", "insulation-fault"),
        ("车漏电了还能开吗", "insulation-fault"),
        ("客户欠租一天怎么提醒", "overdue-reminder"),
        ("年审快到期", "inspection-plan"),
        ("车掉线了", "vehicle-offline"),
        ("offline vehicle", "vehicle-offline"),
        ("差评回访", "rating-callback"),
        ("押金没到账能计租吗", "lease-start"),
        ("还车验车", "return-inspection"),
        ("电瓶打不着", "idle-upkeep"),
        ("投诉", "complaint-intake"),
    ],
)
def test_search_finds_what_was_meant(node: OrgNode, said: str, slug: str) -> None:
    actor = make.person(node, "ENGINEER")
    found = queries.search(text=said, actor=actor, at=make.NOON)
    assert slug in [f.slug for f in found[:5]], [f.slug for f in found]


def test_search_leads_to_the_place_of_a_case(client: Window) -> None:
    found = SearchDocument.objects.filter(kind="CASE").select_related("node")[0]
    shown = page(client.get(reverse("handbook-node", args=[found.node.slug])))
    assert f'id="{found.anchor}"' in shown
    assert f"{found.title}</span></h2>" in shown


def test_a_search_without_an_answer_is_noted(client: Window) -> None:
    client.get(reverse("handbook-search"), {"text": "zzzyyyxxx"})
    assert SearchMiss.objects.get().query == "zzzyyyxxx"


def test_a_run_without_a_vehicle_is_known_by_its_customer(node: OrgNode) -> None:
    customer = crm_make.customer(org=node)
    make.start(replace(make.overdue(node), customer_id=customer.id))
    shown = page(window(node, "FINANCE").get(reverse("handbook-inbox")))
    assert customer.name in shown


def test_a_node_is_started_by_hand_for_what_people_call_it(client: Window, node: OrgNode) -> None:
    vehicle = fleet_make.vehicle(org=node)
    start = reverse("handbook-start", args=["idle-upkeep"])
    asked = page(client.get(reverse("handbook-node", args=["idle-upkeep"])))
    assert "Plate or VIN" in asked

    client.post(start, {"subject": "浙Z00000", "reason": "check"})
    assert not Run.objects.filter(by_hand=True).exists()
    client.post(start, {"subject": vehicle.vin.lower(), "reason": "check"})

    run = Run.objects.get(by_hand=True)
    assert (run.subject_type, run.subject_id) == ("fleet.vehicle", str(vehicle.id))


def test_a_name_that_two_answer_to_starts_nothing(node: OrgNode) -> None:
    for name in ("杭州顺达物流", "杭州顺达物流二部"):
        crm_make.customer(org=node, name=name)
    actor = make.person(node, "OPERATIONS")
    with pytest.raises(subjects.SubjectUnknown):
        subjects.find("crm.customer", "杭州顺达", actor)
    exact = subjects.find("crm.customer", "杭州顺达物流", actor)
    assert UUID(exact)
    assert subjects.find("org.node", "", actor) == str(node.id)
