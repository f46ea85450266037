from datetime import date
from decimal import Decimal

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from panshi.kit import walls

# Only the platform says what dealing with a violation costs and what is kept back.
PUBLISHED = """
GRANT SELECT ON leasing_violationterms TO panshi_app, panshi_hq, panshi_report, panshi_portal;
GRANT INSERT, UPDATE ON leasing_violationterms TO panshi_hq;
GRANT USAGE ON SEQUENCE leasing_violationterms_id_seq TO panshi_hq
"""
NOT_PUBLISHED = """
REVOKE ALL ON leasing_violationterms FROM panshi_app, panshi_hq, panshi_report, panshi_portal
"""


def fill(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("leasing", "ViolationTerms").objects.create(
        starts_on=date(2019, 4, 1),
        agency_fee=Decimal(50),
        retained=Decimal(0),
        retain_days=30,
        overdue_days=30,
    )


def empty(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("leasing", "ViolationTerms").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [
        ("leasing", "0013_violations_and_who_answers_for_them"),
        ("org", "0002_walls"),
    ]

    operations = [
        migrations.RunPython(fill, empty),
        migrations.RunSQL(PUBLISHED, NOT_PUBLISHED),
        *walls.tenant(
            "leasing_violation",
            grants="SELECT, INSERT, UPDATE, DELETE",
            customer_column="customer_id",
        ),
        *walls.tenant("leasing_violationdispute", customer_column="customer_id"),
        *walls.tenant("leasing_retention", customer_column="customer_id"),
        *walls.audited("leasing_violation"),
        *walls.audited("leasing_violationdispute"),
        *walls.audited("leasing_retention"),
    ]
