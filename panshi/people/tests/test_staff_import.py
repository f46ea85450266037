"""An operator's staff moves in: by telephone, at its node, with posts and certificates."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth import get_user_model
from django.urls import reverse
from django.utils import timezone

from panshi.kit import workbooks
from panshi.kit.imports import RecordsInUse, RowsInvalid
from panshi.kit.refusals import NotPermitted
from panshi.kit.sheets import as_rows
from panshi.kit.tenancy import hq_actor
from panshi.org.models import OrgNode, User
from panshi.org.tests import make as org_make
from panshi.org.tests.window import page, window
from panshi.people import queries, services
from panshi.people.models import Certificate
from panshi.people.staff_sheet import SHEET
from panshi.people.tests.make import NOON

Row = dict[str, Any]
RIGHTS = ("people.*", "org.create_user", "org.close_users")


@pytest.fixture
def node() -> OrgNode:
    return org_make.operator()


def row(home: OrgNode, number: int = 1, **given: Any) -> Row:
    return {
        "name": "周建军",
        "phone": f"1380000{home.id % 100:02d}{number:02d}",
        "post": "ENGINEER",
        "node": home.name,
        "joined_on": date(2025, 3, 1),
        "certificate": "HV_ELECTRICIAN",
        "valid_until": date(2028, 3, 1),
        **given,
    }


def stage(node: OrgNode, *rows: Row) -> UUID:
    return services.stage_staff_import(
        org_id=node.id,
        file_name="员工.xlsx",
        content=workbooks.write(sheet=SHEET, rows=rows),
        actor=org_make.actor(node, *RIGHTS),
        at=NOON,
    ).batch_id


def commit(node: OrgNode, batch_id: UUID) -> tuple[int, int]:
    by = org_make.actor(node, *RIGHTS)
    fact = services.commit_staff_import(batch_id=batch_id, actor=by, at=NOON)
    return fact.created, fact.there_already


def undo(node: OrgNode, batch_id: UUID) -> int:
    by = org_make.actor(node, *RIGHTS)
    return services.undo_staff_import(batch_id=batch_id, actor=by, at=NOON).removed


def staff(node: OrgNode) -> list[User]:
    people = get_user_model().objects.filter(org=node, username__startswith="138")
    return list(people.order_by("username"))


def test_people_come_in_with_post_first_day_and_certificate(node: OrgNode) -> None:
    plain = row(node, 2, post="FINANCE", certificate="", valid_until=None, joined_on=None)
    assert commit(node, stage(node, row(node), plain)) == (2, 0)
    engineer, clerk = staff(node)
    assert engineer.full_name == "周建军"
    assert (engineer.roles, clerk.roles) == (["ENGINEER"], ["FINANCE"])
    assert timezone.localdate(engineer.date_joined) == date(2025, 3, 1)
    assert not engineer.has_usable_password()
    (paper,) = Certificate.objects.filter(user=engineer)
    assert (paper.kind, paper.valid_from, paper.valid_until) == (
        "HV_ELECTRICIAN", date(2025, 3, 1), date(2028, 3, 1),
    )  # fmt: skip


def test_the_same_people_again_and_the_export_add_nothing(node: OrgNode) -> None:
    commit(node, stage(node, row(node)))
    exported = as_rows(queries.staff_sheet_rows(actor=hq_actor(node.id)))
    mine = [entry for entry in exported if entry["phone"] == row(node)["phone"]]
    assert commit(node, stage(node, *mine, row(node, 2))) == (1, 1)
    assert commit(node, stage(node, row(node, name="别人"))) == (0, 1)
    assert [person.full_name for person in staff(node)] == ["周建军", "周建军"]


@pytest.mark.parametrize(
    ("given", "header"),
    [
        ({"phone": "1380000"}, "手机号"),
        ({"post": "国王"}, "岗位"),
        ({"post": "ADMINISTRATOR"}, "岗位"),
        ({"node": "没有这个机构"}, "所属机构"),
        ({"valid_until": None}, "证书到期"),
        ({"certificate": ""}, "证书"),
        ({"valid_until": date(2020, 1, 1)}, "证书到期"),
    ],
)
def test_a_wrong_cell_is_named_and_nobody_comes_in(node: OrgNode, given: Row, header: str) -> None:
    batch_id = stage(node, row(node, 2), row(node, **given))
    card = queries.staff_import(batch_id=batch_id, actor=hq_actor(node.id))
    assert [error.header for error in card.errors] == [header]
    with pytest.raises(RowsInvalid):
        commit(node, batch_id)
    assert staff(node) == []


def test_a_telephone_that_signs_in_elsewhere_is_refused(node: OrgNode) -> None:
    other = org_make.operator()
    commit(other, stage(other, row(other, 9)))
    batch_id = stage(node, row(node, phone=row(other, 9)["phone"]))
    card = queries.staff_import(batch_id=batch_id, actor=hq_actor(node.id))
    assert [error.header for error in card.errors] == ["手机号"]


def test_undo_closes_the_sign_ins_and_they_may_come_again(node: OrgNode) -> None:
    batch_id = stage(node, row(node))
    commit(node, batch_id)
    assert undo(node, batch_id) == 1
    (person,) = staff(node)
    assert not person.is_active
    assert Certificate.objects.get(user=person).state == "SUSPENDED"
    assert commit(node, stage(node, row(node, name="周建国"))) == (1, 0)
    person.refresh_from_db()
    assert (person.is_active, person.full_name) == (True, "周建国")


def test_undo_is_refused_once_somebody_signed_in(node: OrgNode) -> None:
    batch_id = stage(node, row(node))
    commit(node, batch_id)
    get_user_model().objects.filter(org=node).update(last_login=NOON)
    with pytest.raises(RecordsInUse):
        undo(node, batch_id)


def test_only_who_may_enter_people_brings_them_in(node: OrgNode) -> None:
    with pytest.raises(NotPermitted):
        services.stage_staff_import(
            org_id=node.id,
            file_name="x.xlsx",
            content=workbooks.write(sheet=SHEET, rows=[row(node)]),
            actor=org_make.actor(node, "people.*"),
            at=NOON,
        )
    assert window(node, "OPERATIONS").get(reverse("people-staff-import")).status_code == 409


def test_the_pages_preview_masked_and_a_password_lets_them_in(node: OrgNode) -> None:
    clerk = window(node, "ADMINISTRATOR")
    batch_id = stage(node, row(node))
    shown = page(clerk.get(reverse("people-staff-import-batch", args=[batch_id])))
    assert "周建军" in shown
    assert str(row(node)["phone"]) not in shown
    commit(node, batch_id)
    (person,) = staff(node)
    assert reverse("people-staff-import") in page(clerk.get(reverse("console-staff")))
    url = reverse("console-staff-password", args=[person.id])
    assert url in page(clerk.get(reverse("console-staff-roles", args=[person.id])))
    assert clerk.post(url, {"password": "123"}).status_code == 422
    assert clerk.post(url, {"password": "Lvtu-2027-wuliu"}).status_code == 302
    person.refresh_from_db()
    assert person.check_password("Lvtu-2027-wuliu")
    assert window(node, "OPERATIONS").get(url).status_code == 409
