import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import panshi.kit.ids
from panshi.kit import walls

SAID = """
CREATE TRIGGER an_answered_dispute_never_changes BEFORE UPDATE OR DELETE ON billing_billdispute
    FOR EACH ROW WHEN (OLD.answered_at IS NOT NULL) EXECUTE FUNCTION kit_refuse_change();
CREATE TRIGGER what_was_said_never_changes BEFORE UPDATE ON billing_billdispute
    FOR EACH ROW WHEN (
        (OLD.bill_id, OLD.words, OLD.freezes, OLD.opened_by_id, OLD.opened_at)
        IS DISTINCT FROM (NEW.bill_id, NEW.words, NEW.freezes, NEW.opened_by_id, NEW.opened_at)
    ) EXECUTE FUNCTION kit_refuse_change()
"""
NOT_SAID = """
DROP TRIGGER what_was_said_never_changes ON billing_billdispute;
DROP TRIGGER an_answered_dispute_never_changes ON billing_billdispute
"""


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0037_lines_are_told_in_english_too"),
        ("org", "0008_audit_is_found_by_record_and_table"),
    ]

    operations = [
        migrations.CreateModel(
            name="BillDispute",
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
                ("customer_id", models.UUIDField()),
                ("words", models.CharField(max_length=400)),
                ("freezes", models.BooleanField()),
                ("opened_by_id", models.UUIDField()),
                ("opened_at", models.DateTimeField()),
                (
                    "verdict",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("OURS", "The mistake was ours"),
                            ("PARTLY", "Partly right"),
                            ("STANDS", "The bill is right"),
                        ],
                        max_length=8,
                    ),
                ),
                ("answer", models.CharField(blank=True, max_length=400)),
                ("answered_by_id", models.UUIDField(null=True)),
                ("answered_at", models.DateTimeField(null=True)),
                (
                    "bill",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="disputes",
                        to="billing.bill",
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
                        condition=models.Q(("answered_at", None)),
                        fields=("bill",),
                        name="one_dispute_of_a_bill_is_open",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("freezes", True)),
                        fields=("bill",),
                        name="a_bill_is_frozen_by_its_first_dispute",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("words", ""), _negated=True), name="a_dispute_says_why"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("answer", ""),
                                ("answered_at", None),
                                ("answered_by_id", None),
                                ("verdict", ""),
                            ),
                            models.Q(
                                ("answered_at__isnull", False),
                                ("answered_by_id__isnull", False),
                                models.Q(("verdict", ""), _negated=True),
                                models.Q(("answer", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="an_answered_dispute_has_its_verdict_and_words",
                    ),
                ],
            },
        ),
        *walls.tenant("billing_billdispute", customer_column="customer_id"),
        *walls.audited("billing_billdispute"),
        migrations.RunSQL(SAID, NOT_SAID),
    ]
