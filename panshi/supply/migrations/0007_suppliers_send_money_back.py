import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import panshi.kit.ids
from panshi.kit import walls


class Migration(migrations.Migration):
    dependencies = [
        ("org", "0008_audit_is_found_by_record_and_table"),
        ("supply", "0006_suppliers_give_back"),
    ]

    operations = [
        migrations.CreateModel(
            name="SupplierRefund",
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
                ("amount", models.DecimalField(decimal_places=2, max_digits=14)),
                ("received_on", models.DateField()),
                ("reference", models.CharField(blank=True, max_length=64)),
                ("entered_by_id", models.UUIDField()),
                ("entered_at", models.DateTimeField()),
                (
                    "invoice",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="refunds",
                        to="supply.supplierinvoice",
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
                    models.CheckConstraint(
                        condition=models.Q(("amount__gt", 0)),
                        name="a_refund_of_a_supplier_brings_something",
                    )
                ],
            },
        ),
        *walls.tenant("supply_supplierrefund", grants="SELECT, INSERT"),
        *walls.append_only("supply_supplierrefund"),
    ]
