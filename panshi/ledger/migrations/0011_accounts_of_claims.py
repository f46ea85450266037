from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

ADDED = (
    ("1221.91", "ASSET", "Owed by insurers", "应收保险赔款"),
    ("2241.04", "LIABILITY", "Repairs of accidents to pay", "应付事故修理费"),
    ("6401.other", "EXPENSE", "Other costs of vehicles", "车辆其他成本"),
    ("9001", "EQUITY", "Rent lost by accidents, for the record", "停运损失（备查）"),
    ("9002", "EQUITY", "Counterpart of rent lost", "停运损失备查对应"),
)


def add(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    account = apps.get_model("ledger", "Account")
    for code, kind, name, name_zh in ADDED:
        account.objects.get_or_create(
            code=code, defaults={"kind": kind, "name": name, "name_zh": name_zh}
        )


class Migration(migrations.Migration):
    dependencies = [("ledger", "0010_accounts_of_what_vehicles_cost")]

    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
