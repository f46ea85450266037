from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

ADDED = (
    ("2211", "LIABILITY", "Wages to pay", "应付职工薪酬"),
    ("2221.09", "LIABILITY", "Taxes to pay", "应交税费（已缴）"),
    ("6602.office", "EXPENSE", "Office and other costs", "办公及其他费用"),
    ("6602.rent", "EXPENSE", "Rent of premises", "场地与房屋租金"),
)


def add(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    account = apps.get_model("ledger", "Account")
    for code, kind, name, name_zh in ADDED:
        account.objects.get_or_create(
            code=code, defaults={"kind": kind, "name": name, "name_zh": name_zh}
        )


class Migration(migrations.Migration):
    dependencies = [("ledger", "0012_accounts_of_stock_and_prepaid_costs")]

    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
