from decimal import Decimal

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from panshi.kit import walls

# Only the platform says what a restraint needs.
PUBLISHED = """
GRANT SELECT ON leasing_restraintterms TO panshi_app, panshi_hq, panshi_report;
GRANT INSERT, UPDATE ON leasing_restraintterms TO panshi_hq
"""
NOT_PUBLISHED = """
REVOKE ALL ON leasing_restraintterms FROM panshi_app, panshi_hq, panshi_report
"""


def fill(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    terms = apps.get_model("leasing", "RestraintTerms")
    terms.objects.create(
        kind="LIMIT", min_debt=Decimal(100), notice_day=5, notice_hours=72, limit_kmh=30
    )
    terms.objects.create(kind="INHIBIT", min_debt=Decimal(100), notice_day=10, notice_hours=48)


def empty(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("leasing", "RestraintTerms").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [("leasing", "0011_restraint_for_a_debt"), ("org", "0002_walls")]

    operations = [
        migrations.RunPython(fill, empty),
        migrations.RunSQL(PUBLISHED, NOT_PUBLISHED),
        *walls.tenant("leasing_restraintrequest"),
        *walls.audited("leasing_restraintrequest"),
    ]
