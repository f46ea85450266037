import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import panshi.kit.ids
from panshi.kit import walls


class Migration(migrations.Migration):
    dependencies = [
        ("org", "0006_many_rows_are_audited_at_once"),
        ("supply", "0005_walls_of_worth"),
    ]

    operations = [
        migrations.AlterField(
            model_name="worthchange",
            name="cause",
            field=models.CharField(
                choices=[
                    ("MOVED", "Moved"),
                    ("INVOICED", "Invoiced"),
                    ("INVOICE_CANCELLED", "Invoice cancelled"),
                    ("TAKEN_IN", "Taken into the books"),
                    ("CREDITED", "Credited by the supplier"),
                ],
                max_length=17,
            ),
        ),
        migrations.CreateModel(
            name="SupplierCredit",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=panshi.kit.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
                ("number", models.CharField(max_length=40)),
                ("issued_on", models.DateField()),
                ("net", models.DecimalField(decimal_places=2, max_digits=14)),
                ("vat", models.DecimalField(decimal_places=2, max_digits=14)),
                ("reason", models.CharField(max_length=200)),
                ("entered_by_id", models.UUIDField()),
                ("entered_at", models.DateTimeField()),
                (
                    "invoice",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="credits",
                        to="supply.supplierinvoice",
                    ),
                ),
                (
                    "line",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="credits",
                        to="supply.supplierinvoiceline",
                    ),
                ),
                (
                    "org",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="org.orgnode",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("line", "number"), name="a_line_is_credited_by_a_note_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("net__gt", 0), ("vat__gte", 0)),
                        name="a_credit_gives_something_back",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("reason", ""), _negated=True), name="a_credit_says_why"
                    ),
                ],
            },
        ),
        *walls.tenant("supply_suppliercredit", grants="SELECT, INSERT"),
        *walls.append_only("supply_suppliercredit"),
    ]
