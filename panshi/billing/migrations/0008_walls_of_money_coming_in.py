from datetime import date
from decimal import Decimal

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from panshi.kit import walls

# All lines of a statement come in one statement of SQL, as all legs of an entry do.
ADDS_UP = """
CREATE FUNCTION billing_check_statement() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wrong uuid;
BEGIN
    SELECT a.statement_id INTO wrong
    FROM added a LEFT JOIN billing_bankstatement s
        ON s.id = a.statement_id AND s.org_id = a.org_id
    GROUP BY a.statement_id, s.opening, s.closing, s.lines
    HAVING s.opening IS NULL OR s.opening + sum(a.amount) <> s.closing OR count(*) <> s.lines
    LIMIT 1;
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'bank statement % does not add up', wrong
            USING ERRCODE = 'check_violation', CONSTRAINT = 'a_statement_adds_up';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER a_statement_adds_up AFTER INSERT ON billing_bankline
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION billing_check_statement();
CREATE TRIGGER what_the_bank_said_stays BEFORE UPDATE OF
    statement_id, org_id, line, value_on, amount, balance, payer, account, account_index,
    virtual_account, virtual_index, memo, serial_no, fingerprint
    ON billing_bankline FOR EACH ROW EXECUTE FUNCTION kit_refuse_change();
CREATE TRIGGER a_bank_line_is_never_deleted BEFORE DELETE ON billing_bankline
    FOR EACH ROW EXECUTE FUNCTION kit_refuse_change();
CREATE TRIGGER billing_bankline_is_audited AFTER UPDATE ON billing_bankline
    FOR EACH ROW EXECUTE FUNCTION org_audit_change()
"""
NO_SUM = """
DROP TRIGGER billing_bankline_is_audited ON billing_bankline;
DROP TRIGGER a_bank_line_is_never_deleted ON billing_bankline;
DROP TRIGGER what_the_bank_said_stays ON billing_bankline;
DROP TRIGGER a_statement_adds_up ON billing_bankline;
DROP FUNCTION billing_check_statement()
"""
TERMS = """
GRANT SELECT ON billing_channelterms TO panshi_app, panshi_hq, panshi_report;
GRANT INSERT, UPDATE ON billing_channelterms TO panshi_hq;
GRANT USAGE ON SEQUENCE billing_channelterms_id_seq TO panshi_hq
"""
NO_TERMS = """
REVOKE ALL ON billing_channelterms FROM panshi_app, panshi_hq, panshi_report
"""


def fill(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    terms = apps.get_model("billing", "ChannelTerms")
    terms.objects.bulk_create(
        terms(
            channel=channel,
            starts_on=date(2020, 1, 1),
            share=Decimal("0.006"),
            confirmed=channel == "SIM",
        )
        for channel in ("SIM", "WECHAT", "ALIPAY")
    )


def empty(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("billing", "ChannelTerms").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0007_money_comes_in_checked_and_goes_back"),
        ("org", "0002_walls"),
        ("kit", "0003_walls"),
    ]

    operations = [
        migrations.RunPython(fill, empty),
        migrations.RunSQL(TERMS, NO_TERMS),
        *walls.tenant("billing_refund", customer_column="customer_id"),
        *walls.tenant("billing_refundmove", grants="SELECT, INSERT"),
        *walls.tenant("billing_allocationrule", reference=True),
        *walls.tenant("billing_bankstatement", grants="SELECT, INSERT"),
        *walls.tenant("billing_bankline"),
        *walls.tenant("billing_customeraccount"),
        *walls.tenant("billing_channelcheck", grants="SELECT, INSERT"),
        *walls.tenant("billing_channeldifference"),
        *walls.append_only("billing_refundmove"),
        *walls.append_only("billing_bankstatement"),
        *walls.append_only("billing_channelcheck"),
        *walls.audited("billing_refund"),
        *walls.audited("billing_allocationrule"),
        *walls.audited("billing_customeraccount"),
        *walls.audited("billing_channeldifference"),
        migrations.RunSQL(ADDS_UP, NO_SUM),
    ]
