from typing import Any

import django.db.models.deletion
from django.db import migrations, models

from panshi.kit import walls


def node(**options: Any) -> "models.ForeignKey[Any, Any]":
    return models.ForeignKey(
        db_constraint=False,
        on_delete=django.db.models.deletion.PROTECT,
        related_name="+",
        to="org.orgnode",
        **options,
    )


def counter() -> "models.BigAutoField[Any, Any]":
    return models.BigAutoField(
        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
    )


# Only the triggers note changes and only the reckoning of the platform takes them out again.
KEEPING = """
GRANT DELETE ON billing_earnedchange TO panshi_hq;
GRANT INSERT, DELETE ON billing_earnedday, billing_earnedvehicle, billing_earnedspan TO panshi_hq
"""
NO_KEEPING = """
REVOKE DELETE ON billing_earnedchange FROM panshi_hq;
REVOKE INSERT, DELETE ON billing_earnedday, billing_earnedvehicle, billing_earnedspan
    FROM panshi_hq
"""
# A bill counts while it is issued; its lines never change once it is. A product that is told to
# wait for its days, or not to, changes every book that sold it.
NOTE = """
CREATE FUNCTION billing_note_issued() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO billing_earnedchange (org_id)
    SELECT DISTINCT org_id FROM changed WHERE state = 'ISSUED';
    RETURN NULL;
END $$;
CREATE FUNCTION billing_note_standing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO billing_earnedchange (org_id)
    SELECT DISTINCT n.org_id FROM changed n JOIN before o ON o.id = n.id
    WHERE (n.state = 'ISSUED' OR o.state = 'ISSUED') AND (n.state, n.city) <> (o.state, o.city);
    RETURN NULL;
END $$;
CREATE FUNCTION billing_note_product() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public AS $$
BEGIN
    INSERT INTO billing_earnedchange (org_id) SELECT org_id FROM billing_earnedspan;
    RETURN NULL;
END $$;
GRANT CREATE ON SCHEMA public TO panshi_hq;
ALTER FUNCTION billing_note_product() OWNER TO panshi_hq;
SET LOCAL ROLE panshi_hq;
GRANT EXECUTE ON FUNCTION billing_note_product() TO panshi_owner;
RESET ROLE;
REVOKE CREATE ON SCHEMA public FROM panshi_hq;
CREATE TRIGGER billing_bill_notes_issued AFTER INSERT ON billing_bill
    REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION billing_note_issued();
CREATE TRIGGER billing_bill_notes_standing AFTER UPDATE ON billing_bill
    REFERENCING OLD TABLE AS before NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION billing_note_standing();
CREATE TRIGGER billing_product_notes_days AFTER UPDATE OF deferred, account ON billing_product
    FOR EACH STATEMENT EXECUTE FUNCTION billing_note_product()
"""
NO_NOTE = """
DROP TRIGGER billing_product_notes_days ON billing_product;
DROP TRIGGER billing_bill_notes_standing ON billing_bill;
DROP TRIGGER billing_bill_notes_issued ON billing_bill;
DROP FUNCTION billing_note_product();
DROP FUNCTION billing_note_standing();
DROP FUNCTION billing_note_issued()
"""


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0032_money_that_leaves_the_bank"),
        ("org", "0007_changes_are_found_among_the_added"),
    ]

    operations = [
        migrations.AlterField(model_name="dunningcase", name="org", field=node()),
        migrations.CreateModel(
            name="EarnedSpan",
            fields=[
                ("org", node(db_index=False, primary_key=True, serialize=False)),
                ("since", models.DateField()),
                ("until", models.DateField()),
            ],
        ),
        migrations.CreateModel(
            name="EarnedDay",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "org_id",
                        "day",
                        "account",
                        "city",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("org", node(db_index=False)),
                ("day", models.DateField()),
                ("account", models.CharField(max_length=16)),
                ("city", models.CharField(max_length=40)),
                ("amount", models.DecimalField(decimal_places=2, max_digits=16)),
            ],
        ),
        migrations.CreateModel(
            name="EarnedVehicle",
            fields=[
                ("id", counter()),
                ("org", node(db_index=False)),
                ("vehicle_id", models.UUIDField(null=True)),
                ("fen", models.BigIntegerField()),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["org"],
                        include=("vehicle_id", "fen"),
                        name="earned_by_org",
                    )
                ]
            },
        ),
        migrations.CreateModel(
            name="EarnedChange",
            fields=[("id", counter()), ("org", node(db_index=False))],
            options={"indexes": [models.Index(fields=["org"], name="earned_change_by_org")]},
        ),
        *walls.tenant("billing_earnedspan", grants="SELECT"),
        *walls.tenant("billing_earnedday", grants="SELECT"),
        *walls.tenant("billing_earnedvehicle", grants="SELECT"),
        *walls.tenant("billing_earnedchange", grants="SELECT, INSERT"),
        migrations.RunSQL(KEEPING, NO_KEEPING),
        migrations.RunSQL(NOTE, NO_NOTE),
    ]
