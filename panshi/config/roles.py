"""The database's roles, and what each may do before any table exists.

One SQL text serves the embedded server and any PostgreSQL from 16 up: `bootstrap` runs it through a
connection, `script` prints it for an administrator's psql. Both may be repeated.
"""

from string import Template
from typing import Any

import psycopg
from psycopg import sql

OLDEST_SERVER = 160_000  # GRANT … WITH INHERIT, SET came with PostgreSQL 16.

OWNER = "panshi_owner"  # Owns every table; runs migrations.
WEB = "panshi_web"  # The one login of all processes; may do nothing until it sets a role.
APP = "panshi_app"  # Staff of one organisation and below.
HQ = "panshi_hq"  # Headquarters: all organisations.
PORTAL = "panshi_portal"  # A customer.
REPORT = "panshi_report"  # Read-only analysis.

_CLUSTER = Template("""
DO $$$$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('panshi roles'));
    IF to_regrole('$owner') IS NULL THEN CREATE ROLE $owner; END IF;
    IF to_regrole('$web') IS NULL THEN CREATE ROLE $web; END IF;
    IF to_regrole('$app') IS NULL THEN CREATE ROLE $app; END IF;
    IF to_regrole('$hq') IS NULL THEN CREATE ROLE $hq; END IF;
    IF to_regrole('$portal') IS NULL THEN CREATE ROLE $portal; END IF;
    IF to_regrole('$report') IS NULL THEN CREATE ROLE $report; END IF;
    ALTER ROLE $owner LOGIN;
    ALTER ROLE $web LOGIN NOINHERIT;
    ALTER ROLE $app NOLOGIN;
    ALTER ROLE $hq NOLOGIN;
    ALTER ROLE $portal NOLOGIN;
    ALTER ROLE $report NOLOGIN;
    GRANT $app, $hq, $portal, $report TO $web WITH INHERIT FALSE, SET TRUE;
    -- Data migrations and definer functions work as headquarters: FORCE binds the owner too.
    GRANT $hq TO $owner WITH INHERIT FALSE, SET TRUE;
    IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
        EXECUTE format('GRANT $owner TO %I WITH INHERIT TRUE, SET TRUE', current_user);
    END IF;
    IF EXISTS (
        SELECT FROM pg_roles
        WHERE rolname IN ('$owner', '$web', '$app', '$hq', '$portal', '$report')
        AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolreplication)
    ) THEN
        RAISE EXCEPTION 'a panshi role can step over row-level security'
        USING HINT = 'ALTER ROLE … NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOREPLICATION';
    END IF;
END
$$$$;
""").substitute(owner=OWNER, web=WEB, app=APP, hq=HQ, portal=PORTAL, report=REPORT)

_DATABASE = Template("""
SET ROLE $owner;
REVOKE ALL ON DATABASE $database FROM PUBLIC;
GRANT CONNECT ON DATABASE $database TO $web;
GRANT TEMPORARY ON DATABASE $database TO $app, $hq;
CREATE EXTENSION IF NOT EXISTS btree_gist;
CREATE EXTENSION IF NOT EXISTS pg_trgm;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO $owner;
GRANT USAGE ON SCHEMA public TO $web, $app, $hq, $portal, $report;
-- Functions are the one kind that PostgreSQL opens to everybody.
ALTER DEFAULT PRIVILEGES FOR ROLE $owner REVOKE ALL ON FUNCTIONS FROM PUBLIC;
RESET ROLE;
""")


def bootstrap(superuser_connection: psycopg.Connection, database: str = "panshi") -> None:
    """Create the roles, `database` owned by panshi_owner, its extensions and first privileges.

    The connection tells the server and the administrator, who is a superuser or has CREATEROLE and
    CREATEDB; own connections do the work, so its transaction is left alone. Idempotent, and safe to
    call from several processes. Call it on a database cloned from a template too: PostgreSQL does
    not copy the privileges of the database itself.

    Raises psycopg.Error; NotSupportedError when the server is older than 16.
    """
    version = superuser_connection.info.server_version
    if version < OLDEST_SERVER:
        raise psycopg.NotSupportedError(
            f"PostgreSQL 16 or newer is needed; this server is {version // 10_000}."
        )
    with _beside(superuser_connection, superuser_connection.info.dbname) as cluster:
        cluster.execute(_CLUSTER.encode())
        known = cluster.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database])
        if known.fetchone() is None:
            _create(cluster, database)
    with _beside(superuser_connection, database) as inside, inside.transaction():
        # Two processes that grant at once would meet in the same catalogue row.
        inside.execute("SELECT pg_advisory_xact_lock(hashtext('panshi roles'))")
        inside.execute(_database_sql(inside, database).encode())


def script(database: str = "panshi") -> str:
    """The same as a psql script for the administrator of an external server."""
    name = sql.Identifier(database).as_string()
    literal = sql.Literal(database).as_string()
    create = sql.Literal(f"CREATE DATABASE {name} OWNER {OWNER} {_ENCODING}").as_string()
    return (
        "\\set ON_ERROR_STOP on\n"
        f"{_CLUSTER}\n"
        f"SELECT {create} WHERE NOT EXISTS (\n"
        f"    SELECT FROM pg_database WHERE datname = {literal}\n"
        ")\n\\gexec\n"
        f"\\connect {name}\n"
        f"{_DATABASE.substitute(_names(name))}\n"
        f"-- Now give the two logins a password: \\password {WEB} and \\password {OWNER}\n"
    )


# template0 may differ from the server's default encoding; Panshi stores Chinese.
_ENCODING = "ENCODING 'UTF8' TEMPLATE template0"


def _create(cluster: psycopg.Connection, database: str) -> None:
    statement = f"CREATE DATABASE {{}} OWNER {OWNER} {_ENCODING}"
    try:
        cluster.execute(sql.SQL(statement).format(sql.Identifier(database)))
    except (psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
        return  # Another process made it in the meantime.


def _database_sql(connection: psycopg.Connection, database: str) -> str:
    return _DATABASE.substitute(_names(sql.Identifier(database).as_string(connection)))


def _names(database: str) -> dict[str, str]:
    return {
        "database": database,
        "owner": OWNER,
        "web": WEB,
        "app": APP,
        "hq": HQ,
        "portal": PORTAL,
        "report": REPORT,
    }


def _beside(connection: psycopg.Connection, database: str) -> psycopg.Connection:
    """A second connection of the same user to `database`, in autocommit."""
    keywords: dict[str, Any] = {**connection.info.get_parameters(), "dbname": database}
    if connection.info.password:
        keywords["password"] = connection.info.password
    return psycopg.connect(autocommit=True, **keywords)
