from datetime import date
from decimal import Decimal

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from panshi.kit import walls

# Only the platform says what is proposed for assets.
PUBLISHED = """
GRANT SELECT ON fleet_assetterms TO panshi_app, panshi_hq, panshi_report, panshi_portal;
GRANT INSERT, UPDATE ON fleet_assetterms TO panshi_hq;
GRANT USAGE ON SEQUENCE fleet_assetterms_id_seq TO panshi_hq
"""
NOT_PUBLISHED = """
REVOKE ALL ON fleet_assetterms FROM panshi_app, panshi_hq, panshi_report, panshi_portal
"""


def fill(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("fleet", "AssetTerms").objects.create(
        starts_on=date(2019, 4, 1),
        residual_share=Decimal("0.05"),
        life_months=60,
        life_km=300_000,
        market_fall=Decimal("0.0250"),
    )


def empty(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("fleet", "AssetTerms").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [("fleet", "0011_vehicles_as_assets"), ("org", "0002_walls")]

    operations = [
        migrations.RunPython(fill, empty),
        migrations.RunSQL(PUBLISHED, NOT_PUBLISHED),
        *walls.tenant("fleet_asset"),
        *walls.tenant("fleet_assetmark", grants="SELECT, INSERT"),
        *walls.append_only("fleet_assetmark"),
        *walls.audited("fleet_asset"),
    ]
