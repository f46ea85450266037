from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

ADDED = (
    ("6401.energy", "EXPENSE", "Energy of vehicles", "车辆能耗成本"),
    ("6401.insurance", "EXPENSE", "Insurance of vehicles", "车辆保险成本"),
    ("6401.maintenance", "EXPENSE", "Upkeep and repair of vehicles", "车辆维保成本"),
    ("6711", "EXPENSE", "Fines and losses borne", "营业外支出"),
)


def add(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    account = apps.get_model("ledger", "Account")
    for code, kind, name, name_zh in ADDED:
        account.objects.get_or_create(
            code=code, defaults={"kind": kind, "name": name, "name_zh": name_zh}
        )


class Migration(migrations.Migration):
    dependencies = [("ledger", "0009_accounts_of_partners_and_funders")]

    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
