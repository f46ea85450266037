from django.db import migrations

from panshi.kit import walls

# A position says what has been counted: one that went back would count it twice.
FORWARD_ONLY = """
CREATE FUNCTION telematics_position_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.position < OLD.position OR NEW.name <> OLD.name OR NEW.gateway <> OLD.gateway THEN
        RAISE EXCEPTION 'the position of % would go back from % to %',
            OLD.name, OLD.position, NEW.position USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER a_position_only_grows BEFORE UPDATE ON telematics_consumer
    FOR EACH ROW EXECUTE FUNCTION telematics_position_only_grows()
"""
FORWARD_ONLY_BACK = """
DROP TRIGGER a_position_only_grows ON telematics_consumer;
DROP FUNCTION telematics_position_only_grows()
"""


class Migration(migrations.Migration):
    dependencies = [("telematics", "0001_devices_live_history"), ("org", "0002_walls")]

    operations = [
        *walls.hq_only("telematics_devicemodel"),
        *walls.hq_only("telematics_series"),
        *walls.hq_only("telematics_consumer", grants="SELECT, INSERT, UPDATE"),
        *walls.hq_only("telematics_historyfile", grants="SELECT, INSERT, UPDATE, DELETE"),
        *walls.tenant("telematics_device"),
        *walls.tenant("telematics_fitting"),
        *walls.tenant("telematics_session", grants="SELECT, INSERT, UPDATE, DELETE"),
        *walls.tenant("telematics_rejectcount", grants="SELECT, INSERT, UPDATE, DELETE"),
        *walls.tenant("telematics_livestate", customer_column="customer_id"),
        *walls.tenant("telematics_alarmepisode", customer_column="customer_id"),
        *walls.audited("telematics_device"),
        *walls.audited("telematics_fitting"),
        migrations.RunSQL(FORWARD_ONLY, FORWARD_ONLY_BACK),
        # Room in each page for the next version of a row keeps an update off the indexes.
        migrations.RunSQL(
            "ALTER TABLE telematics_livestate SET (fillfactor = 70)",
            "ALTER TABLE telematics_livestate RESET (fillfactor)",
        ),
    ]
