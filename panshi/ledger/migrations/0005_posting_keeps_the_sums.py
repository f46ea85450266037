from django.db import migrations

from panshi.kit import walls

# Only the trigger writes changes and only the fold of the platform takes them out again.
FOLDING = """
GRANT DELETE ON ledger_snapshotchange TO panshi_hq;
GRANT INSERT, UPDATE, DELETE ON ledger_snapshot TO panshi_hq
"""
NO_FOLDING = """
REVOKE DELETE ON ledger_snapshotchange FROM panshi_hq;
REVOKE INSERT, UPDATE, DELETE ON ledger_snapshot FROM panshi_hq
"""

CHECK = """
CREATE OR REPLACE FUNCTION ledger_check_legs() RETURNS trigger LANGUAGE plpgsql AS $$
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
            USING ERRCODE = 'check_violation',
                CONSTRAINT = 'an_entry_sums_to_zero';
    END IF;
{between}
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
{keep}
    RETURN NULL;
END $$
"""
# What one book owes another, the other is owed: both entries of a pair come in one statement.
BETWEEN = """
    IF EXISTS (SELECT FROM added WHERE account_id IN ('1221.90', '2241.90')) THEN
        SELECT a.entry_id INTO wrong
        FROM added a JOIN ledger_entry e ON e.id = a.entry_id
        WHERE a.account_id IN ('1221.90', '2241.90') AND (e.pair_id IS NULL OR (
            SELECT sum(o.amount) FROM added o JOIN ledger_entry f ON f.id = o.entry_id
            WHERE f.pair_id = e.pair_id AND o.account_id IN ('1221.90', '2241.90')
        ) <> 0)
        LIMIT 1;
        IF wrong IS NOT NULL THEN
            RAISE EXCEPTION 'entry % between books has no equal counterpart', wrong
                USING ERRCODE = 'check_violation',
                CONSTRAINT = 'books_agree_on_what_is_between_them';
        END IF;
    END IF;
"""
KEEP = """
    INSERT INTO ledger_snapshotchange (org_id, month, account_id, city, debit, credit)
    SELECT org_id, date_trunc('month', occurred_on)::date, account_id, city,
        COALESCE(sum(amount) FILTER (WHERE amount > 0), 0),
        COALESCE(-sum(amount) FILTER (WHERE amount < 0), 0)
    FROM added GROUP BY 1, 2, 3, 4;
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0004_sums_kept_by_month")]

    operations = [
        *walls.tenant("ledger_snapshot", grants="SELECT"),
        *walls.tenant("ledger_snapshotchange", grants="SELECT, INSERT"),
        migrations.RunSQL(FOLDING, NO_FOLDING),
        migrations.RunSQL(
            CHECK.format(between=BETWEEN, keep=KEEP), CHECK.format(between="", keep="")
        ),
    ]
