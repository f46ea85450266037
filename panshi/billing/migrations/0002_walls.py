from datetime import date
from decimal import Decimal

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from panshi.kit import walls

FROZEN = """
CREATE FUNCTION billing_refuse_bill_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'bill % is % and no longer changes', OLD.number, OLD.state
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'an_issued_bill_never_changes';
END $$;
CREATE TRIGGER an_issued_bill_never_changes BEFORE UPDATE ON billing_bill
    FOR EACH ROW WHEN (OLD.state <> 'DRAFT') EXECUTE FUNCTION billing_refuse_bill_change();
CREATE TRIGGER a_bill_is_never_deleted BEFORE DELETE ON billing_bill
    FOR EACH ROW EXECUTE FUNCTION billing_refuse_bill_change();

CREATE FUNCTION billing_check_lines() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM added a LEFT JOIN billing_bill b ON b.id = a.bill_id
        WHERE b.id IS NULL OR b.state <> 'DRAFT' OR b.org_id <> a.org_id
            OR b.customer_id <> a.customer_id
    ) THEN
        RAISE EXCEPTION 'lines join only a draft of the same organisation and customer'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'lines_join_a_draft';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER lines_join_a_draft AFTER INSERT ON billing_billline
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION billing_check_lines();

CREATE FUNCTION billing_check_total() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM changed c LEFT JOIN billing_billline l ON l.bill_id = c.id
        WHERE c.state = 'ISSUED' GROUP BY c.id, c.total HAVING c.total <> COALESCE(sum(l.gross), 0)
    ) THEN
        RAISE EXCEPTION 'a bill''s total is not the sum of its lines'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'a_total_is_the_sum_of_its_lines';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER a_total_is_the_sum_of_its_lines AFTER UPDATE ON billing_bill
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION billing_check_total();

CREATE FUNCTION billing_refuse_issued() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a bill starts as a draft'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'a_bill_starts_as_a_draft';
END $$;
CREATE TRIGGER a_bill_starts_as_a_draft BEFORE INSERT ON billing_bill
    FOR EACH ROW WHEN (NEW.state <> 'DRAFT') EXECUTE FUNCTION billing_refuse_issued();

CREATE TRIGGER a_published_price_book_stays BEFORE UPDATE ON billing_pricebook
    FOR EACH ROW
    WHEN (OLD.published_at IS NOT NULL AND NEW.ends_on IS NOT DISTINCT FROM OLD.ends_on)
    EXECUTE FUNCTION kit_refuse_change()
"""
NOT_FROZEN = """
DROP TRIGGER a_published_price_book_stays ON billing_pricebook;
DROP TRIGGER a_bill_starts_as_a_draft ON billing_bill;
DROP TRIGGER a_total_is_the_sum_of_its_lines ON billing_bill;
DROP TRIGGER lines_join_a_draft ON billing_billline;
DROP TRIGGER a_bill_is_never_deleted ON billing_bill;
DROP TRIGGER an_issued_bill_never_changes ON billing_bill;
DROP FUNCTION billing_refuse_issued();
DROP FUNCTION billing_check_total();
DROP FUNCTION billing_check_lines();
DROP FUNCTION billing_refuse_bill_change()
"""

# The run moves a plan's own bookmark each month; that is no change of the agreement.
PLAN_AUDIT = """
CREATE TRIGGER billing_chargeplan_is_audited AFTER INSERT OR DELETE OR UPDATE OF
    org_id, product_id, payer_id, source_kind, source_id, anchor_on, alignment, basis, starts_on,
    ends_on, city ON billing_chargeplan FOR EACH ROW EXECUTE FUNCTION org_audit_change()
"""

# Only the platform writes what every operator reads.
PUBLISHED = """
GRANT SELECT ON billing_product, billing_vatrate, billing_pricebook, billing_pricerow,
    billing_dunningrung TO panshi_app, panshi_hq, panshi_report, panshi_portal;
GRANT INSERT, UPDATE ON billing_product, billing_vatrate, billing_pricebook, billing_pricerow,
    billing_dunningrung TO panshi_hq;
GRANT USAGE ON SEQUENCE billing_vatrate_id_seq TO panshi_hq
"""
NOT_PUBLISHED = """
REVOKE ALL ON billing_product, billing_vatrate, billing_pricebook, billing_pricerow,
    billing_dunningrung FROM panshi_app, panshi_hq, panshi_report, panshi_portal
"""

