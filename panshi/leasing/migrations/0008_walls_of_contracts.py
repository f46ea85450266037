from django.db import migrations

from panshi.kit import walls

# What was signed or withdrawn stays; before that no copy and no evidence is lost.
STAYS = """
CREATE TRIGGER a_signed_contract_stays BEFORE UPDATE ON leasing_contract
    FOR EACH ROW WHEN (
        OLD.state IN ('SIGNED', 'VOID')
        AND (to_jsonb(OLD) - 'effective_at' <> to_jsonb(NEW) - 'effective_at'
             OR OLD.effective_at IS NOT NULL)
    ) EXECUTE FUNCTION kit_refuse_change();
CREATE TRIGGER a_contract_forgets_nothing BEFORE UPDATE ON leasing_contract
    FOR EACH ROW WHEN (
        NOT NEW.copies @> OLD.copies OR NOT NEW.evidence @> OLD.evidence
        OR NEW.lease_id <> OLD.lease_id OR NEW.customer_id <> OLD.customer_id
    ) EXECUTE FUNCTION kit_refuse_change()
"""
GOES = """
DROP TRIGGER a_contract_forgets_nothing ON leasing_contract;
DROP TRIGGER a_signed_contract_stays ON leasing_contract
"""


class Migration(migrations.Migration):
    dependencies = [("leasing", "0007_contracts_are_signed_by_both_sides")]

    operations = [
        *walls.tenant("leasing_contract", customer_column="customer_id"),
        *walls.tenant(
            "leasing_contractview", grants="SELECT, INSERT", customer_column="customer_id"
        ),
        *walls.append_only("leasing_contractview"),
        *walls.audited("leasing_contract"),
        migrations.RunSQL(STAYS, GOES),
    ]
