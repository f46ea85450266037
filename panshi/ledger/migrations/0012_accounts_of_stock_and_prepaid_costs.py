from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

ADDED = (
    ("1123", "ASSET", "Prepaid costs", "预付账款"),
    ("1405", "ASSET", "Parts in stock", "库存商品（配件）"),
    ("2202", "LIABILITY", "Accounts payable", "应付账款"),
    ("2202.est", "LIABILITY", "Received and not invoiced", "暂估应付账款"),
    ("2221.02", "LIABILITY", "Input VAT", "应交增值税（进项税额）"),
    ("6401.parts", "EXPENSE", "Parts used on vehicles", "车辆配件成本"),
    ("6602.stock", "EXPENSE", "Stock lost and found", "存货盘亏盘盈"),
)


def add(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    account = apps.get_model("ledger", "Account")
    for code, kind, name, name_zh in ADDED:
        account.objects.get_or_create(
            code=code, defaults={"kind": kind, "name": name, "name_zh": name_zh}
        )


class Migration(migrations.Migration):
    dependencies = [("ledger", "0011_accounts_of_claims")]

    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
