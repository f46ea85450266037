import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("ledger", "0015_account_of_money_to_clear_up"),
        ("billing", "0035_steps_are_found_by_their_case"),
        ("org", "0008_audit_is_found_by_record_and_table"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="bankline",
            name="a_matched_line_is_a_payment",
        ),
        migrations.AddField(
            model_name="bankline",
            name="other_side",
            field=models.OneToOneField(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="billing.bankline",
            ),
        ),
        migrations.AlterField(
            model_name="bankline",
            name="aside",
            field=models.CharField(
                blank=True,
                choices=[
                    ("PAYOUT", "Paid out by a payment channel"),
                    ("INTEREST", "Interest of the bank"),
                    ("REFUND", "Refund that we paid"),
                    ("EXPENSE", "Expense of our own"),
                    ("OWN", "Between accounts of our own"),
                    ("OTHER", "Not ours, or to be cleared up"),
                ],
                max_length=8,
            ),
        ),
        migrations.AlterField(
            model_name="bankline",
            name="cost",
            field=models.CharField(
                blank=True,
                choices=[
                    ("RENT", "Rent of premises"),
                    ("WAGES", "Wages"),
                    ("TAX", "Taxes"),
                    ("OFFICE", "Office and other costs"),
                    ("BANK_FEE", "Fee of the bank"),
                    ("LOSS", "Fine or loss of our own"),
                    ("UNCLEAR", "Not ours, or to be cleared up"),
                ],
                db_default="",
                max_length=8,
            ),
        ),
        migrations.AddConstraint(
            model_name="bankline",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("other_side__isnull", True),
                    models.Q(("aside", "OWN"), ("state", "SET_ASIDE")),
                    _connector="OR",
                ),
                name="only_a_transfer_of_our_own_has_another_side",
            ),
        ),
        migrations.AddConstraint(
            model_name="bankline",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("amount__gt", 0),
                        ("payment__isnull", False),
                        ("state__in", ["MATCHED", "CONFIRMED"]),
                    ),
                    models.Q(
                        ("entry_id__isnull", False),
                        ("payment__isnull", True),
                        ("state__in", ["MATCHED", "CONFIRMED"]),
                    ),
                    models.Q(
                        models.Q(("state__in", ["MATCHED", "CONFIRMED"]), _negated=True),
                        ("payment__isnull", True),
                    ),
                    _connector="OR",
                ),
                name="a_matched_line_is_a_payment",
            ),
        ),
    ]
