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
        ("fleet", "0006_retirements"),
        ("kit", "0005_import_walls"),
        ("org", "0002_walls"),
    ]

    operations = [
        migrations.CreateModel(
            name="UpkeepRule",
            fields=[
                ("code", models.CharField(max_length=24, primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("CHECK_CALL", "Check call"),
                            ("CHARGE", "Charge to storage level"),
                            ("START", "Start it, 12 V battery"),
                            ("TYRES", "Tyres, and roll it"),
                            ("FULL_CHECK", "Full check"),
                            ("PREPARE", "Charge and wash for its reservation"),
                        ],
                        max_length=12,
                    ),
                ),
                ("first_day", models.PositiveSmallIntegerField(null=True)),
                ("every_days", models.PositiveSmallIntegerField(null=True)),
                ("soc_low", models.DecimalField(decimal_places=1, max_digits=4, null=True)),
                ("soc_high", models.DecimalField(decimal_places=1, max_digits=4, null=True)),
                ("drift_days", models.PositiveSmallIntegerField(null=True)),
                ("hours_ahead", models.PositiveSmallIntegerField(null=True)),
                ("target_low", models.DecimalField(decimal_places=1, max_digits=4, null=True)),
                ("target_high", models.DecimalField(decimal_places=1, max_digits=4, null=True)),
                ("least_volts", models.DecimalField(decimal_places=2, max_digits=4, null=True)),
                ("needs_photo", models.BooleanField(default=False)),
                ("due_days", models.PositiveSmallIntegerField(default=1)),
                ("confirmed_on", models.DateField(null=True)),
                ("confirmed_by_id", models.UUIDField(null=True)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("drift_days", None),
                                ("first_day__isnull", False),
                                ("hours_ahead", None),
                            ),
                            models.Q(
                                ("drift_days__isnull", False),
                                ("first_day", None),
                                ("hours_ahead", None),
                            ),
                            models.Q(
                                ("drift_days", None),
                                ("first_day", None),
                                ("hours_ahead__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="a_rule_of_upkeep_has_one_cause",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="TerminalLevel",
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
                ("soc_pct", models.DecimalField(decimal_places=1, max_digits=4, null=True)),
                ("soc_at", models.DateTimeField(null=True)),
                ("odometer_km", models.DecimalField(decimal_places=1, max_digits=9, null=True)),
                ("odometer_at", models.DateTimeField(null=True)),
                ("lon", models.FloatField(null=True)),
                ("lat", models.FloatField(null=True)),
                ("place_at", models.DateTimeField(null=True)),
                ("reserved_from", models.DateTimeField(null=True)),
                ("drifted_since", models.DateField(null=True)),
                ("idle_since", models.DateField(null=True)),
                ("told_days", models.PositiveSmallIntegerField(default=0)),
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
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="fleet.vehicle",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("vehicle",), name="one_level_of_a_vehicle")
                ],
            },
        ),
        migrations.CreateModel(
            name="UpkeepTask",
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
                    "kind",
                    models.CharField(
                        choices=[
                            ("CHECK_CALL", "Check call"),
                            ("CHARGE", "Charge to storage level"),
                            ("START", "Start it, 12 V battery"),
                            ("TYRES", "Tyres, and roll it"),
                            ("FULL_CHECK", "Full check"),
                            ("PREPARE", "Charge and wash for its reservation"),
                        ],
                        max_length=12,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[("OPEN", "Open"), ("DONE", "Done"), ("VOID", "No longer needed")],
                        default="OPEN",
                        max_length=4,
                    ),
                ),
                ("idle_days", models.PositiveSmallIntegerField()),
                ("soc_before", models.DecimalField(decimal_places=1, max_digits=4, null=True)),
                ("opened_at", models.DateTimeField()),
                ("due_on", models.DateField()),
                ("closed_at", models.DateTimeField(null=True)),
                ("closed_by_id", models.UUIDField(null=True)),
                ("soc_pct", models.DecimalField(decimal_places=1, max_digits=4, null=True)),
                ("volts", models.DecimalField(decimal_places=2, max_digits=4, null=True)),
                ("note", models.CharField(blank=True, max_length=200)),
                ("terminal_pct", models.DecimalField(decimal_places=1, max_digits=4, null=True)),
                ("terminal_at", models.DateTimeField(null=True)),
                ("cost", models.DecimalField(decimal_places=2, default=0, max_digits=10)),
                (
                    "org",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="org.orgnode",
                    ),
                ),
                (
                    "photo",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="kit.storedfile",
                    ),
                ),
                (
                    "rule",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="fleet.upkeeprule",
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
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "OPEN")),
                        fields=["org", "due_on"],
                        name="task_by_day",
                    ),
                    models.Index(fields=["vehicle", "kind", "-closed_at"], name="task_by_vehicle"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "OPEN")),
                        fields=("vehicle", "kind"),
                        name="one_open_task_of_a_kind",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("closed_at", None), ("state", "OPEN")),
                            models.Q(
                                ("closed_at__isnull", False),
                                ("closed_by_id__isnull", False),
                                ("closed_at__gte", models.F("opened_at")),
                            ),
                            _connector="OR",
                        ),
                        name="a_closed_task_says_when_and_by_whom",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("cost__gte", 0)),
                        name="an_upkeep_costs_nothing_or_something",
                    ),
                ],
            },
        ),
        *walls.tenant("fleet_terminallevel", grants="SELECT, INSERT, UPDATE, DELETE"),
        _with_the_vehicles_node("fleet_terminallevel"),
        *walls.tenant("fleet_upkeeptask", grants="SELECT, INSERT, UPDATE"),
        *walls.audited("fleet_upkeeptask"),
        _with_the_vehicles_node("fleet_upkeeptask"),
    ]
