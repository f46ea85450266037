from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

ADDED = (
    ("2001.fin", "LIABILITY", "Advances on receivables", "应收账款融资借款"),
    ("2241.91", "LIABILITY", "Shares payable to partners", "应付合作方分成"),
)


def add(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    account = apps.get_model("ledger", "Account")
    for code, kind, name, name_zh in ADDED:
        account.objects.get_or_create(
            code=code, defaults={"kind": kind, "name": name, "name_zh": name_zh}
        )


class Migration(migrations.Migration):
    dependencies = [("ledger", "0008_walls_of_invariants")]

    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
