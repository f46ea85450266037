from django.db import migrations

from panshi.kit import walls

FROZEN = """
CREATE TRIGGER a_decided_void_never_changes BEFORE UPDATE OR DELETE ON leasing_settlementvoid
    FOR EACH ROW WHEN (OLD.state <> 'ASKED') EXECUTE FUNCTION kit_refuse_change()
"""


class Migration(migrations.Migration):
    dependencies = [("leasing", "0018_settlements_are_voided_by_two"), ("org", "0002_walls")]

    operations = [
        *walls.tenant("leasing_settlementvoid"),
        *walls.customers_read(
            "leasing_settlementvoid", through=("sheet_id", "leasing_settlementsheet")
        ),
        *walls.audited("leasing_settlementvoid"),
        migrations.RunSQL(
            FROZEN, "DROP TRIGGER a_decided_void_never_changes ON leasing_settlementvoid"
        ),
    ]
