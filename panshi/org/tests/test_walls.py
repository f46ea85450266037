"""The walls of the database: proved as the login role of the product, not as its owner."""

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from panshi.kit.refusals import NotPermitted
from panshi.kit.tenancy import Actor, acting, hq_actor
from panshi.org import services
from panshi.org.models import AuditRow, OrgNode, User
from panshi.org.tests import make


def _clerk(org: OrgNode, username: str) -> None:
    services.create_user(
        org_id=org.id,
        username=username,
        full_name="李娜",
        roles=["SALES"],
        password="a-long-password-1",
        actor=hq_actor(org.id),
        at=timezone.now(),
    )


def test_the_login_role_owns_nothing_and_cannot_bypass() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT rolsuper, rolbypassrls, rolcreaterole,"
            " (SELECT count(*) FROM pg_class c JOIN pg_roles o ON o.oid = c.relowner"
            "  WHERE o.rolname = r.rolname) FROM pg_roles r WHERE rolname = session_user"
        )
        assert cursor.fetchone() == (False, False, False, 0)


def test_unset_context_sees_no_rows() -> None:
    _clerk(make.operator(), "clerk-1")
    nobody = Actor(id=hq_actor().id, org_id=0, org_ids=())
    with acting(nobody):
        assert list(User.objects.all()) == []
        assert list(OrgNode.objects.all()) == []


def test_no_role_is_denied_not_empty() -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('role', 'none', true)")
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            cursor.execute("SELECT count(*) FROM kit_outbox")
        cursor.execute("SELECT set_config('role', 'panshi_hq', true)")


def test_a_neighbour_sees_and_writes_nothing() -> None:
    ours, theirs = make.operator(), make.operator()
    _clerk(ours, "clerk-ours")
    stranger = make.actor(theirs, "org.*")
    with acting(stranger):
        assert not User.objects.filter(username="clerk-ours").exists()
        assert User.objects.update(full_name="x") == 0
        with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
            User.objects.create(org_id=ours.id, username="intruder", full_name="x")


def test_a_region_sees_its_operators_and_no_other() -> None:
    region = make.region()
    inside, outside = make.operator(parent=region), make.operator()
    boss = Actor(id=hq_actor().id, org_id=region.id, org_ids=(region.id, inside.id))
    with acting(boss):
        seen = set(OrgNode.objects.values_list("id", flat=True))
    assert {region.id, inside.id} <= seen
    assert outside.id not in seen


def test_context_and_role_end_with_the_block() -> None:
    org = make.operator()
    with acting(make.actor(org)):
        pass
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, current_setting('app.org_ids', true)")
        assert cursor.fetchone() == ("panshi_hq", "")


def test_a_verb_outside_ones_part_of_the_tree_is_refused() -> None:
    ours, theirs = make.operator(), make.operator()
    with pytest.raises(NotPermitted):
        services.create_user(
            org_id=theirs.id,
            username="x",
            full_name="x",
            roles=["SALES"],
            password="a-long-password-1",
            actor=make.actor(ours, "org.*"),
            at=timezone.now(),
        )


def test_every_tenant_table_has_walls() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
            " WHERE c.relkind = 'r' AND a.attname = 'org_id' AND NOT a.attisdropped"
            " AND c.relnamespace = 'public'::regnamespace"
            " AND NOT (c.relrowsecurity AND c.relforcerowsecurity)"
        )
        assert [name for (name,) in cursor.fetchall()] == []


def test_the_audit_trail_names_actor_and_difference() -> None:
    org = make.operator()
    _clerk(org, "clerk-2")
    user = User.objects.get(username="clerk-2")
    by = make.actor(org, "org.change_roles")
    services.change_roles(user_id=user.id, roles=["FINANCE"], actor=by, at=timezone.now())
    row = AuditRow.objects.filter(row_id=str(user.id)).latest("id")
    assert (row.actor, row.act, row.before, row.after) == (
        str(by.id), "UPDATE", {"roles": ["SALES"]}, {"roles": ["FINANCE"]},
    )  # fmt: skip


def test_nobody_rewrites_the_audit_trail() -> None:
    make.operator()
    with pytest.raises(DatabaseError), transaction.atomic():
        AuditRow.objects.update(actor="someone else")
    with pytest.raises(DatabaseError), transaction.atomic():
        AuditRow.objects.all().delete()
