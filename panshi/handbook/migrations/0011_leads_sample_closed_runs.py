import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import panshi.kit.ids
from panshi.kit import walls


class Migration(migrations.Migration):
    dependencies = [("handbook", "0010_cases_show_covered_photos")]

    operations = [
        migrations.CreateModel(
            name="Sample",
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
                ("sampler_id", models.UUIDField()),
                ("convincing", models.BooleanField()),
                ("words", models.CharField(blank=True, max_length=300)),
                ("at", models.DateTimeField()),
                (
                    "deviation",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="handbook.deviation",
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
                (
                    "run",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="sample",
                        to="handbook.run",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("convincing", True),
                            models.Q(("words", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="sample_struck_says_why",
                    )
                ],
            },
        ),
        *walls.tenant("handbook_sample", grants="SELECT, INSERT"),
        *walls.audited("handbook_sample"),
    ]
