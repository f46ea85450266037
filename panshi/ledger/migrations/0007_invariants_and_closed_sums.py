from typing import Any

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import panshi.kit.ids


def own() -> "list[tuple[str, models.Field[Any, Any]]]":
    return [
        (
            "id",
            models.UUIDField(
                default=panshi.kit.ids.uuid7, editable=False, primary_key=True, serialize=False
            ),
        ),
        (
            "created_at",
            models.DateTimeField(
                db_default=django.db.models.functions.datetime.Now(), editable=False
            ),
        ),
        (
            "org",
            models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="org.orgnode"
            ),
        ),
    ]


class Migration(migrations.Migration):
    dependencies = [("ledger", "0006_sums_of_what_was_posted_before"), ("org", "0002_walls")]

    operations = [
        migrations.AddField(
            model_name="period",
            name="rounds",
            field=models.SmallIntegerField(db_default=0, default=0),
        ),
        migrations.CreateModel(
            name="ClosedSum",
            fields=[
                *own(),
                ("month", models.DateField()),
                ("round", models.SmallIntegerField()),
                (
                    "account",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="ledger.account",
                    ),
                ),
                ("city", models.CharField(max_length=40)),
                ("debit", models.DecimalField(decimal_places=2, max_digits=16)),
                ("credit", models.DecimalField(decimal_places=2, max_digits=16)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("org", "month", "round", "account", "city"),
                        name="one_closed_sum_per_round",
                    )
                ]
            },
        ),
        migrations.CreateModel(
            name="InvariantCheck",
            fields=[
                *own(),
                ("code", models.CharField(max_length=4)),
                ("checked_at", models.DateTimeField()),
                ("left", models.DecimalField(decimal_places=2, max_digits=18)),
                ("right", models.DecimalField(decimal_places=2, max_digits=18)),
                ("broken", models.IntegerField()),
                ("example", models.CharField(blank=True, max_length=200)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("org", "code"), name="one_check_per_promise")
                ]
            },
        ),
    ]
