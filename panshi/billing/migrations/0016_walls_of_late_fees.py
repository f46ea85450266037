from datetime import date
from decimal import Decimal

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from panshi.kit import walls

# What is no price of ours, or is a fee already, bears none.
BEARS_NONE = ["LATE_FEE", "AGENCY_FEE", "EARLY_FEE", "FINE", "DEPOSIT", "OPENING_ARREARS"]

# Only the platform writes what every operator's contracts name.
PUBLISHED = """
GRANT SELECT ON billing_lateterms TO panshi_app, panshi_hq, panshi_report, panshi_portal;
GRANT INSERT, UPDATE ON billing_lateterms TO panshi_hq;
GRANT USAGE ON SEQUENCE billing_lateterms_id_seq TO panshi_hq
"""
NOT_PUBLISHED = """
REVOKE ALL ON billing_lateterms FROM panshi_app, panshi_hq, panshi_report, panshi_portal
"""
FROZEN = """
CREATE TRIGGER a_billed_late_day_never_changes BEFORE UPDATE OR DELETE ON billing_latefee
    FOR EACH ROW WHEN (OLD.fee_bill_id IS NOT NULL) EXECUTE FUNCTION kit_refuse_change();
CREATE TRIGGER a_decided_waiver_never_changes BEFORE UPDATE OR DELETE ON billing_feewaiver
    FOR EACH ROW WHEN (OLD.state <> 'ASKED') EXECUTE FUNCTION kit_refuse_change()
"""
NOT_FROZEN = """
DROP TRIGGER a_billed_late_day_never_changes ON billing_latefee;
DROP TRIGGER a_decided_waiver_never_changes ON billing_feewaiver
"""


def fill(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("billing", "LateTerms").objects.create(
        source_kind="leasing.lease",
        starts_on=date(2019, 4, 1),
        grace_days=5,
        a_day=Decimal("0.0005"),
        cap=Decimal("0.2"),
        bill_every_days=30,
        due_days=7,
        to_confirm=True,
    )
    apps.get_model("billing", "Product").objects.filter(code__in=BEARS_NONE).update(
        bears_late_fee=False
    )


def empty(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("billing", "LateTerms").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [("billing", "0015_late_fees_by_agreed_terms"), ("org", "0002_walls")]

    operations = [
        migrations.RunPython(fill, empty),
        migrations.RunSQL(PUBLISHED, NOT_PUBLISHED),
        *walls.tenant(
            "billing_latefee",
            grants="SELECT, INSERT, UPDATE, DELETE",
            customer_column="customer_id",
        ),
        *walls.tenant("billing_feewaiver"),
        *walls.audited("billing_latefee"),
        *walls.audited("billing_feewaiver"),
        migrations.RunSQL(FROZEN, NOT_FROZEN),
    ]
