from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from panshi.kit import walls
from panshi.ledger.rules import CHART

NEW_ID = """
CREATE FUNCTION ledger_new_id() RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE AS $$
    SELECT (lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0') || '7'
        || substr(replace(gen_random_uuid()::text, '-', ''), 14))::uuid
$$;
GRANT EXECUTE ON FUNCTION ledger_new_id() TO panshi_app, panshi_hq
"""

# All legs of an entry come in one statement: their numbers run from 1 to the entry's count of legs,
# and the primary key (entry, leg) leaves no number for a leg that comes later.
BALANCE = """
CREATE FUNCTION ledger_check_legs() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wrong uuid;
    unknown text;
    shut record;
BEGIN
    SELECT a.account_id INTO unknown FROM added a
    LEFT JOIN ledger_account c ON c.code = a.account_id WHERE c.code IS NULL LIMIT 1;
    IF unknown IS NOT NULL THEN
        RAISE EXCEPTION 'the chart has no account %', unknown
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'a_leg_names_an_account';
    END IF;
    SELECT a.entry_id INTO wrong
    FROM added a LEFT JOIN ledger_entry e
        ON e.id = a.entry_id AND e.org_id = a.org_id AND e.occurred_on = a.occurred_on
    GROUP BY a.entry_id, e.legs
    HAVING sum(a.amount) <> 0 OR e.legs IS NULL OR count(*) <> e.legs
        OR min(a.leg) <> 1 OR max(a.leg) <> e.legs
    LIMIT 1;
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'entry % does not balance in one statement', wrong
            USING ERRCODE = 'check_violation', CONSTRAINT = 'an_entry_sums_to_zero';
    END IF;
    -- Closing a month takes the same locks alone, so it waits for this transaction and no later
    -- one slips in.
    PERFORM pg_advisory_xact_lock_shared(hashtextextended(m.org_id || '/' || m.month, 5))
    FROM (SELECT DISTINCT org_id, date_trunc('month', occurred_on)::date AS month FROM added
          ORDER BY 1, 2) m;
    SELECT p.org_id, p.month INTO shut
    FROM ledger_period p
    JOIN (SELECT DISTINCT org_id, date_trunc('month', occurred_on)::date AS month FROM added) m
      ON m.org_id = p.org_id AND m.month = p.month
    WHERE p.state = 'CLOSED' LIMIT 1;
    IF shut.month IS NOT NULL THEN
        RAISE EXCEPTION 'the month % of book % is closed',
            to_char(shut.month, 'YYYY-MM'), shut.org_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'nothing_in_a_closed_month';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER an_entry_sums_to_zero AFTER INSERT ON ledger_posting
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ledger_check_legs()
"""
NO_BALANCE = """
DROP TRIGGER an_entry_sums_to_zero ON ledger_posting;
DROP FUNCTION ledger_check_legs()
"""

# Fires at commit, when the role of the verb may be gone; hence it runs as HQ.
HAS_LEGS = """
CREATE FUNCTION ledger_check_entry() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM ledger_posting WHERE entry_id = NEW.id) THEN
        RAISE EXCEPTION 'entry % has no legs', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'an_entry_has_legs';
    END IF;
    RETURN NULL;
END $$;
GRANT CREATE ON SCHEMA public TO panshi_hq;
ALTER FUNCTION ledger_check_entry() OWNER TO panshi_hq;
SET LOCAL ROLE panshi_hq;
GRANT EXECUTE ON FUNCTION ledger_check_entry() TO panshi_owner;
RESET ROLE;
REVOKE CREATE ON SCHEMA public FROM panshi_hq;
CREATE CONSTRAINT TRIGGER an_entry_has_legs AFTER INSERT ON ledger_entry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_check_entry()
"""
NO_HAS_LEGS = """
DROP TRIGGER an_entry_has_legs ON ledger_entry;
DROP FUNCTION ledger_check_entry()
"""

CHART_GRANTS = """
GRANT SELECT ON ledger_account TO panshi_app, panshi_hq, panshi_report
"""
NO_CHART_GRANTS = """
REVOKE ALL ON ledger_account FROM panshi_app, panshi_hq, panshi_report
"""


def fill_chart(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    account = apps.get_model("ledger", "Account")
    account.objects.bulk_create(
        account(code=code, kind=kind, name=name, name_zh=name_zh)
        for code, kind, name, name_zh in CHART
    )


def empty_chart(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("ledger", "Account").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial"), ("org", "0002_walls"), ("kit", "0003_walls")]

    operations = [
        migrations.RunSQL(NEW_ID, "DROP FUNCTION ledger_new_id()"),
        migrations.RunPython(fill_chart, empty_chart),
        migrations.RunSQL(CHART_GRANTS, NO_CHART_GRANTS),
        *walls.tenant("ledger_entry", grants="SELECT, INSERT"),
        *walls.tenant("ledger_posting", grants="SELECT, INSERT"),
        *walls.tenant("ledger_period"),
        *walls.append_only("ledger_entry"),
        *walls.append_only("ledger_posting"),
        *walls.audited("ledger_period"),
        migrations.RunSQL(BALANCE, NO_BALANCE),
        migrations.RunSQL(HAS_LEGS, NO_HAS_LEGS),
    ]
