"""What each role may do, before and after a first tenant table."""

import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from psycopg import errors, sql

from panshi.config import roles
from panshi.config.cluster import Cluster
from panshi.config.home import Home
from panshi.config.postgres import Server, dsn
from panshi.config.tests.conftest import run_sql, scratch_home

pytestmark = pytest.mark.plain

TENANT_TABLE = """
CREATE TABLE bill (org_id int NOT NULL, fen int NOT NULL);
ALTER TABLE bill ENABLE ROW LEVEL SECURITY;
ALTER TABLE bill FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON bill TO panshi_app USING (
    org_id = ANY((SELECT NULLIF(current_setting('app.org_ids', true), '')::int[])::int[])
);
CREATE POLICY everything ON bill TO panshi_hq USING (true);
GRANT SELECT, INSERT ON bill TO panshi_app, panshi_hq;
CREATE FUNCTION secret() RETURNS int LANGUAGE sql AS 'SELECT 1';
"""


@pytest.fixture(scope="module")
def home() -> Iterator[Home]:
    with scratch_home() as home, Server(home, settings={"fsync": "off"}) as server:
        server.bootstrap()
        with login(home, "panshi_owner") as owner:
            owner.execute(TENANT_TABLE.encode())
            owner.execute("SET ROLE panshi_hq")
            owner.execute("INSERT INTO bill VALUES (1, 100), (1, 200), (2, 400)")
        yield home


def login(home: Home, role: str, database: str = "panshi") -> psycopg.Connection[Any]:
    return psycopg.connect(**dsn(home, role, database), autocommit=True)


def total(connection: psycopg.Connection[Any], role: str, org_ids: str | None) -> int | None:
    """The sum over the bills that are seen in a transaction of `role` and organisations."""
    with connection.transaction():
        connection.execute("SELECT set_config('role', %s, true)", [role])
        if org_ids is not None:
            connection.execute("SELECT set_config('app.org_ids', %s, true)", [org_ids])
        row = connection.execute("SELECT sum(fen) FROM bill").fetchone()
        assert row is not None
        return row[0] and int(row[0])


def test_attributes_of_the_roles(home: Home) -> None:
    with login(home, "postgres") as superuser:
        found = superuser.execute(
            "SELECT rolname, rolcanlogin, rolinherit, rolsuper OR rolbypassrls OR rolcreaterole"
            " OR rolcreatedb OR rolreplication FROM pg_roles WHERE rolname ^@ 'panshi_'"
        ).fetchall()
    assert set(found) == {
        ("panshi_owner", True, True, False),
        ("panshi_web", True, False, False),
        ("panshi_app", False, True, False),
        ("panshi_hq", False, True, False),
        ("panshi_portal", False, True, False),
        ("panshi_report", False, True, False),
    }


def test_memberships_are_set_but_never_inherited(home: Home) -> None:
    with login(home, "postgres") as superuser:
        found = superuser.execute(
            "SELECT member::regrole::text, roleid::regrole::text, inherit_option, set_option,"
            " admin_option FROM pg_auth_members WHERE member::regrole::text ^@ 'panshi_'"
        ).fetchall()
    assert set(found) == {
        ("panshi_web", "panshi_app", False, True, False),
        ("panshi_web", "panshi_hq", False, True, False),
        ("panshi_web", "panshi_portal", False, True, False),
        ("panshi_web", "panshi_report", False, True, False),
        ("panshi_owner", "panshi_hq", False, True, False),
    }


def test_no_role_is_no_permission(home: Home) -> None:
    with login(home, "panshi_web") as web:
        for statement in ("SELECT FROM bill", "INSERT INTO bill VALUES (1, 1)"):
            with pytest.raises(errors.InsufficientPrivilege, match="permission denied for table"):
                run_sql(web, statement)


def test_role_without_context_sees_no_rows(home: Home) -> None:
    with login(home, "panshi_web") as web:
        assert total(web, "panshi_app", None) is None
        assert total(web, "panshi_app", "") is None
        assert total(web, "panshi_app", "{}") is None


