from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from panshi.kit import walls

# Only the platform sets the bounds; an operator's policy keeps inside them.
BOUNDS = """
CREATE FUNCTION billing_policy_keeps_bounds() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE rung billing_dunningrung;
BEGIN
    SELECT * INTO rung FROM billing_dunningrung WHERE day = NEW.rung_id;
    IF NEW.day < COALESCE(rung.earliest, rung.day) OR NEW.day > COALESCE(rung.latest, rung.day)
        OR NEW.skipped AND NOT rung.may_skip THEN
        RAISE EXCEPTION 'rung % of the ladder leaves its bounds', rung.day
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER a_policy_keeps_its_bounds BEFORE INSERT OR UPDATE ON billing_dunningpolicy
    FOR EACH ROW EXECUTE FUNCTION billing_policy_keeps_bounds()
"""
NO_BOUNDS = """
DROP TRIGGER a_policy_keeps_its_bounds ON billing_dunningpolicy;
DROP FUNCTION billing_policy_keeps_bounds()
"""

# day: earliest, latest, may be left out, template, controls, notice day, notice hours, to confirm
RUNGS = {
    -3: (-7, -1, True, "RENT_REMINDER", False, None, None, False),
    0: (0, 0, True, "RENT_DUE", False, None, None, False),
    1: (1, 2, False, "PAY_LINK", False, None, None, False),
    3: (3, 4, True, "", False, None, None, False),
    5: (5, 6, False, "FORMAL_NOTICE", False, None, None, True),
    7: (7, 9, True, "REGION_TOLD", False, None, None, False),
    10: (10, 14, True, "LIMIT_ASKED", True, 5, 72, True),
    15: (15, 19, True, "INHIBIT_ASKED", True, 10, 48, True),
    20: (20, 29, True, "RECOVERY", False, None, None, True),
    30: (30, 60, False, "DEFAULT_REVIEW", False, None, None, True),
}


def fill(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    rung = apps.get_model("billing", "DunningRung")
    names = [
        "earliest",
        "latest",
        "may_skip",
        "template",
        "controls",
        "notice_day",
        "notice_hours",
        "to_confirm",
    ]
    for day, values in RUNGS.items():
        rung.objects.filter(day=day).update(**dict(zip(names, values, strict=True)))


def empty(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("billing", "DunningRung").objects.update(
        earliest=None,
        latest=None,
        may_skip=False,
        template="",
        controls=False,
        notice_day=None,
        notice_hours=None,
        to_confirm=False,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0011_promises_calls_and_policies_of_the_ladder"),
        ("org", "0002_walls"),
    ]

    operations = [
        migrations.RunPython(fill, empty),
        *walls.tenant("billing_dunningpolicy", reference=True),
        *walls.tenant("billing_dunningpromise"),
        *walls.tenant("billing_collectioncall"),
        *walls.audited("billing_dunningpolicy"),
        *walls.audited("billing_dunningpromise"),
        *walls.audited("billing_collectioncall"),
        migrations.RunSQL(BOUNDS, NO_BOUNDS),
    ]
