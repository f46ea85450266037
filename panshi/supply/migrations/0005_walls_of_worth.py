from datetime import date
from decimal import Decimal

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from panshi.kit import walls

GRANTS = """
GRANT SELECT ON supply_stockterms TO panshi_app, panshi_hq, panshi_report;
GRANT INSERT, UPDATE ON supply_stockterms TO panshi_hq;
GRANT USAGE ON SEQUENCE supply_stockterms_id_seq TO panshi_hq;
CREATE TRIGGER an_entered_invoice_stands BEFORE UPDATE ON supply_supplierinvoice FOR EACH ROW
    WHEN (OLD.state <> 'ENTERED'
        OR (OLD.org_id, OLD.supplier, OLD.number, OLD.issued_on, OLD.net, OLD.vat, OLD.file_id)
            IS DISTINCT FROM
            (NEW.org_id, NEW.supplier, NEW.number, NEW.issued_on, NEW.net, NEW.vat, NEW.file_id))
    EXECUTE FUNCTION kit_refuse_change()
"""
BACK = """
DROP TRIGGER an_entered_invoice_stands ON supply_supplierinvoice;
REVOKE ALL ON supply_stockterms FROM panshi_app, panshi_hq, panshi_report
"""


def publish(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("supply", "StockTerms").objects.create(
        starts_on=date(2000, 1, 1), input_vat=Decimal("0.1300")
    )


def withdraw(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("supply", "StockTerms").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [
        ("supply", "0004_worth_of_parts_and_their_invoices"),
        ("ledger", "0012_accounts_of_stock_and_prepaid_costs"),
        ("org", "0002_walls"),
    ]

    operations = [
        *walls.tenant("supply_partworth", grants="SELECT, INSERT, UPDATE"),
        *walls.tenant("supply_supplierinvoice", grants="SELECT, INSERT, UPDATE"),
        *walls.tenant("supply_supplierinvoiceline", grants="SELECT, INSERT, UPDATE"),
        *walls.tenant("supply_worthchange", grants="SELECT, INSERT"),
        *walls.append_only("supply_worthchange"),
        *walls.audited("supply_supplierinvoice"),
        migrations.RunSQL(GRANTS, BACK),
        migrations.RunPython(publish, withdraw),
    ]
