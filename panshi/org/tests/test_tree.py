"""The tree changes: a node moves from a day on, one that is empty closes, a person leaves."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from django.db import IntegrityError, connection, transaction

from panshi.kit.refusals import NotPermitted
from panshi.kit.tenancy import hq_actor, lineage
from panshi.org import queries, services
from panshi.org.models import OrgEdge, OrgNode
from panshi.org.tests import make
from panshi.org.tests.window import page, window

NOON = datetime(2026, 6, 21, 4, tzinfo=UTC)


def test_a_node_moves_from_its_day_on_and_stood_elsewhere_before() -> None:
    operator, elsewhere = make.operator(), make.region(city="成都")
    assert operator.parent is not None
    assert lineage(operator.id)[1] == operator.parent_id

    fact = services.move_node(
        node_id=operator.id, parent_id=elsewhere.id, actor=hq_actor(), at=NOON
    )

    assert (fact.before_id, fact.on) == (operator.parent_id, date(2026, 6, 21))
    assert lineage(operator.id)[1] == elsewhere.id
    stood = queries.lineages(actor=hq_actor())
    assert stood.on(operator.id, date(2026, 6, 20))[1] == operator.parent_id
    assert stood.on(operator.id, date(2026, 6, 21))[1] == elsewhere.id
    # Back on the same day leaves no empty span.
    services.move_node(node_id=operator.id, parent_id=fact.before_id, actor=hq_actor(), at=NOON)
    assert OrgEdge.objects.filter(child=operator).count() == 2


def _by_hand(node: OrgNode, parent: OrgNode) -> None:
    """Write past the verb, and let the database look at it as at the end of a transaction."""
    OrgNode.objects.filter(id=node.id).update(parent=parent)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_a_cycle_a_wrong_kind_and_another_hand_are_refused() -> None:
    operator, region = make.operator(), make.region()
    team = services.create_node(
        parent_id=operator.id, kind="TEAM", name="一队", city="", actor=hq_actor(), at=NOON
    ).node_id
    with pytest.raises(services.Cycle):
        services.move_node(node_id=operator.id, parent_id=team, actor=hq_actor(), at=NOON)
    with pytest.raises(services.WrongPlaceInTree):
        services.move_node(node_id=team, parent_id=region.id, actor=hq_actor(), at=NOON)
    with pytest.raises(NotPermitted):
        services.move_node(
            node_id=operator.id, parent_id=region.id, actor=make.actor(operator, "*"), at=NOON
        )
    with pytest.raises(IntegrityError, match="cannot stand below"), transaction.atomic():
        OrgNode.objects.filter(id=team).update(parent=region)
    with pytest.raises(IntegrityError, match="without its edge"), transaction.atomic():
        _by_hand(operator, region)


def test_only_an_empty_node_is_closed_and_its_people_sign_in_no_more() -> None:
    operator = make.operator()
    team = services.create_node(
        parent_id=operator.id, kind="TEAM", name="一队", city="", actor=hq_actor(), at=NOON
    ).node_id
    with pytest.raises(services.NodeNotEmpty, match="下级机构 1 个"):
        services.close_node(node_id=operator.id, actor=hq_actor(), at=NOON)
    services.close_node(node_id=team, actor=hq_actor(), at=NOON)
    services.create_user(
        org_id=operator.id, username="leaver", full_name="林静", roles=["SALES"], password=None,
        actor=hq_actor(), at=NOON,
    )  # fmt: skip
    fact = services.close_node(node_id=operator.id, actor=hq_actor(), at=NOON)
    assert (fact.sign_ins, fact.on) == (1, NOON.date())
    assert operator.id not in {row.id for row in queries.nodes(actor=hq_actor())}


def test_the_tree_is_changed_on_its_page() -> None:
    platform, operator, elsewhere = make.platform(), make.operator(), make.region(city="成都")
    desk = window(platform, "ADMINISTRATOR")
    assert operator.name in page(desk.get("/organisation/"))
    made = desk.post(
        "/organisation/new/",
        {"parent_id": elsewhere.id, "kind": "OPERATOR", "name": "绵阳新能源", "city": "绵阳"},
    )
    assert made.status_code == 302
    taken = desk.post(
        "/organisation/new/",
        {"parent_id": elsewhere.id, "kind": "OPERATOR", "name": "绵阳新能源", "city": "绵阳"},
    )
    assert taken.status_code == 422
    moved = desk.post(f"/organisation/{operator.id}/move/", {"parent_id": elsewhere.id})
    assert moved.status_code == 302
    operator.refresh_from_db()
    assert operator.parent_id == elsewhere.id
    refused = desk.post(f"/organisation/{elsewhere.id}/close/", {})
    assert (refused.status_code, "2 parts below" in refused.content.decode()) == (409, True)
    clerk = window(operator, "SALES")
    assert "/organisation/new/" not in page(clerk.get("/organisation/"))
    assert clerk.get("/organisation/new/").status_code in (403, 409)


def test_a_person_who_left_signs_in_no_more() -> None:
    operator = make.operator()
    left = window(operator, "SALES")
    assert left.get("/").status_code == 200
    (person,) = queries.staff(actor=make.actor(operator, "org.view"))
    boss = window(operator, "ADMINISTRATOR")
    done = boss.post(f"/staff/{person.id}/end/", {"reason": "离职"})
    assert done.status_code == 302
    assert left.get("/").status_code == 302
    (own,) = queries.staff(actor=make.actor(operator, "org.view"))
    with pytest.raises(services.OwnSignIn):
        services.end_sign_in(
            user_id=own.id, reason="", actor=replace(make.actor(operator, "*"), id=own.id), at=NOON
        )
