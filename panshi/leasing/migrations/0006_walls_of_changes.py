from datetime import date
from decimal import Decimal

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from panshi.kit import walls

# A sheet that was offered stays as it was; only its confirmation is added.
SHEETS = """
CREATE FUNCTION leasing_check_sheet() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.total <> (SELECT COALESCE(sum((line ->> 'amount')::numeric), 0)
            FROM jsonb_array_elements(NEW.lines) AS line) THEN
        RAISE EXCEPTION 'a settlement sheet''s total is not the sum of its lines'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'a_sheet_sums_its_lines';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER a_sheet_sums_its_lines BEFORE INSERT ON leasing_settlementsheet
    FOR EACH ROW EXECUTE FUNCTION leasing_check_sheet();
CREATE TRIGGER an_offered_sheet_stays BEFORE UPDATE ON leasing_settlementsheet
    FOR EACH ROW WHEN (
        OLD.confirmed_at IS NOT NULL
        OR to_jsonb(OLD) - 'confirmed_at' - 'confirmed_by_id'
            <> to_jsonb(NEW) - 'confirmed_at' - 'confirmed_by_id'
    ) EXECUTE FUNCTION kit_refuse_change()
"""
NO_SHEETS = """
DROP TRIGGER an_offered_sheet_stays ON leasing_settlementsheet;
DROP TRIGGER a_sheet_sums_its_lines ON leasing_settlementsheet;
DROP FUNCTION leasing_check_sheet()
"""
PUBLISHED = """
GRANT SELECT ON leasing_pausecause, leasing_returnterms
    TO panshi_app, panshi_hq, panshi_report, panshi_portal;
GRANT INSERT, UPDATE ON leasing_pausecause, leasing_returnterms TO panshi_hq;
GRANT USAGE ON SEQUENCE leasing_returnterms_id_seq TO panshi_hq
"""
NOT_PUBLISHED = """
REVOKE ALL ON leasing_pausecause, leasing_returnterms
    FROM panshi_app, panshi_hq, panshi_report, panshi_portal
"""
CAUSES = [
    ("OPERATOR_FAULT", "The operator's fault", "运营方原因", 100),
    ("INSURED_REPAIR", "Repair that insurance pays", "保险维修", 50),
    ("CUSTOMER_FAULT", "The customer's fault", "客户原因", 0),
    ("AGREED", "Agreed pause", "协商停租", None),
]


def fill(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    cause = apps.get_model("leasing", "PauseCause")
    cause.objects.bulk_create(
        cause(code=code, name=name, name_zh=name_zh, relief=relief)
        for code, name, name_zh, relief in CAUSES
    )
    apps.get_model("leasing", "ReturnTerms").objects.create(
        starts_on=date(2019, 4, 1), early_share=Decimal("0.20"), early_months=1
    )


def empty(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for name in ("PauseCause", "ReturnTerms"):
        apps.get_model("leasing", name).objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [("leasing", "0005_leases_change_and_settle"), ("org", "0002_walls")]

    operations = [
        migrations.RunPython(fill, empty),
        *walls.tenant("leasing_amendment", grants="SELECT, INSERT", customer_column="customer_id"),
        *walls.tenant("leasing_leaserequest", customer_column="customer_id"),
        *walls.tenant("leasing_settlementsheet", customer_column="customer_id"),
        *walls.tenant(
            "leasing_disputeoutcome", grants="SELECT, INSERT", customer_column="customer_id"
        ),
        *walls.append_only("leasing_amendment"),
        *walls.append_only("leasing_disputeoutcome"),
        *walls.audited("leasing_leaserequest"),
        *walls.audited("leasing_settlementsheet"),
        migrations.RunSQL(SHEETS, NO_SHEETS),
        migrations.RunSQL(PUBLISHED, NOT_PUBLISHED),
    ]
