from datetime import date

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from panshi.kit import walls

# A quote that was sent keeps its terms and where its price comes from.
STAYS = """
CREATE TRIGGER a_quote_keeps_its_price BEFORE UPDATE ON leasing_quote
    FOR EACH ROW WHEN (
        (OLD.customer_id, OLD.vehicle_id, OLD.product_code, OLD.starts_on, OLD.months,
         OLD.monthly_rent, OLD.deposit, OLD.listed, OLD.floor, OLD.book_id, OLD.row_id)
        IS DISTINCT FROM
        (NEW.customer_id, NEW.vehicle_id, NEW.product_code, NEW.starts_on, NEW.months,
         NEW.monthly_rent, NEW.deposit, NEW.listed, NEW.floor, NEW.book_id, NEW.row_id)
    ) EXECUTE FUNCTION kit_refuse_change()
"""
GOES = "DROP TRIGGER a_quote_keeps_its_price ON leasing_quote"
PUBLISHED = """
GRANT SELECT ON leasing_quotepolicy TO panshi_app, panshi_hq, panshi_report, panshi_portal;
GRANT INSERT, UPDATE ON leasing_quotepolicy TO panshi_hq;
GRANT USAGE ON SEQUENCE leasing_quotepolicy_id_seq TO panshi_hq
"""
NOT_PUBLISHED = """
REVOKE ALL ON leasing_quotepolicy FROM panshi_app, panshi_hq, panshi_report, panshi_portal
"""


def fill(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("leasing", "QuotePolicy").objects.create(
        starts_on=date(2019, 4, 1), valid_days=15, hold_hours=72
    )


def empty(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("leasing", "QuotePolicy").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [("leasing", "0009_quotes_are_priced_held_and_answered")]

    operations = [
        migrations.RunPython(fill, empty),
        *walls.tenant("leasing_quote", customer_column="customer_id"),
        *walls.audited("leasing_quote"),
        migrations.RunSQL(STAYS, GOES),
        migrations.RunSQL(PUBLISHED, NOT_PUBLISHED),
    ]
