from typing import Any

import django.db.models.deletion
from django.db import migrations, models


def reference(to: str, **options: Any) -> "models.ForeignKey[Any, Any]":
    return models.ForeignKey(
        db_index=False,
        on_delete=django.db.models.deletion.PROTECT,
        related_name="+",
        to=to,
        **options,
    )


def sums() -> "list[tuple[str, models.Field[Any, Any]]]":
    return [
        ("city", models.CharField(max_length=40)),
        ("debit", models.DecimalField(decimal_places=2, max_digits=16)),
        ("credit", models.DecimalField(decimal_places=2, max_digits=16)),
    ]


class Migration(migrations.Migration):
    dependencies = [("ledger", "0003_kinds_and_entries_in_indexes"), ("org", "0002_walls")]

    operations = [
        migrations.CreateModel(
            name="Snapshot",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "org_id",
                        "month",
                        "account_id",
                        "city",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("org", reference("org.orgnode")),
                ("month", models.DateField()),
                ("account", reference("ledger.account")),
                *sums(),
            ],
        ),
        migrations.CreateModel(
            name="SnapshotChange",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("org", reference("org.orgnode", db_constraint=False)),
                ("month", models.DateField()),
                ("account", reference("ledger.account", db_constraint=False)),
                *sums(),
            ],
        ),
        migrations.AddField(model_name="entry", name="pair_id", field=models.UUIDField(null=True)),
        migrations.AddIndex(
            model_name="entry",
            index=models.Index(
                condition=models.Q(("pair_id__isnull", False)),
                fields=["pair_id"],
                name="entry_by_pair",
            ),
        ),
    ]
