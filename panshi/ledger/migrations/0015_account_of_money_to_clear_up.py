from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def add(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("ledger", "Account").objects.get_or_create(
        code="2241.05",
        defaults={
            "kind": "LIABILITY", "name": "Bank money to be cleared up", "name_zh": "待查银行款项",
        },
    )  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [("ledger", "0014_sums_kept_by_day")]

    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
