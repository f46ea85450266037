import django.db.models.deletion
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

PRODUCT = {
    "code": "OPENING_ARREARS",
    "line": "OTHER",
    "name": "Arrears from before the move-in",
    "name_zh": "迁入前欠款",
    "vat_code": "NONE",
    "account": "4103",
    "deferred": False,
    "in_advance": False,
    "lead_days": 0,
    "alignment": "ANCHOR",
    "basis": "WHOLE",
    "needs_vehicle": False,
    "recurring": False,
}

# Undoing a move-in takes out what it opened. A plan with a bill, or a deposit that moved, is held
# by its foreign keys; a deposit that was ever demanded here is held by this policy.
REMOVABLE = """
GRANT DELETE ON billing_chargeplan, billing_planprice, billing_planvehicle, billing_deposit
    TO panshi_app, panshi_hq;
CREATE POLICY only_an_opening_is_removed ON billing_deposit AS RESTRICTIVE FOR DELETE
    USING (bill_id IS NULL)
"""
KEPT = """
DROP POLICY only_an_opening_is_removed ON billing_deposit;
REVOKE DELETE ON billing_chargeplan, billing_planprice, billing_planvehicle, billing_deposit
    FROM panshi_app, panshi_hq
"""


def add(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("billing", "Product").objects.create(**PRODUCT)


def remove(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("billing", "Product").objects.filter(code=PRODUCT["code"]).delete()


class Migration(migrations.Migration):
    dependencies = [("billing", "0002_walls")]

    operations = [
        migrations.RunPython(add, remove),
        migrations.AlterField(
            model_name="deposit",
            name="bill",
            field=models.OneToOneField(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="billing.bill",
            ),
        ),
        migrations.RunSQL(REMOVABLE, KEPT),
    ]
