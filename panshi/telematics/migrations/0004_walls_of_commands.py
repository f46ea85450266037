from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from panshi.kit import walls

# Only the platform sets the bounds of what may be done to a vehicle from afar.
PUBLISHED = """
GRANT SELECT ON telematics_controlrule TO panshi_app, panshi_hq, panshi_report;
GRANT INSERT, UPDATE ON telematics_controlrule TO panshi_hq;
GRANT SELECT ON telematics_devicemodel TO panshi_app;
CREATE POLICY app_reads ON telematics_devicemodel FOR SELECT TO panshi_app USING (true)
"""
NOT_PUBLISHED = """
DROP POLICY app_reads ON telematics_devicemodel;
REVOKE SELECT ON telematics_devicemodel FROM panshi_app;
REVOKE ALL ON telematics_controlrule FROM panshi_app, panshi_hq, panshi_report
"""

# kind, risk, approvals, minutes of life, standstill minutes, SOC, floor, to be confirmed
RULES = [
    ("QUERY_LOCATION", "READ", 0, 10, None, None, None, False),
    ("SPEED_LIMIT", "RESTRICT", 2, 120, 3, None, 30, True),
    ("START_INHIBIT", "RESTRICT", 2, 120, 15, 20, None, True),
    ("RELEASE", "RELEASE", 0, 43200, None, None, None, False),
]


def fill(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    rule = apps.get_model("telematics", "ControlRule")
    rule.objects.bulk_create(
        rule(
            kind=kind,
            risk=risk,
            approvals=approvals,
            minutes=minutes,
            standstill_minutes=standing,
            soc_pct=soc,
            floor_kmh=floor,
            to_confirm=confirm,
        )
        for kind, risk, approvals, minutes, standing, soc, floor, confirm in RULES
    )


def empty(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("telematics", "ControlRule").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [
        ("telematics", "0003_commands_and_restrictions"),
        ("org", "0002_walls"),
        ("kit", "0003_walls"),
    ]

    operations = [
        migrations.RunPython(fill, empty),
        migrations.RunSQL(PUBLISHED, NOT_PUBLISHED),
        *walls.tenant("telematics_command"),
        *walls.tenant("telematics_commandevent", grants="SELECT, INSERT"),
        *walls.tenant("telematics_restriction"),
        *walls.append_only("telematics_commandevent"),
        *walls.audited("telematics_command"),
        *walls.audited("telematics_restriction"),
    ]