def test_context_shows_its_organisations_and_ends_with_the_transaction(home: Home) -> None:
    with login(home, "panshi_web") as web:
        assert total(web, "panshi_app", "{1}") == 300
        assert total(web, "panshi_app", "{1,2}") == 700
        assert total(web, "panshi_hq", None) == 700
        assert web.execute("SELECT current_user").fetchone() == ("panshi_web",)
        assert total(web, "panshi_app", None) is None


def test_writing_for_another_organisation_is_refused(home: Home) -> None:
    with login(home, "panshi_web") as web:
        web.execute("SET ROLE panshi_app")
        web.execute("SET app.org_ids = '{1}'")
        with pytest.raises(errors.InsufficientPrivilege, match="row-level security policy"):
            web.execute("INSERT INTO bill VALUES (2, 1)")


def test_force_binds_the_owner_who_may_work_as_headquarters(home: Home) -> None:
    with login(home, "panshi_owner") as owner:
        assert owner.execute("SELECT count(*) FROM bill").fetchone() == (0,)
        assert total(owner, "panshi_hq", None) == 700


@pytest.mark.parametrize("role", ["panshi_web", "panshi_app", "panshi_hq", "panshi_report"])
@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE public.mine ()",
        "CREATE SCHEMA mine",
        "ALTER TABLE bill DISABLE ROW LEVEL SECURITY",
        "TRUNCATE bill",
        "SELECT secret()",
        "SET ROLE panshi_owner",
        "SET ROLE postgres",
        "COPY (SELECT 1) TO PROGRAM 'true'",
    ],
)
def test_nothing_is_implicit(home: Home, role: str, statement: str) -> None:
    with login(home, "panshi_web") as web, web.transaction(force_rollback=True):
        # SET ROLE is asked as the login itself: it is the session user who counts.
        if not statement.startswith("SET ROLE"):
            run_sql(web, f"SET LOCAL ROLE {role}")
        with pytest.raises(errors.InsufficientPrivilege):
            run_sql(web, statement)


@pytest.mark.parametrize("role", ["panshi_app", "panshi_hq"])
def test_mass_operations_may_use_temporary_tables(home: Home, role: str) -> None:
    with login(home, "panshi_web") as web, web.transaction():
        run_sql(web, f"SET LOCAL ROLE {role}")
        web.execute("CREATE TEMPORARY TABLE rows (n int) ON COMMIT DROP")


def test_a_stranger_cannot_connect(home: Home) -> None:
    with login(home, "postgres") as superuser:
        superuser.execute("CREATE ROLE stranger LOGIN")
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        login(home, "stranger")


def test_owner_has_the_extensions(home: Home) -> None:
    with login(home, "panshi_owner") as owner:
        found = owner.execute(
            "SELECT extname, extowner::regrole::text FROM pg_extension"
        ).fetchall()
        assert {("btree_gist", "panshi_owner"), ("pg_trgm", "panshi_owner")} <= set(found)
        owner.execute("CREATE TABLE span (id int, at tstzrange, EXCLUDE USING gist (id WITH =))")
    with login(home, "panshi_web") as web:
        assert web.execute("SELECT similarity('京A12345', '京A12346') > 0.5").fetchone() == (True,)


def test_bootstrap_again_mends_and_keeps(home: Home) -> None:
    with login(home, "postgres") as superuser:
        superuser.execute("ALTER ROLE panshi_web INHERIT")
        superuser.execute("GRANT panshi_hq TO panshi_web WITH INHERIT TRUE")
        superuser.execute("GRANT CONNECT ON DATABASE panshi TO PUBLIC")
        roles.bootstrap(superuser)
    test_attributes_of_the_roles(home)
    test_memberships_are_set_but_never_inherited(home)
    with login(home, "panshi_web") as web:
        assert total(web, "panshi_hq", None) == 700