RATES = [
    ("LEASING_13", "0.13"),
    ("REPAIR_13", "0.13"),
    ("SERVICE_6", "0.06"),
    ("SMALL_3", "0.03"),
    ("SMALL_1", "0.01"),
    ("NONE", "0"),
]

# code, line, English, Chinese, VAT, account, deferred, in advance, lead days, alignment, basis,
# needs a vehicle, recurring
PRODUCTS = [
    (
        "RENT_DAILY",
        "RENTAL",
        "Rental by the day",
        "日租",
        "LEASING_13",
        "6001.rental",
        True,
        False,
        0,
        "CALENDAR",
        "DAILY",
        True,
        True,
    ),
    (
        "RENT_MONTHLY",
        "RENTAL",
        "Rental by the month",
        "月租",
        "LEASING_13",
        "6001.rental",
        True,
        True,
        0,
        "ANCHOR",
        "ACTUAL",
        True,
        True,
    ),
    (
        "RENT_LONG",
        "RENTAL",
        "Long-term rental",
        "长租",
        "LEASING_13",
        "6001.rental",
        True,
        True,
        0,
        "ANCHOR",
        "ACTUAL",
        True,
        True,
    ),
    (
        "RENT_TO_OWN",
        "RENTAL",
        "Rent to own",
        "以租代购",
        "LEASING_13",
        "6001.rental",
        True,
        True,
        0,
        "ANCHOR",
        "WHOLE",
        True,
        True,
    ),
    (
        "CARE_PLAN",
        "SERVICE",
        "Maintenance plan",
        "保养套餐",
        "REPAIR_13",
        "6001.service",
        True,
        True,
        0,
        "ANCHOR",
        "ACTUAL",
        True,
        True,
    ),
    (
        "RESCUE_PLAN",
        "SERVICE",
        "Repair and rescue plan",
        "维修救援套餐",
        "REPAIR_13",
        "6001.service",
        True,
        True,
        0,
        "ANCHOR",
        "ACTUAL",
        True,
        True,
    ),
    (
        "REPLACEMENT",
        "SERVICE",
        "Replacement vehicle",
        "置换代步",
        "LEASING_13",
        "6001.service",
        True,
        False,
        0,
        "CALENDAR",
        "DAILY",
        True,
        True,
    ),
    (
        "SMART_BASIC",
        "SMART",
        "Smart control, basic",
        "智控基础",
        "SERVICE_6",
        "6001.smart",
        True,
        True,
        0,
        "CALENDAR",
        "ACTUAL",
        True,
        True,
    ),
    (
        "SMART_PLUS",
        "SMART",
        "Smart control, plus",
        "智控增值",
        "SERVICE_6",
        "6001.smart",
        True,
        True,
        0,
        "CALENDAR",
        "ACTUAL",
        True,
        True,
    ),
    (
        "SERVICE_LABOUR",
        "SERVICE",
        "Labour",
        "工时费",
        "REPAIR_13",
        "6001.service",
        False,
        False,
        0,
        "ANCHOR",
        "WHOLE",
        False,
        False,
    ),
    (
        "SERVICE_PARTS",
        "SERVICE",
        "Parts",
        "配件费",
        "REPAIR_13",
        "6001.service",
        False,
        False,
        0,
        "ANCHOR",
        "WHOLE",
        False,
        False,
    ),
    (
        "SERVICE_TRAVEL",
        "SERVICE",
        "Call-out",
        "上门费",
        "REPAIR_13",
        "6001.service",
        False,
        False,
        0,
        "ANCHOR",
        "WHOLE",
        False,
        False,
    ),
    (
        "KM_OVERAGE",
        "RENTAL",
        "Kilometres above the limit",
        "超里程费",
        "LEASING_13",
        "6001.rental",
        False,
        False,
        0,
        "ANCHOR",
        "WHOLE",
        False,
        False,
    ),
    (
        "DAMAGE",
        "OTHER",
        "Damage beyond wear",
        "车损费",
        "REPAIR_13",
        "6051",
        False,
        False,
        0,
        "ANCHOR",
        "WHOLE",
        False,
        False,
    ),
    (
        "FINE",
        "OTHER",
        "Traffic fine passed through",
        "违章罚款代缴",
        "NONE",
        "2241.03",
        False,
        False,
        0,
        "ANCHOR",
        "WHOLE",
        False,
        False,
    ),
    (
        "AGENCY_FEE",
        "OTHER",
        "Agency fee",
        "代办费",
        "SERVICE_6",
        "6051",
        False,
        False,
        0,
        "ANCHOR",
        "WHOLE",
        False,
        False,
    ),
    (
        "EARLY_FEE",
        "OTHER",
        "Early return fee",
        "提前退租违约金",
        "LEASING_13",
        "6051",
        False,
        False,
        0,
        "ANCHOR",
        "WHOLE",
        False,
        False,
    ),
    (
        "LATE_FEE",
        "OTHER",
        "Late fee",
        "滞纳金",
        "LEASING_13",
        "6051",
        False,
        False,
        0,
        "ANCHOR",
        "WHOLE",
        False,
        False,
    ),
    (
        "DEPOSIT",
        "OTHER",
        "Deposit",
        "押金",
        "NONE",
        "2241.02",
        False,
        False,
        0,
        "ANCHOR",
        "WHOLE",
        False,
        False,
    ),
]

