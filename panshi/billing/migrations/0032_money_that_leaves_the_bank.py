from datetime import date
from decimal import Decimal

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

GRANTS = """
GRANT SELECT ON billing_outgoingterms TO panshi_app, panshi_hq, panshi_report;
GRANT INSERT, UPDATE ON billing_outgoingterms TO panshi_hq;
GRANT USAGE ON SEQUENCE billing_outgoingterms_id_seq TO panshi_hq
"""
BACK = "REVOKE ALL ON billing_outgoingterms FROM panshi_app, panshi_hq, panshi_report"


def publish(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("billing", "OutgoingTerms").objects.create(
        starts_on=date(2000, 1, 1), second_person_above=Decimal("20000.00")
    )


def withdraw(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("billing", "OutgoingTerms").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0031_a_flood_of_cases_is_audited_at_once"),
        ("ledger", "0013_accounts_of_what_leaves_the_bank"),
        ("org", "0005_walls_of_edges"),
    ]

    operations = [
        migrations.CreateModel(
            name="OutgoingTerms",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                ("starts_on", models.DateField(unique=True)),
                ("second_person_above", models.DecimalField(decimal_places=2, max_digits=14)),
                ("to_confirm", models.BooleanField(default=True)),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="bankline",
            name="a_matched_line_is_a_payment",
        ),
        migrations.AddField(
            model_name="bankline",
            name="cost",
            field=models.CharField(
                blank=True,
                choices=[
                    ("RENT", "Rent of premises"),
                    ("WAGES", "Wages"),
                    ("TAX", "Taxes"),
                    ("OFFICE", "Office and other costs"),
                    ("BANK_FEE", "Fee of the bank"),
                    ("LOSS", "Fine or loss of our own"),
                ],
                db_default="",
                max_length=8,
            ),
        ),
        migrations.AddField(
            model_name="bankline",
            name="entry_id",
            field=models.UUIDField(null=True),
        ),
        migrations.AddField(
            model_name="bankline",
            name="proposed_by_id",
            field=models.UUIDField(null=True),
        ),
        migrations.AddConstraint(
            model_name="bankline",
            constraint=models.UniqueConstraint(
                condition=models.Q(("entry_id__isnull", False)),
                fields=("entry_id",),
                name="an_entry_stands_on_one_bank_line",
            ),
        ),
        migrations.AddConstraint(
            model_name="bankline",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("proposed_by_id__isnull", True),
                    ("settled_by_id__isnull", True),
                    models.Q(("settled_by_id", models.F("proposed_by_id")), _negated=True),
                    _connector="OR",
                ),
                name="a_second_person_books_a_large_cost",
            ),
        ),
        migrations.AddConstraint(
            model_name="bankline",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("amount__gt", 0),
                        ("payment__isnull", False),
                        ("state__in", ["MATCHED", "CONFIRMED"]),
                    ),
                    models.Q(
                        ("amount__lt", 0),
                        ("entry_id__isnull", False),
                        ("payment__isnull", True),
                        ("state__in", ["MATCHED", "CONFIRMED"]),
                    ),
                    models.Q(
                        models.Q(("state__in", ["MATCHED", "CONFIRMED"]), _negated=True),
                        ("payment__isnull", True),
                    ),
                    _connector="OR",
                ),
                name="a_matched_line_is_a_payment",
            ),
        ),
        migrations.RunSQL(GRANTS, BACK),
        migrations.RunPython(publish, withdraw),
    ]
