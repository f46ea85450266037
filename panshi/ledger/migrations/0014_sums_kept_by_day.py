from importlib import import_module

import django.db.models.deletion
from django.db import migrations, models

from panshi.kit import walls

# The trigger that checks an entry notes the day of what it adds as well.
POSTING = import_module("panshi.ledger.migrations.0005_posting_keeps_the_sums")
KEEP = """
    INSERT INTO ledger_snapshotchange (org_id, month, day, account_id, city, debit, credit)
    SELECT org_id, date_trunc('month', occurred_on)::date, occurred_on, account_id, city,
        COALESCE(sum(amount) FILTER (WHERE amount > 0), 0),
        COALESCE(-sum(amount) FILTER (WHERE amount < 0), 0)
    FROM added GROUP BY org_id, occurred_on, account_id, city;
"""
# What was noted before had no day: it is folded first. All that follows runs as the platform.
FILL = """
SET LOCAL ROLE panshi_hq;
WITH gone AS (
    DELETE FROM ledger_snapshotchange RETURNING org_id, month, account_id, city, debit, credit
)
INSERT INTO ledger_snapshot AS s (org_id, month, account_id, city, debit, credit)
SELECT org_id, month, account_id, city, sum(debit), sum(credit) FROM gone
GROUP BY org_id, month, account_id, city
ON CONFLICT (org_id, month, account_id, city)
    DO UPDATE SET debit = s.debit + EXCLUDED.debit, credit = s.credit + EXCLUDED.credit;
INSERT INTO ledger_daysum (org_id, day, account_id, kind, city, amount)
SELECT p.org_id, p.occurred_on, p.account_id, e.kind, p.city, sum(p.amount)
FROM ledger_posting p JOIN ledger_entry e ON e.id = p.entry_id
WHERE p.account_id IN ('1122', '6001.rental', '6001.service', '6001.smart', '6001.share', '6051')
GROUP BY 1, 2, 3, 4, 5;
RESET ROLE
"""
FOLDING = "GRANT INSERT, DELETE ON ledger_daysum TO panshi_hq"
NO_FOLDING = "REVOKE INSERT, DELETE ON ledger_daysum FROM panshi_hq"


class Migration(migrations.Migration):
    dependencies = [("ledger", "0013_accounts_of_what_leaves_the_bank")]

    operations = [
        migrations.CreateModel(
            name="DaySum",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "org_id",
                        "day",
                        "account_id",
                        "kind",
                        "city",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "org",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="org.orgnode",
                    ),
                ),
                ("day", models.DateField()),
                (
                    "account",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="ledger.account",
                    ),
                ),
                ("kind", models.CharField(max_length=40)),
                ("city", models.CharField(max_length=40)),
                ("amount", models.DecimalField(decimal_places=2, max_digits=16)),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["account", "day"],
                        include=("kind", "org", "city", "amount"),
                        name="day_sum_by_account",
                    )
                ]
            },
        ),
        *walls.tenant("ledger_daysum", grants="SELECT"),
        migrations.RunSQL(FOLDING, NO_FOLDING),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.RunSQL(
            "ALTER TABLE ledger_snapshotchange ADD COLUMN day date NOT NULL",
            "ALTER TABLE ledger_snapshotchange DROP COLUMN day",
            state_operations=[
                migrations.AddField(
                    model_name="snapshotchange",
                    name="day",
                    field=models.DateField(),
                    preserve_default=False,
                )
            ],
        ),
        migrations.RunSQL(
            POSTING.CHECK.format(between=POSTING.BETWEEN, keep=KEEP),
            POSTING.CHECK.format(between=POSTING.BETWEEN, keep=POSTING.KEEP),
        ),
    ]
