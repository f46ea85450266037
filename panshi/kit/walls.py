"""Row-level security and grants of a table, as migration operations.

Every tenant table gets the same four policies; a migration that creates a table says
`*walls.tenant("leasing_lease")` after it, and a test finds the table that forgot.
"""

from collections.abc import Sequence

from django.db.migrations import RunSQL
from django.db.migrations.operations.base import Operation

_OWN = "= ANY((SELECT NULLIF(current_setting('app.org_ids', true), '')::int[])::int[])"
_REFERENCE = "= ANY((SELECT NULLIF(current_setting('app.ref_org_ids', true), '')::int[])::int[])"
_CUSTOMER = "= (SELECT NULLIF(current_setting('app.customer_id', true), '')::uuid)"


def _run(forward: Sequence[str], back: Sequence[str]) -> Operation:
    return RunSQL(sql=";\n".join(forward), reverse_sql=";\n".join(back))


def tenant(
    table: str,
    *,
    column: str = "org_id",
    grants: str = "SELECT, INSERT, UPDATE",
    customer_column: str | None = None,
    reference: bool = False,
) -> list[Operation]:
    """Close a table: unset context sees nothing, a node sees itself and below, HQ sees all.

    `grants` go to the app and HQ roles; `customer_column` opens the rows of one customer to the
    portal; `reference` lets a node also read (not write) the rows of the nodes above it.
    """
    readable = _REFERENCE if reference else _OWN
    forward = [
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
        f"GRANT {grants} ON {table} TO panshi_app, panshi_hq",
        f"GRANT SELECT ON {table} TO panshi_report",
        f"CREATE POLICY hq ON {table} TO panshi_hq USING (true) WITH CHECK (true)",
        f"CREATE POLICY report ON {table} FOR SELECT TO panshi_report USING ({column} {_OWN})",
    ]
    if reference:
        forward += [
            f"CREATE POLICY app_reads ON {table} FOR SELECT TO panshi_app"
            f" USING ({column} {readable})",
            f"CREATE POLICY app_adds ON {table} FOR INSERT TO panshi_app"
            f" WITH CHECK ({column} {_OWN})",
            f"CREATE POLICY app_changes ON {table} FOR UPDATE TO panshi_app"
            f" USING ({column} {_OWN}) WITH CHECK ({column} {_OWN})",
            f"CREATE POLICY app_removes ON {table} FOR DELETE TO panshi_app"
            f" USING ({column} {_OWN})",
            f"GRANT SELECT ON {table} TO panshi_portal",
            f"CREATE POLICY portal ON {table} FOR SELECT TO panshi_portal"
            f" USING ({column} {readable})",
        ]
    else:
        forward.append(
            f"CREATE POLICY app ON {table} TO panshi_app"
            f" USING ({column} {_OWN}) WITH CHECK ({column} {_OWN})"
        )
    if customer_column:
        forward += [
            f"GRANT SELECT ON {table} TO panshi_portal",
            f"CREATE POLICY portal_own ON {table} FOR SELECT TO panshi_portal"
            f" USING ({customer_column} {_CUSTOMER})",
        ]
    names = ["hq", "report", "app", "app_reads", "app_adds", "app_changes", "app_removes"]
    back = [
        *[f"DROP POLICY IF EXISTS {n} ON {table}" for n in [*names, "portal", "portal_own"]],
        f"REVOKE ALL ON {table} FROM panshi_app, panshi_hq, panshi_report, panshi_portal",
        f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY",
    ]
    return [_run(forward, back)]


def customers_read(
    table: str, *, customer_column: str = "", through: tuple[str, str] = ("", "")
) -> list[Operation]:
    """Open a closed table to customers: by its own column, or `through` (column, parent table).

    Through a parent a customer sees the rows that hang on a row which it sees.
    """
    column, parent = through
    condition = (
        f"{customer_column} {_CUSTOMER}"
        if customer_column
        else f"{column} IN (SELECT id FROM {parent})"
    )
    return [
        _run(
            [
                f"GRANT SELECT ON {table} TO panshi_portal",
                f"CREATE POLICY portal_own ON {table} FOR SELECT TO panshi_portal"
                f" USING ({condition})",
            ],
            [
                f"DROP POLICY portal_own ON {table}",
                f"REVOKE SELECT ON {table} FROM panshi_portal",
            ],
        )
    ]


def hq_only(table: str, *, grants: str = "SELECT, INSERT, UPDATE, DELETE") -> list[Operation]:
    """Close a table that only processes read (gateway, ingest, worker), as HQ."""
    return [
        _run(
            [
                f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
                f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
                f"GRANT {grants} ON {table} TO panshi_hq",
                f"CREATE POLICY hq ON {table} TO panshi_hq USING (true) WITH CHECK (true)",
            ],
            [
                f"DROP POLICY IF EXISTS hq ON {table}",
                f"REVOKE ALL ON {table} FROM panshi_hq",
                f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY",
            ],
        )
    ]


def sign_in(table: str, *, grants: str = "SELECT, INSERT, UPDATE, DELETE") -> list[Operation]:
    """Open a table to the login role itself: what is needed before anyone is known."""
    return [
        _run(
            [f"GRANT {grants} ON {table} TO panshi_web"],
            [f"REVOKE ALL ON {table} FROM panshi_web"],
        )
    ]


def append_only(table: str) -> list[Operation]:
    """Refuse UPDATE, DELETE and TRUNCATE on a table, whoever asks."""
    return [
        _run(
            [
                f"CREATE TRIGGER {table}_is_append_only BEFORE UPDATE OR DELETE ON {table}"
                " FOR EACH ROW EXECUTE FUNCTION kit_refuse_change()",
                f"CREATE TRIGGER {table}_is_never_truncated BEFORE TRUNCATE ON {table}"
                " FOR EACH STATEMENT EXECUTE FUNCTION kit_refuse_change()",
            ],
            [
                f"DROP TRIGGER {table}_is_append_only ON {table}",
                f"DROP TRIGGER {table}_is_never_truncated ON {table}",
            ],
        )
    ]


def audited(table: str) -> list[Operation]:
    """Record every change of a table's rows in the audit trail, bulk and plain SQL included."""
    return [
        _run(
            [
                f"CREATE TRIGGER {table}_is_audited AFTER INSERT OR UPDATE OR DELETE ON {table}"
                " FOR EACH ROW EXECUTE FUNCTION org_audit_change()"
            ],
            [f"DROP TRIGGER {table}_is_audited ON {table}"],
        )
    ]


def audited_at_once(table: str) -> list[Operation]:
    """Record what is added to an audited table by one statement for all rows of a statement.

    For a table that many rows may come into at once: a trigger for each row costs as much as the
    row itself.
    """
    row_by_row = f"ON {table} FOR EACH ROW EXECUTE FUNCTION org_audit_change()"
    return [
        _run(
            [
                f"DROP TRIGGER {table}_is_audited ON {table}",
                f"CREATE TRIGGER {table}_is_audited AFTER UPDATE OR DELETE {row_by_row}",
                f"CREATE TRIGGER {table}_is_audited_at_once AFTER INSERT ON {table}"
                " REFERENCING NEW TABLE AS added"
                " FOR EACH STATEMENT EXECUTE FUNCTION org_audit_added()",
            ],
            [
                f"DROP TRIGGER {table}_is_audited_at_once ON {table}",
                f"DROP TRIGGER {table}_is_audited ON {table}",
                f"CREATE TRIGGER {table}_is_audited AFTER INSERT OR UPDATE OR DELETE {row_by_row}",
            ],
        )
    ]
