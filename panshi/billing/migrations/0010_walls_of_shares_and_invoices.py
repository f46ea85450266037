from django.db import migrations

from panshi.kit import walls

# All parts of an accrual come in one statement, and are what it added.
SUMS = """
CREATE FUNCTION billing_check_shares() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM added p LEFT JOIN billing_shareaccrual a
            ON a.id = p.accrual_id AND a.org_id = p.org_id
        GROUP BY p.accrual_id, a.added HAVING a.added IS DISTINCT FROM sum(p.amount)
    ) THEN
        RAISE EXCEPTION 'the parts of a share are not what was collected'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'shares_sum_to_what_was_collected';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER shares_sum_to_what_was_collected AFTER INSERT ON billing_shareposting
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION billing_check_shares();

CREATE FUNCTION billing_check_red() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM billing_einvoice o WHERE o.id = NEW.red_of_id AND o.org_id = NEW.org_id
            AND o.number IS NOT NULL AND (o.net, o.vat, o.total) = (-NEW.net, -NEW.vat, -NEW.total)
    ) THEN
        RAISE EXCEPTION 'a red letter takes a whole issued invoice back'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'a_red_letter_equals_its_invoice';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER a_red_letter_equals_its_invoice AFTER INSERT ON billing_einvoice
    FOR EACH ROW WHEN (NEW.red_of_id IS NOT NULL) EXECUTE FUNCTION billing_check_red()
"""
NO_SUMS = """
DROP TRIGGER a_red_letter_equals_its_invoice ON billing_einvoice;
DROP FUNCTION billing_check_red();
DROP TRIGGER shares_sum_to_what_was_collected ON billing_shareposting;
DROP FUNCTION billing_check_shares()
"""


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0009_shares_invoices_and_financing"),
        ("ledger", "0009_accounts_of_partners_and_funders"),
    ]

    operations = [
        *walls.tenant("billing_sharescheme", reference=True),
        *walls.tenant("billing_sharestep", reference=True, grants="SELECT, INSERT"),
        *walls.tenant("billing_shareaccrual", grants="SELECT, INSERT"),
        *walls.tenant("billing_shareposting", grants="SELECT, INSERT"),
        *walls.tenant("billing_sharestatement"),
        *walls.tenant("billing_financing"),
        *walls.tenant("billing_einvoice", customer_column="customer_id"),
        *walls.tenant("billing_einvoiceline", customer_column="customer_id"),
        *walls.append_only("billing_sharestep"),
        *walls.append_only("billing_shareaccrual"),
        *walls.append_only("billing_shareposting"),
        *walls.audited("billing_sharescheme"),
        *walls.audited("billing_sharestatement"),
        *walls.audited("billing_financing"),
        *walls.audited("billing_einvoice"),
        migrations.RunSQL(SUMS, NO_SUMS),
    ]
