from django.db import migrations

from panshi.kit import walls

FROZEN = """
CREATE TRIGGER a_write_off_that_ended_never_changes BEFORE UPDATE OR DELETE ON billing_writeoff
    FOR EACH ROW WHEN (OLD.state IN ('DECLINED', 'RECOVERED')) EXECUTE FUNCTION kit_refuse_change()
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0017_hopeless_debts_are_written_off"), ("org", "0002_walls")]

    operations = [
        *walls.tenant("billing_writeoff"),
        *walls.tenant("billing_writeoffpart"),
        *walls.audited("billing_writeoff"),
        *walls.audited("billing_writeoffpart"),
        migrations.RunSQL(
            FROZEN, "DROP TRIGGER a_write_off_that_ended_never_changes ON billing_writeoff"
        ),
    ]
