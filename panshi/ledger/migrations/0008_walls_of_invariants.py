from django.db import migrations

from panshi.kit import walls

# Months that were closed before their sums were kept: what stands there now is what was closed.
FREEZE = """
SET LOCAL ROLE panshi_hq;
UPDATE ledger_period SET rounds = 1 WHERE state = 'CLOSED';
INSERT INTO ledger_closedsum (id, org_id, month, round, account_id, city, debit, credit)
SELECT ledger_new_id(), s.org_id, s.month, 1, s.account_id, s.city, s.debit, s.credit
FROM ledger_snapshot s JOIN ledger_period p ON p.org_id = s.org_id AND p.month = s.month
WHERE p.state = 'CLOSED';
RESET ROLE
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0007_invariants_and_closed_sums")]

    operations = [
        *walls.tenant("ledger_closedsum", grants="SELECT, INSERT"),
        *walls.tenant("ledger_invariantcheck"),
        migrations.RunSQL(FREEZE, migrations.RunSQL.noop),
        *walls.append_only("ledger_closedsum"),
    ]
