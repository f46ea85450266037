import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import panshi.kit.ids
from panshi.kit import walls


class Migration(migrations.Migration):
    dependencies = [
        ("handbook", "0009_photos_are_judged_and_papers_come_late"),
        ("kit", "0005_import_walls"),
    ]

    operations = [
        migrations.CreateModel(
            name="CasePhoto",
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
                ("source_id", models.UUIDField()),
                ("boxes", models.JSONField()),
                ("picked_by_id", models.UUIDField()),
                ("at", models.DateTimeField()),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="photos",
                        to="handbook.case",
                    ),
                ),
                (
                    "file",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="kit.storedfile",
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
                    models.UniqueConstraint(fields=("case", "source_id"), name="case_photo_once")
                ],
            },
        ),
        *walls.tenant("handbook_casephoto", grants="SELECT, INSERT, DELETE"),
        *walls.audited("handbook_casephoto"),
    ]
