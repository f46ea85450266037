import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import panshi.kit.ids
from panshi.kit import walls


def _with_the_vehicles_node(table: str) -> migrations.RunSQL:
    """A vehicle's row cannot sit in another node than its vehicle."""
    name = f"{table}_lies_with_its_vehicle"
    return migrations.RunSQL(
        f"ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY (vehicle_id, org_id)"
        " REFERENCES fleet_vehicle (id, org_id)",
        f"ALTER TABLE {table} DROP CONSTRAINT {name}",
    )


class Migration(migrations.Migration):
    dependencies = [
        ("fleet", "0005_starting_rules_and_walls"),
        ("org", "0002_walls"),
    ]

    operations = [
        migrations.CreateModel(
            name="Disposal",
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
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("PROPOSED", "Proposed"),
                            ("APPROVED", "Approved"),
                            ("REJECTED", "Rejected"),
                            ("SOLD", "Sold"),
                        ],
                        default="PROPOSED",
                        max_length=8,
                    ),
                ),
                ("reason", models.CharField(max_length=200)),
                ("floor_price", models.DecimalField(decimal_places=2, max_digits=14)),
                ("proposed_by_id", models.UUIDField()),
                ("proposed_at", models.DateTimeField()),
                ("decided_by_id", models.UUIDField(null=True)),
                ("decided_at", models.DateTimeField(null=True)),
                ("note", models.CharField(blank=True, max_length=200)),
                ("lower_price", models.DecimalField(decimal_places=2, max_digits=14, null=True)),
                ("lowered_by_id", models.UUIDField(null=True)),
                ("price", models.DecimalField(decimal_places=2, max_digits=14, null=True)),
                ("buyer", models.CharField(blank=True, max_length=80)),
                ("sold_at", models.DateTimeField(null=True)),
                (
                    "org",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="org.orgnode",
                    ),
                ),
                (
                    "vehicle",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="fleet.vehicle",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ("PROPOSED", "APPROVED"))),
                        fields=("vehicle",),
                        name="one_open_retirement_of_a_vehicle",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("decided_by_id", None), ("state", "PROPOSED")),
                            models.Q(
                                ("decided_at__isnull", False),
                                ("decided_by_id__isnull", False),
                                models.Q(
                                    ("decided_by_id", models.F("proposed_by_id")), _negated=True
                                ),
                            ),
                            _connector="OR",
                        ),
                        name="a_retirement_is_decided_by_a_second_person",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "SOLD"), _negated=True),
                            models.Q(
                                ("price__gte", models.F("floor_price")), ("sold_at__isnull", False)
                            ),
                            models.Q(
                                ("lowered_by_id__isnull", False),
                                ("price__gte", models.F("lower_price")),
                                ("sold_at__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="a_sale_has_its_price_and_keeps_the_floor",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("floor_price__gte", 0),
                            models.Q(
                                ("lower_price", None), ("lower_price__gte", 0), _connector="OR"
                            ),
                        ),
                        name="a_retirement_has_prices",
                    ),
                ],
            },
        ),
        *walls.tenant("fleet_disposal", grants="SELECT, INSERT, UPDATE"),
        *walls.audited("fleet_disposal"),
        _with_the_vehicles_node("fleet_disposal"),
    ]
