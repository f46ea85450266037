from django.db import migrations

STANDS = """
CREATE OR REPLACE TRIGGER a_recorded_cost_stands BEFORE UPDATE ON billing_vehiclecost FOR EACH ROW
    WHEN (OLD.reversed_at IS NOT NULL OR OLD.released_until > NEW.released_until
        OR (OLD.released_until IS NOT NULL AND NEW.released_until IS NULL)
        OR (OLD.org_id, OLD.vehicle_id, OLD.kind, OLD.amount, OLD.occurred_on, OLD.file_id,
                OLD.vat, OLD.covers_from, OLD.covers_until)
            IS DISTINCT FROM
            (NEW.org_id, NEW.vehicle_id, NEW.kind, NEW.amount, NEW.occurred_on, NEW.file_id,
                NEW.vat, NEW.covers_from, NEW.covers_until))
    EXECUTE FUNCTION kit_refuse_change()
"""
STOOD = """
CREATE OR REPLACE TRIGGER a_recorded_cost_stands BEFORE UPDATE ON billing_vehiclecost FOR EACH ROW
    WHEN (OLD.reversed_at IS NOT NULL
        OR (OLD.org_id, OLD.vehicle_id, OLD.kind, OLD.amount, OLD.occurred_on, OLD.file_id)
            IS DISTINCT FROM
            (NEW.org_id, NEW.vehicle_id, NEW.kind, NEW.amount, NEW.occurred_on, NEW.file_id))
    EXECUTE FUNCTION kit_refuse_change()
"""


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0022_prepaid_costs_and_input_vat"),
        ("ledger", "0012_accounts_of_stock_and_prepaid_costs"),
    ]

    operations = [migrations.RunSQL(STANDS, STOOD)]
