import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import panshi.kit.ids
from panshi.kit import walls

STATES = [
    ("PROPOSED", "Proposed"), ("REDACTED", "Redacted"), ("APPROVED", "Approved"),
    ("PUBLISHED", "Published"), ("DISMISSED", "Laid aside"),
]  # fmt: skip


class Migration(migrations.Migration):
    """The table of cases is made anew: until now nothing wrote a row of it."""

    dependencies = [
        ("handbook", "0005_walls_of_exams"),
        ("org", "0003_people_of_the_yard"),
    ]

    operations = [
        migrations.DeleteModel(name="Case"),
        migrations.CreateModel(
            name="Case",
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
                    "source_kind",
                    models.CharField(
                        choices=[("RUN", "Run"), ("JOB", "Job"), ("COMPLAINT", "Complaint")],
                        max_length=10,
                    ),
                ),
                ("source_id", models.UUIDField()),
                ("step_id", models.CharField(blank=True, max_length=40)),
                ("city", models.CharField(blank=True, max_length=40)),
                ("why", models.JSONField()),
                ("title", models.CharField(max_length=120)),
                ("draft", models.JSONField()),
                ("heads", models.JSONField(default=dict)),
                ("redaction", models.JSONField(null=True)),
                ("state", models.CharField(choices=STATES, default="PROPOSED", max_length=10)),
                ("proposer_id", models.UUIDField()),
                ("proposed_at", models.DateTimeField()),
                ("redacted_by_id", models.UUIDField(null=True)),
                ("approver_id", models.UUIDField(null=True)),
                ("publisher_id", models.UUIDField(null=True)),
                ("published_at", models.DateTimeField(null=True)),
                ("words", models.CharField(blank=True, max_length=200)),
                (
                    "node",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="handbook.node",
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
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="handbook.run",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["org", "state", "proposed_at"], name="case_by_state")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("org", "source_kind", "source_id"), name="case_once_for_its_source"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "PUBLISHED"), _negated=True),
                            models.Q(
                                ("approver_id__isnull", False),
                                ("published_at__isnull", False),
                                ("publisher_id__isnull", False),
                                ("redaction__isnull", False),
                                models.Q(("publisher_id", models.F("proposer_id")), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="case_published_redacted_by_a_person",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("approver_id", None),
                            models.Q(("approver_id", models.F("redacted_by_id")), _negated=True),
                            _connector="OR",
                        ),
                        name="case_approved_by_another",
                    ),
                ],
            },
        ),
        *walls.tenant("handbook_case"),
        *walls.audited("handbook_case"),
    ]
