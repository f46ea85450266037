from django.db import migrations

from panshi.kit import walls

STANDS = """
CREATE TRIGGER a_recorded_cost_stands BEFORE UPDATE ON billing_vehiclecost FOR EACH ROW
    WHEN (OLD.reversed_at IS NOT NULL
        OR (OLD.org_id, OLD.vehicle_id, OLD.kind, OLD.amount, OLD.occurred_on, OLD.file_id)
            IS DISTINCT FROM
            (NEW.org_id, NEW.vehicle_id, NEW.kind, NEW.amount, NEW.occurred_on, NEW.file_id))
    EXECUTE FUNCTION kit_refuse_change()
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0020_costs_of_vehicles"), ("org", "0002_walls")]

    operations = [
        *walls.tenant("billing_vehiclecost"),
        *walls.audited("billing_vehiclecost"),
        migrations.RunSQL(STANDS, "DROP TRIGGER a_recorded_cost_stands ON billing_vehiclecost"),
    ]
