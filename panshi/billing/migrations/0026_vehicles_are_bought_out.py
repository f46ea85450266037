from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

CODE = "BUY_OUT"


def fill(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """What ends a rent to own; its account takes the vehicle's book value, too, when it is sold."""
    apps.get_model("billing", "Product").objects.create(
        code=CODE,
        line="OTHER",
        name="Purchase of the leased vehicle",
        name_zh="租转购买断款",
        vat_code="LEASING_13",
        account="6115",
        alignment="ANCHOR",
        basis="WHOLE",
        needs_vehicle=True,
        bears_late_fee=False,
    )


def empty(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("billing", "Product").objects.filter(code=CODE).delete()


class Migration(migrations.Migration):
    dependencies = [("billing", "0025_walls_of_money_paid_ahead")]

    operations = [migrations.RunPython(fill, empty)]
