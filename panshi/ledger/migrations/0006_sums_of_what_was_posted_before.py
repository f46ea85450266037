from django.db import migrations

# Runs as the platform, whose policy sees every book.
FILL = """
SET LOCAL ROLE panshi_hq;
INSERT INTO ledger_snapshot (org_id, month, account_id, city, debit, credit)
SELECT org_id, date_trunc('month', occurred_on)::date, account_id, city,
    COALESCE(sum(amount) FILTER (WHERE amount > 0), 0),
    COALESCE(-sum(amount) FILTER (WHERE amount < 0), 0)
FROM ledger_posting GROUP BY 1, 2, 3, 4;
RESET ROLE
"""
EMPTY = """
SET LOCAL ROLE panshi_hq;
DELETE FROM ledger_snapshot;
DELETE FROM ledger_snapshotchange;
RESET ROLE
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0005_posting_keeps_the_sums")]

    operations = [migrations.RunSQL(FILL, EMPTY)]
