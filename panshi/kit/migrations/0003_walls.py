from django.db import migrations

from panshi.kit import walls

REFUSE_CHANGE = """
CREATE FUNCTION kit_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are only ever added', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$
"""


class Migration(migrations.Migration):
    dependencies = [("kit", "0002_initial")]

    operations = [
        migrations.RunSQL(REFUSE_CHANGE, "DROP FUNCTION kit_refuse_change()"),
        *walls.tenant("kit_outbox", grants="SELECT, INSERT"),
        *walls.tenant("kit_delivery", grants="SELECT, INSERT, UPDATE"),
        *walls.tenant("kit_idempotent"),
        *walls.tenant("kit_number"),
        *walls.tenant("kit_storedfile", customer_column="customer_id"),
        *walls.tenant("kit_longtask"),
    ]