RUNGS = [
    (-3, "REMINDER", "Reminder", "到期提醒"),
    (0, "DUE_NOTICE", "Due notice", "到期通知"),
    (1, "PAY_LINK", "Message with a link to pay", "催缴短信与支付链接"),
    (3, "CALL", "Call by the collector", "电话催收"),
    (5, "FORMAL_NOTICE", "Formal notice, late fee begins", "正式催告函，开始计滞纳金"),
    (7, "REGION_TOLD", "Region told, new leases blocked", "上报区域，停止新签"),
    (10, "LIMIT_ASKED", "Speed limit requested", "申请限速"),
    (15, "INHIBIT_ASKED", "Start inhibit requested", "申请禁止启动"),
    (20, "RECOVERY", "Recovery of the vehicle", "收车工单"),
    (30, "DEFAULT_REVIEW", "Default review", "违约评审"),
]


def fill(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    rate, product, rung = (
        apps.get_model("billing", name) for name in ("VatRate", "Product", "DunningRung")
    )
    rate.objects.bulk_create(
        rate(code=code, rate=Decimal(share), starts_on=date(2019, 4, 1)) for code, share in RATES
    )
    names = [
        "code",
        "line",
        "name",
        "name_zh",
        "vat_code",
        "account",
        "deferred",
        "in_advance",
        "lead_days",
        "alignment",
        "basis",
        "needs_vehicle",
        "recurring",
    ]
    product.objects.bulk_create(product(**dict(zip(names, row, strict=True))) for row in PRODUCTS)
    rung.objects.bulk_create(
        rung(day=day, code=code, name=name, name_zh=name_zh) for day, code, name, name_zh in RUNGS
    )


def empty(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for name in ("VatRate", "Product", "DunningRung"):
        apps.get_model("billing", name).objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [("billing", "0001_initial"), ("ledger", "0002_walls"), ("org", "0002_walls")]

    operations = [
        migrations.RunPython(fill, empty),
        *walls.tenant("billing_chargeplan"),
        *walls.tenant("billing_planprice"),
        *walls.tenant("billing_planvehicle"),
        *walls.tenant("billing_planbreak"),
        *walls.tenant("billing_billingrun", grants="SELECT, INSERT"),
        *walls.tenant("billing_billingexception"),
        *walls.tenant("billing_bill", customer_column="customer_id"),
        *walls.tenant("billing_billline", grants="SELECT, INSERT", customer_column="customer_id"),
        *walls.tenant("billing_billbalance", customer_column="customer_id"),
        *walls.tenant("billing_deposit", customer_column="customer_id"),
        *walls.tenant("billing_depositmove", grants="SELECT, INSERT"),
        *walls.tenant("billing_payment", customer_column="customer_id"),
        *walls.tenant(
            "billing_paymentbill", grants="SELECT, INSERT", customer_column="customer_id"
        ),
        *walls.tenant("billing_allocation", grants="SELECT, INSERT", customer_column="customer_id"),
        *walls.tenant("billing_callback"),
        *walls.tenant("billing_dunningcase"),
        *walls.tenant("billing_dunningstep", grants="SELECT, INSERT"),
        *walls.append_only("billing_billline"),
        *walls.append_only("billing_allocation"),
        *walls.append_only("billing_dunningstep"),
        *walls.append_only("billing_depositmove"),
        *walls.audited("billing_planprice"),
        *walls.audited("billing_deposit"),
        *walls.audited("billing_dunningcase"),
        migrations.RunSQL(
            PLAN_AUDIT, "DROP TRIGGER billing_chargeplan_is_audited ON billing_chargeplan"
        ),
        migrations.RunSQL(FROZEN, NOT_FROZEN),
        migrations.RunSQL(PUBLISHED, NOT_PUBLISHED),
    ]
