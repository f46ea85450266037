from decimal import Decimal

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

# Starting figures; each is to be held against local practice and confirmed.
RULES = [
    {"code": "CHECK_CALL", "kind": "CHECK_CALL", "first_day": 3},
    {
        "code": "CHARGE",
        "kind": "CHARGE",
        "soc_low": Decimal(40),
        "soc_high": Decimal(90),
        "drift_days": 3,
        "target_low": Decimal(50),
        "target_high": Decimal(70),
        "due_days": 2,
    },
    {
        "code": "START",
        "kind": "START",
        "first_day": 7,
        "every_days": 7,
        "least_volts": Decimal("12.2"),
        "due_days": 2,
    },
    {"code": "TYRES", "kind": "TYRES", "first_day": 14, "every_days": 14, "due_days": 2},
    {
        "code": "FULL_CHECK",
        "kind": "FULL_CHECK",
        "first_day": 30,
        "every_days": 30,
        "needs_photo": True,
        "due_days": 5,
    },
    {
        "code": "PREPARE",
        "kind": "PREPARE",
        "hours_ahead": 48,
        "target_low": Decimal(80),
        "target_high": Decimal(100),
    },
]
READ_BY_ALL = """
GRANT SELECT ON fleet_upkeeprule TO panshi_app, panshi_hq, panshi_report;
GRANT INSERT, UPDATE ON fleet_upkeeprule TO panshi_hq
"""
READ_BY_NONE = "REVOKE ALL ON fleet_upkeeprule FROM panshi_app, panshi_hq, panshi_report"


def fill(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    rule = apps.get_model("fleet", "UpkeepRule")
    rule.objects.bulk_create(rule(**fields) for fields in RULES)


def empty(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("fleet", "UpkeepRule").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [("fleet", "0007_upkeep_of_standing_vehicles")]

    operations = [
        migrations.RunPython(fill, empty),
        migrations.RunSQL(READ_BY_ALL, READ_BY_NONE),
    ]