def test_bootstrap_leaves_the_callers_transaction_alone(home: Home) -> None:
    with psycopg.connect(**dsn(home, "postgres", "postgres")) as superuser:
        superuser.execute("CREATE TABLE undone ()")
        roles.bootstrap(superuser)
        superuser.rollback()
        assert superuser.execute("SELECT to_regclass('undone')").fetchone() == (None,)


def test_bootstrap_by_many_at_once(home: Home) -> None:
    def once(_: int) -> None:
        with login(home, "postgres", "postgres") as superuser:
            roles.bootstrap(superuser, "shared")

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(once, range(12)))
    login(home, "panshi_web", "shared").close()


def test_bootstrap_closes_a_clone_to_strangers(home: Home) -> None:
    with login(home, "postgres", "postgres") as superuser:
        superuser.execute("CREATE DATABASE clone TEMPLATE panshi OWNER panshi_owner")
        roles.bootstrap(superuser, "clone")
        row = superuser.execute("SELECT has_database_privilege('pg_monitor', 'clone', 'CONNECT')")
        assert row.fetchone() == (False,)
    with login(home, "panshi_web", "clone") as web:
        assert total(web, "panshi_app", "{1}") == 300


def test_bootstrap_quotes_the_name(home: Home) -> None:
    name = "磐石 \"';$owner"
    with login(home, "postgres", "postgres") as superuser:
        roles.bootstrap(superuser, name)
        roles.bootstrap(superuser, name)
    with login(home, "panshi_owner", name) as owner:
        assert owner.info.dbname == name


def test_bootstrap_refuses_a_role_above_the_walls(home: Home) -> None:
    with login(home, "postgres") as superuser:
        superuser.execute("ALTER ROLE panshi_app BYPASSRLS")
        try:
            with pytest.raises(errors.RaiseException, match="step over row-level security"):
                roles.bootstrap(superuser)
        finally:
            superuser.execute("ALTER ROLE panshi_app NOBYPASSRLS")


@pytest.fixture
def administered(bare_home: Home) -> Iterator[Home]:
    """A server whose administrator is no superuser, as hosted ones are."""
    with Server(bare_home):
        with login(bare_home, "postgres", "postgres") as superuser:
            superuser.execute("CREATE ROLE administrator LOGIN CREATEROLE CREATEDB")
        yield bare_home


def test_an_administrator_without_superuser_is_enough(administered: Home) -> None:
    with login(administered, "administrator", "postgres") as connection:
        roles.bootstrap(connection)
        roles.bootstrap(connection)
    check_walls(administered, "panshi")


def test_script_does_the_same_through_psql_and_may_be_repeated(administered: Home) -> None:
    script = administered.path / "roles.sql"
    name = 'fleet "1"'
    script.write_text(roles.script(name))
    for role in ("administrator", "administrator", "postgres"):
        done = psql(administered, role, script.read_text())
        assert done.returncode == 0, done.stderr
    check_walls(administered, name)


def psql(home: Home, role: str, text: str) -> Any:
    command = [str(Cluster(home).binary("psql")), "-X", "-q", "-h", str(home.socket_folder)]
    return subprocess.run(
        [*command, "-U", role, "-d", "postgres"],
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )


def check_walls(home: Home, database: str) -> None:
    """The walls stand in a database that was set up in whatever way."""
    with login(home, "panshi_owner", database) as owner:
        owner.execute(TENANT_TABLE.encode())
        owner.execute("SET ROLE panshi_hq")
        owner.execute("INSERT INTO bill VALUES (1, 100), (2, 400)")
    with login(home, "panshi_web", database) as web:
        assert total(web, "panshi_app", None) is None
        assert total(web, "panshi_app", "{2}") == 400
        with pytest.raises(errors.InsufficientPrivilege):
            web.execute("SELECT FROM bill")
    with login(home, "postgres", "postgres") as superuser:
        superuser.execute("CREATE ROLE stranger LOGIN")
        row = superuser.execute(
            sql.SQL("SELECT has_database_privilege('stranger', {}, 'CONNECT')").format(database)
        )
        assert row.fetchone() == (False,)
