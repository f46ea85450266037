import django.contrib.postgres.constraints
import django.contrib.postgres.fields
import django.contrib.postgres.fields.ranges
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
        ("fleet", "0008_starting_rules_of_upkeep"),
        ("kit", "0005_import_walls"),
        ("org", "0002_walls"),
    ]

    operations = [
        migrations.CreateModel(
            name="DamageMark",
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
                ("view", models.CharField(max_length=16)),
                ("part", models.CharField(max_length=24)),
                (
                    "damage",
                    models.CharField(
                        choices=[
                            ("SCRATCH", "Scratch, paint intact"),
                            ("PRIMER", "Scratch to the primer"),
                            ("DENT", "Dent without loss of paint"),
                            ("CARGO_WEAR", "Wear of cargo floor and walls"),
                            ("TYRE", "Tyre tread"),
                            ("GLASS_CHIP", "Chip in glass"),
                            ("GLASS_CRACK", "Crack in glass"),
                            ("MISSING_KIT", "Missing kit"),
                            ("OTHER", "Other"),
                        ],
                        max_length=12,
                    ),
                ),
                ("size", models.DecimalField(decimal_places=1, max_digits=6)),
                ("count", models.PositiveSmallIntegerField(default=1)),
                ("note", models.CharField(blank=True, max_length=120)),
                ("at_x", models.PositiveSmallIntegerField(default=50)),
                ("at_y", models.PositiveSmallIntegerField(default=50)),
            ],
        ),
        migrations.CreateModel(
            name="InspectionPhoto",
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
                ("view", models.CharField(max_length=16)),
                ("taken_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="KeyCustody",
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
                ("key_no", models.PositiveSmallIntegerField()),
                ("holder", models.CharField(max_length=60)),
                ("holder_id", models.UUIDField(null=True)),
                ("reason", models.CharField(blank=True, max_length=120)),
                ("due_back_at", models.DateTimeField(null=True)),
                ("during", django.contrib.postgres.fields.ranges.DateTimeRangeField()),
                ("lent_by_id", models.UUIDField()),
                ("taken_by_id", models.UUIDField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Lot",
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
                ("name", models.CharField(max_length=60)),
                ("city", models.CharField(max_length=40)),
                ("address", models.CharField(blank=True, max_length=120)),
                ("bays", models.PositiveSmallIntegerField()),
                ("lon", models.FloatField()),
                ("lat", models.FloatField()),
                ("closed_on", models.DateField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="StockTake",
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
                ("started_at", models.DateTimeField()),
                ("started_by_id", models.UUIDField()),
                ("closed_at", models.DateTimeField(null=True)),
                ("closed_by_id", models.UUIDField(null=True)),
                ("expected", models.PositiveIntegerField(default=0)),
                ("scanned", models.PositiveIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name="StockTakeVariance",
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
                            ("MISSING", "In the book, not seen"),
                            ("UNEXPECTED", "Seen, not in the book"),
                            ("APART", "Places lie apart"),
                        ],
                        max_length=10,
                    ),
                ),
                ("scan_gps_km", models.FloatField(null=True)),
                ("scan_book_km", models.FloatField(null=True)),
                ("gps_book_km", models.FloatField(null=True)),
                ("cause", models.CharField(blank=True, max_length=200)),
                ("settled_at", models.DateTimeField(null=True)),
                ("settled_by_id", models.UUIDField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Transfer",
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
                            ("DISPATCHED", "On its way"),
                            ("ARRIVED", "Arrived"),
                            ("CANCELLED", "Cancelled"),
                        ],
                        default="PROPOSED",
                        max_length=10,
                    ),
                ),
                ("from_city", models.CharField(max_length=40)),
                ("to_city", models.CharField(max_length=40)),
                ("reason", models.CharField(max_length=200)),
                ("proposed_by_id", models.UUIDField()),
                ("proposed_at", models.DateTimeField()),
                ("decided_by_id", models.UUIDField(null=True)),
                ("decided_at", models.DateTimeField(null=True)),
                ("carrier", models.CharField(blank=True, max_length=60)),
                ("dispatched_at", models.DateTimeField(null=True)),
                ("eta_on", models.DateField(null=True)),
                ("arrived_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="WearClause",
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
                ("code", models.CharField(max_length=12)),
                (
                    "damage",
                    models.CharField(
                        choices=[
                            ("SCRATCH", "Scratch, paint intact"),
                            ("PRIMER", "Scratch to the primer"),
                            ("DENT", "Dent without loss of paint"),
                            ("CARGO_WEAR", "Wear of cargo floor and walls"),
                            ("TYRE", "Tyre tread"),
                            ("GLASS_CHIP", "Chip in glass"),
                            ("GLASS_CRACK", "Crack in glass"),
                            ("MISSING_KIT", "Missing kit"),
                            ("OTHER", "Other"),
                        ],
                        max_length=12,
                    ),
                ),
                (
                    "parts",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=24), default=list, size=None
                    ),
                ),
                ("from_months", models.PositiveSmallIntegerField(default=0)),
                ("free_size", models.DecimalField(decimal_places=1, default=0, max_digits=6)),
                ("free_count", models.PositiveSmallIntegerField(default=0)),
                (
                    "unit",
                    models.CharField(
                        choices=[
                            ("EACH", "for each"),
                            ("PERCENT", "for each percent above"),
                            ("WORN_SHARE", "share worn of the listed price"),
                            ("AGED", "listed price less age"),
                        ],
                        default="EACH",
                        max_length=10,
                    ),
                ),
                ("price", models.DecimalField(decimal_places=2, max_digits=10)),
                ("full_size", models.DecimalField(decimal_places=1, default=0, max_digits=6)),
                ("life_months", models.PositiveSmallIntegerField(default=0)),
                ("words", models.CharField(max_length=200)),
                ("words_zh", models.CharField(max_length=200)),
            ],
        ),
        migrations.CreateModel(
            name="WearStandard",
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
                ("version", models.PositiveSmallIntegerField()),
                ("name", models.CharField(max_length=60)),
                ("starts_on", models.DateField()),
                ("ends_on", models.DateField(null=True)),
                ("drafted_by_id", models.UUIDField()),
                ("published_by_id", models.UUIDField(null=True)),
                ("published_at", models.DateTimeField(null=True)),
                ("confirmed", models.BooleanField(default=False)),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="inspection",
            name="an_inspection_has_plausible_readings",
        ),
        migrations.AddField(
            model_name="inspection",
            name="compared_with",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="fleet.inspection",
            ),
        ),
        migrations.AddField(
            model_name="inspection",
            name="customer_signed",
            field=models.CharField(blank=True, max_length=60),
        ),
        migrations.AddField(
            model_name="inspection",
            name="device_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="inspection",
            name="differs",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="inspection",
            name="lat",
            field=models.FloatField(null=True),
        ),
        migrations.AddField(
            model_name="inspection",
            name="lon",
            field=models.FloatField(null=True),
        ),
        migrations.AddField(
            model_name="inspection",
            name="source",
            field=models.CharField(
                choices=[("TERMINAL", "Terminal"), ("TYPED", "Typed")],
                default="TYPED",
                max_length=8,
            ),
        ),
        migrations.AddField(
            model_name="inspection",
            name="started_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="inspection",
            name="started_by_id",
            field=models.UUIDField(null=True),
        ),
        migrations.AddField(
            model_name="inspection",
            name="typed_km",
            field=models.DecimalField(decimal_places=1, max_digits=9, null=True),
        ),
        migrations.AddField(
            model_name="inspection",
            name="typed_pct",
            field=models.DecimalField(decimal_places=1, max_digits=4, null=True),
        ),
        migrations.AlterField(
            model_name="inspection",
            name="kind",
            field=models.CharField(
                choices=[
                    ("PDI", "Pre-delivery inspection"),
                    ("OUT", "Delivery inspection"),
                    ("IN", "Return inspection"),
                    ("IDLE", "Inspection while idle"),
                    ("COUNT", "Stock take"),
                ],
                max_length=5,
            ),
        ),
        migrations.AlterField(
            model_name="inspection",
            name="odometer_km",
            field=models.DecimalField(decimal_places=1, max_digits=9, null=True),
        ),
        migrations.AlterField(
            model_name="inspection",
            name="passed",
            field=models.BooleanField(null=True),
        ),
        migrations.AlterField(
            model_name="inspection",
            name="signed_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AlterField(
            model_name="inspection",
            name="signed_by_id",
            field=models.UUIDField(null=True),
        ),
        migrations.AlterField(
            model_name="inspection",
            name="soc_pct",
            field=models.DecimalField(decimal_places=1, max_digits=4, null=True),
        ),
        migrations.AddField(
            model_name="damagemark",
            name="inspection",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="fleet.inspection"
            ),
        ),
        migrations.AddField(
            model_name="damagemark",
            name="org",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="org.orgnode"
            ),
        ),
        migrations.AddField(
            model_name="damagemark",
            name="photo",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="kit.storedfile",
            ),
        ),
        migrations.AddField(
            model_name="inspectionphoto",
            name="file",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="kit.storedfile"
            ),
        ),
        migrations.AddField(
            model_name="inspectionphoto",
            name="inspection",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="fleet.inspection"
            ),
        ),
        migrations.AddField(
            model_name="inspectionphoto",
            name="org",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="org.orgnode"
            ),
        ),
        migrations.AddField(
            model_name="keycustody",
            name="org",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="org.orgnode"
            ),
        ),
        migrations.AddField(
            model_name="keycustody",
            name="vehicle",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="fleet.vehicle"
            ),
        ),
        migrations.AddField(
            model_name="lot",
            name="org",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="org.orgnode"
            ),
        ),
        migrations.AddField(
            model_name="vehicle",
            name="lot",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="fleet.lot",
            ),
        ),
        migrations.AddField(
            model_name="stocktake",
            name="lot",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="fleet.lot"
            ),
        ),
        migrations.AddField(
            model_name="stocktake",
            name="org",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="org.orgnode"
            ),
        ),
        migrations.AddField(
            model_name="inspection",
            name="stocktake",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="fleet.stocktake",
            ),
        ),
        migrations.AddConstraint(
            model_name="inspection",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("odometer_km", None), ("odometer_km__gte", 0), _connector="OR"),
                    models.Q(("soc_pct", None), ("soc_pct__range", (0, 100)), _connector="OR"),
                ),
                name="an_inspection_has_plausible_readings",
            ),
        ),
        migrations.AddConstraint(
            model_name="inspection",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("passed", None), ("signed_at", None)),
                    models.Q(("kind", "COUNT"), ("signed_by_id__isnull", False)),
                    models.Q(
                        ("odometer_km__isnull", False),
                        ("passed__isnull", False),
                        ("signed_by_id__isnull", False),
                        ("soc_pct__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="a_signed_inspection_is_whole",
            ),
        ),
        migrations.AddConstraint(
            model_name="inspection",
            constraint=models.UniqueConstraint(
                condition=models.Q(("signed_at", None)),
                fields=("vehicle", "kind"),
                name="one_open_inspection_of_a_kind",
            ),
        ),
        migrations.AddConstraint(
            model_name="inspection",
            constraint=models.UniqueConstraint(
                condition=models.Q(("stocktake__isnull", False)),
                fields=("stocktake", "vehicle"),
                name="a_vehicle_is_counted_once",
            ),
        ),
        migrations.AddField(
            model_name="stocktakevariance",
            name="org",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="org.orgnode"
            ),
        ),
        migrations.AddField(
            model_name="stocktakevariance",
            name="stocktake",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="fleet.stocktake"
            ),
        ),
        migrations.AddField(
            model_name="stocktakevariance",
            name="vehicle",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="fleet.vehicle"
            ),
        ),
        migrations.AddField(
            model_name="transfer",
            name="from_lot",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="fleet.lot",
            ),
        ),
        migrations.AddField(
            model_name="transfer",
            name="org",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="org.orgnode"
            ),
        ),
        migrations.AddField(
            model_name="transfer",
            name="to_lot",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="fleet.lot",
            ),
        ),
        migrations.AddField(
            model_name="transfer",
            name="vehicle",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="fleet.vehicle"
            ),
        ),
        migrations.AddField(
            model_name="wearclause",
            name="org",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="org.orgnode"
            ),
        ),
        migrations.AddField(
            model_name="wearstandard",
            name="org",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="org.orgnode"
            ),
        ),
        migrations.AddField(
            model_name="wearclause",
            name="standard",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="fleet.wearstandard",
            ),
        ),
        migrations.AddConstraint(
            model_name="damagemark",
            constraint=models.UniqueConstraint(
                fields=("inspection", "view", "part", "damage"),
                name="one_mark_of_a_damage_on_a_part",
            ),
        ),
        migrations.AddConstraint(
            model_name="damagemark",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("at_x__lte", 100), ("at_y__lte", 100), ("count__gte", 1), ("size__gte", 0)
                ),
                name="a_mark_has_a_size_and_a_place",
            ),
        ),
        migrations.AddConstraint(
            model_name="inspectionphoto",
            constraint=models.UniqueConstraint(
                fields=("inspection", "view"), name="one_photo_of_a_view"
            ),
        ),
        migrations.AddConstraint(
            model_name="keycustody",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                expressions=[("vehicle", "="), ("key_no", "="), ("during", "&&")],
                name="a_key_has_one_holder",
            ),
        ),
        migrations.AddConstraint(
            model_name="keycustody",
            constraint=models.CheckConstraint(
                condition=models.Q(("key_no__gte", 1), ("key_no__lte", 9)),
                name="a_vehicle_has_few_keys",
            ),
        ),
        migrations.AddConstraint(
            model_name="lot",
            constraint=models.UniqueConstraint(
                fields=("org", "name"), name="lots_of_a_node_differ"
            ),
        ),
        migrations.AddConstraint(
            model_name="lot",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("bays__gt", 0), ("lat__range", (-90, 90)), ("lon__range", (-180, 180))
                ),
                name="a_lot_lies_on_earth",
            ),
        ),
        migrations.AddConstraint(
            model_name="stocktake",
            constraint=models.UniqueConstraint(
                condition=models.Q(("closed_at", None)),
                fields=("lot",),
                name="one_open_count_of_a_lot",
            ),
        ),
        migrations.AddConstraint(
            model_name="stocktakevariance",
            constraint=models.UniqueConstraint(
                fields=("stocktake", "vehicle"), name="one_variance_of_a_vehicle_in_a_count"
            ),
        ),
        migrations.AddConstraint(
            model_name="stocktakevariance",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("settled_at", None),
                    models.Q(
                        ("settled_by_id__isnull", False), models.Q(("cause", ""), _negated=True)
                    ),
                    _connector="OR",
                ),
                name="a_settled_variance_has_its_cause",
            ),
        ),
        migrations.AddConstraint(
            model_name="transfer",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ("PROPOSED", "APPROVED", "DISPATCHED"))),
                fields=("vehicle",),
                name="one_open_transfer_of_a_vehicle",
            ),
        ),
        migrations.AddConstraint(
            model_name="transfer",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("state__in", ("PROPOSED", "CANCELLED")),
                    models.Q(
                        ("decided_at__isnull", False),
                        ("decided_by_id__isnull", False),
                        models.Q(("decided_by_id", models.F("proposed_by_id")), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="a_transfer_is_approved_by_a_second_person",
            ),
        ),
        migrations.AddConstraint(
            model_name="transfer",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state__in", ("DISPATCHED", "ARRIVED")), _negated=True),
                    models.Q(("dispatched_at__isnull", False), ("eta_on__isnull", False)),
                    _connector="OR",
                ),
                name="a_transfer_on_its_way_has_a_day",
            ),
        ),
        migrations.AddConstraint(
            model_name="wearstandard",
            constraint=models.UniqueConstraint(
                fields=("org", "version"), name="versions_of_a_standard_differ"
            ),
        ),
        migrations.AddConstraint(
            model_name="wearstandard",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                condition=models.Q(("published_at__isnull", False)),
                expressions=[
                    ("org", "="),
                    (
                        models.Func(
                            models.F("starts_on"),
                            models.F("ends_on"),
                            models.Value("[)"),
                            function="daterange",
                        ),
                        "&&",
                    ),
                ],
                name="one_published_standard_at_a_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="wearstandard",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("published_at", None), ("published_by_id", None)),
                    models.Q(
                        ("published_at__isnull", False),
                        ("published_by_id__isnull", False),
                        models.Q(("published_by_id", models.F("drafted_by_id")), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="a_standard_is_published_by_a_second_person",
            ),
        ),
        migrations.AddConstraint(
            model_name="wearclause",
            constraint=models.UniqueConstraint(
                fields=("standard", "code"), name="clauses_of_a_standard_differ"
            ),
        ),
        migrations.AddConstraint(
            model_name="wearclause",
            constraint=models.CheckConstraint(
                condition=models.Q(("price__gte", 0)), name="a_clause_has_a_price"
            ),
        ),
        *walls.tenant("fleet_lot", grants="SELECT, INSERT, UPDATE"),
        *walls.audited("fleet_lot"),
        *walls.tenant("fleet_keycustody", grants="SELECT, INSERT, UPDATE"),
        *walls.audited("fleet_keycustody"),
        _with_the_vehicles_node("fleet_keycustody"),
        *walls.tenant("fleet_transfer", grants="SELECT, INSERT, UPDATE"),
        *walls.audited("fleet_transfer"),
        _with_the_vehicles_node("fleet_transfer"),
        *walls.tenant("fleet_stocktake", grants="SELECT, INSERT, UPDATE"),
        *walls.tenant("fleet_stocktakevariance", grants="SELECT, INSERT, UPDATE"),
        _with_the_vehicles_node("fleet_stocktakevariance"),
        *walls.tenant("fleet_damagemark", grants="SELECT, INSERT, UPDATE, DELETE"),
        *walls.tenant("fleet_inspectionphoto", grants="SELECT, INSERT, UPDATE, DELETE"),
        *walls.tenant("fleet_wearstandard", grants="SELECT, INSERT, UPDATE", reference=True),
        *walls.audited("fleet_wearstandard"),
        *walls.tenant("fleet_wearclause", grants="SELECT, INSERT, UPDATE, DELETE", reference=True),
    ]
