from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from panshi.kit import walls

SEVEN = ["CLERK", "CLERK", "LEAD", "LEAD", "REGION", "REGION", "HQ"]
FIVE = ["CLERK", "LEAD", "LEAD", "REGION", "HQ"]
YEARLY = [60, 30, 15, 7, 3, 1, 0]
POLICY = [45, 30, 15, 7, 3, 1, 0]
PERMIT = [30, 15, 7, 3, 0]
# Starting figures; each is to be held against the local law and confirmed.
RULES = [
    {
        "code": "INSPECTION",
        "kind": "INSPECTION",
        "until_months": 120,
        "every_months": 12,
        "rungs": YEARLY,
        "told": SEVEN,
        "blocks": True,
    },
    {
        "code": "INSPECTION_OLD",
        "kind": "INSPECTION",
        "from_months": 120,
        "every_months": 6,
        "rungs": YEARLY,
        "told": SEVEN,
        "blocks": True,
    },
    {
        "code": "COMPULSORY_INSURANCE",
        "kind": "COMPULSORY_INSURANCE",
        "rungs": POLICY,
        "told": SEVEN,
        "blocks": True,
        "needed": True,
    },
    {
        "code": "COMMERCIAL_INSURANCE",
        "kind": "COMMERCIAL_INSURANCE",
        "rungs": POLICY,
        "told": SEVEN,
        "blocks": True,
    },
    {"code": "ROAD_PERMIT", "kind": "ROAD_PERMIT", "rungs": PERMIT, "told": FIVE, "blocks": True},
    {
        "code": "VEHICLE_LICENCE",
        "kind": "VEHICLE_LICENCE",
        "rungs": PERMIT,
        "told": FIVE,
        "blocks": True,
    },
    {
        "code": "BATTERY_WARRANTY",
        "kind": "BATTERY_WARRANTY",
        "rungs": [60, 30, 7],
        "told": ["CLERK", "CLERK", "LEAD"],
        "blocks": False,
    },
    {
        "code": "MAINTENANCE",
        "kind": "MAINTENANCE",
        "anchor": "SERVICE",
        "every_months": 12,
        "ahead_km": 1000,
        "rungs": [15, 7, 0],
        "told": ["CLERK", "LEAD", "REGION"],
        "blocks": True,
        "grace_days": 30,
    },
]

PAPER_STANDS = """
CREATE OR REPLACE FUNCTION fleet_paper_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.vehicle_id, NEW.kind, NEW.version, NEW.number, NEW.issued_on, NEW.expires_on)
        IS DISTINCT FROM
       (OLD.vehicle_id, OLD.kind, OLD.version, OLD.number, OLD.issued_on, OLD.expires_on)
       OR (OLD.sha256 <> '' AND NEW.sha256 <> OLD.sha256)
       OR (NEW.current AND NOT OLD.current)
       OR (OLD.verified_at IS NOT NULL AND (NEW.verified_at, NEW.verified_by_id)
           IS DISTINCT FROM (OLD.verified_at, OLD.verified_by_id))
    THEN
        RAISE EXCEPTION 'a paper is replaced by a new version, not changed'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$
"""
PAPER_STANDS_BACK = """
CREATE OR REPLACE FUNCTION fleet_paper_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.vehicle_id, NEW.kind, NEW.version, NEW.number, NEW.issued_on, NEW.expires_on)
        IS DISTINCT FROM
       (OLD.vehicle_id, OLD.kind, OLD.version, OLD.number, OLD.issued_on, OLD.expires_on)
       OR (OLD.sha256 <> '' AND NEW.sha256 <> OLD.sha256)
       OR (NEW.current AND NOT OLD.current)
    THEN
        RAISE EXCEPTION 'a paper is replaced by a new version, not changed'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$
"""
# The house's rules are read by everybody and changed by the platform alone.
READ_BY_ALL = """
GRANT SELECT ON fleet_compliancerule TO panshi_app, panshi_hq, panshi_portal, panshi_report;
GRANT INSERT, UPDATE ON fleet_compliancerule TO panshi_hq
"""
READ_BY_NONE = """
REVOKE ALL ON fleet_compliancerule FROM panshi_app, panshi_hq, panshi_portal, panshi_report
"""


def fill(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    rule = apps.get_model("fleet", "ComplianceRule")
    rule.objects.bulk_create(rule(**fields) for fields in RULES)


def empty(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("fleet", "ComplianceRule").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [("fleet", "0004_compliance_rules_and_notices")]

    operations = [
        migrations.RunPython(fill, empty),
        migrations.RunSQL(READ_BY_ALL, READ_BY_NONE),
        *walls.tenant("fleet_documentview", grants="SELECT, INSERT"),
        *walls.tenant("fleet_duenotice", grants="SELECT, INSERT"),
        *walls.append_only("fleet_documentview"),
        *walls.append_only("fleet_duenotice"),
        migrations.RunSQL(PAPER_STANDS, PAPER_STANDS_BACK),
    ]
