from django.db import migrations

from panshi.kit import walls

VIN_CHECK = """
CREATE FUNCTION fleet_vin_is_right(vin text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT vin ~ '^[A-HJ-NPR-Z0-9]{8}[0-9X][A-HJ-NPR-Z0-9]{8}$' AND (
        SELECT substr('0123456789X', (sum(
            substr(translate(vin, 'ABCDEFGHJKLMNPRSTUVWXYZ', '12345678123457923456789'), at, 1)::int
            * (ARRAY[8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2])[at]
        ) % 11)::int + 1, 1) FROM generate_series(1, 17) AS at WHERE at <> 9
    ) = substr(vin, 9, 1)
$$;
GRANT EXECUTE ON FUNCTION fleet_vin_is_right(text) TO panshi_app, panshi_hq;
ALTER TABLE fleet_vehicle
    ADD CONSTRAINT a_vin_has_its_check_digit CHECK (fleet_vin_is_right(vin))
"""
VIN_CHECK_BACK = """
ALTER TABLE fleet_vehicle DROP CONSTRAINT a_vin_has_its_check_digit;
DROP FUNCTION fleet_vin_is_right(text)
"""

# `id + 0` keeps the planner from walking the primary key backwards on a table without statistics,
# which would read all events for each vehicle that is new.
# The register is one for all nodes: a VIN or plate taken elsewhere must be refused in words, so
# these two look past the walls, and tell no more than the node.
TAKEN = """
CREATE FUNCTION fleet_taken_vins(words text[]) RETURNS TABLE (word text, org_id int, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
    SELECT vin::text, org_id, id FROM fleet_vehicle WHERE vin = ANY(words)
$$;
CREATE FUNCTION fleet_taken_plates(words text[]) RETURNS TABLE (word text, org_id int, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
    SELECT plate::text, org_id, id FROM fleet_vehicle WHERE plate <> '' AND plate = ANY(words)
$$;
CREATE FUNCTION fleet_event_follows() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public AS $$
DECLARE
    last text;
BEGIN
    SELECT to_state INTO last FROM fleet_vehicleevent
    WHERE vehicle_id = NEW.vehicle_id ORDER BY id + 0 DESC LIMIT 1;
    IF NEW.from_state IS DISTINCT FROM last THEN
        RAISE EXCEPTION 'an event must start where the last one ended: % is not %',
            COALESCE(NEW.from_state, 'nothing'), COALESCE(last, 'nothing')
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE FUNCTION fleet_state_is_told() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public AS $$
DECLARE
    here text;
    last text;
BEGIN
    SELECT state INTO here FROM fleet_vehicle WHERE id = NEW.id;
    SELECT to_state INTO last FROM fleet_vehicleevent
    WHERE vehicle_id = NEW.id ORDER BY id + 0 DESC LIMIT 1;
    IF here IS NOT NULL AND here IS DISTINCT FROM last THEN
        RAISE EXCEPTION 'the state % of vehicle % is not what its last event says (%)',
            here, NEW.vin, COALESCE(last, 'nothing') USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
GRANT CREATE ON SCHEMA public TO panshi_hq;
ALTER FUNCTION fleet_taken_vins(text[]) OWNER TO panshi_hq;
ALTER FUNCTION fleet_taken_plates(text[]) OWNER TO panshi_hq;
ALTER FUNCTION fleet_event_follows() OWNER TO panshi_hq;
ALTER FUNCTION fleet_state_is_told() OWNER TO panshi_hq;
SET LOCAL ROLE panshi_hq;
GRANT EXECUTE ON FUNCTION fleet_taken_vins(text[]), fleet_taken_plates(text[]) TO panshi_app;
GRANT EXECUTE ON FUNCTION fleet_event_follows(), fleet_state_is_told() TO panshi_owner;
RESET ROLE;
REVOKE CREATE ON SCHEMA public FROM panshi_hq;
CREATE TRIGGER an_event_follows_the_last BEFORE INSERT ON fleet_vehicleevent
    FOR EACH ROW EXECUTE FUNCTION fleet_event_follows();
CREATE CONSTRAINT TRIGGER a_state_is_what_the_last_event_says
    AFTER INSERT OR UPDATE OF state ON fleet_vehicle DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION fleet_state_is_told()
"""
TAKEN_BACK = """
DROP TRIGGER a_state_is_what_the_last_event_says ON fleet_vehicle;
DROP TRIGGER an_event_follows_the_last ON fleet_vehicleevent;
SET LOCAL ROLE panshi_hq;
DROP FUNCTION fleet_state_is_told();
DROP FUNCTION fleet_event_follows();
DROP FUNCTION fleet_taken_plates(text[]);
DROP FUNCTION fleet_taken_vins(text[]);
RESET ROLE
"""

# History is never changed. Only a vehicle to which nothing has happened since it was entered may be
# taken out again, with its entry, when the import that brought it is undone; the audit trail stays.
HISTORY_STANDS = """
CREATE FUNCTION fleet_history_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.from_state IS NULL AND NOT EXISTS (
            SELECT FROM fleet_vehicleevent e WHERE e.vehicle_id = OLD.vehicle_id AND e.id <> OLD.id
        ) THEN
            RETURN OLD;
        END IF;
    END IF;
    RAISE EXCEPTION 'the history of a vehicle is only ever added to'
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER a_vehicles_history_stands BEFORE UPDATE OR DELETE ON fleet_vehicleevent
    FOR EACH ROW EXECUTE FUNCTION fleet_history_stands();
CREATE TRIGGER a_vehicles_history_is_never_truncated BEFORE TRUNCATE ON fleet_vehicleevent
    FOR EACH STATEMENT EXECUTE FUNCTION fleet_history_stands()
"""
HISTORY_STANDS_BACK = """
DROP TRIGGER a_vehicles_history_is_never_truncated ON fleet_vehicleevent;
DROP TRIGGER a_vehicles_history_stands ON fleet_vehicleevent;
DROP FUNCTION fleet_history_stands()
"""

# A version of a paper is never rewritten; its scan is added once, and a newer one replaces it.
PAPER_STANDS = """
CREATE FUNCTION fleet_paper_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.vehicle_id, NEW.kind, NEW.version, NEW.number, NEW.issued_on, NEW.expires_on)
        IS DISTINCT FROM
       (OLD.vehicle_id, OLD.kind, OLD.version, OLD.number, OLD.issued_on, OLD.expires_on)
       OR (OLD.sha256 <> '' AND NEW.sha256 <> OLD.sha256)
       OR (NEW.current AND NOT OLD.current)
    THEN
        RAISE EXCEPTION 'a paper is replaced by a new version, not changed'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER a_paper_stands BEFORE UPDATE ON fleet_document
    FOR EACH ROW EXECUTE FUNCTION fleet_paper_stands()
"""
PAPER_STANDS_BACK = """
DROP TRIGGER a_paper_stands ON fleet_document;
DROP FUNCTION fleet_paper_stands()
"""


def _with_the_vehicles_node(table: str) -> migrations.RunSQL:
    """A vehicle's row cannot sit in another node than its vehicle."""
    name = f"{table}_lies_with_its_vehicle"
    return migrations.RunSQL(
        f"ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY (vehicle_id, org_id)"
        " REFERENCES fleet_vehicle (id, org_id)",
        f"ALTER TABLE {table} DROP CONSTRAINT {name}",
    )


_CHILDREN = ("vehicleevent", "plateholding", "document", "dueitem", "inspection")


class Migration(migrations.Migration):
    dependencies = [("fleet", "0001_initial"), ("org", "0002_walls"), ("kit", "0003_walls")]

    operations = [
        migrations.RunSQL(VIN_CHECK, VIN_CHECK_BACK),
        *walls.tenant("fleet_vehiclemodel", reference=True),
        *walls.tenant(
            "fleet_vehicle", grants="SELECT, INSERT, UPDATE, DELETE", customer_column="customer_id"
        ),
        *walls.tenant("fleet_vehicleevent", grants="SELECT, INSERT, DELETE"),
        *walls.tenant("fleet_plateholding", grants="SELECT, INSERT, UPDATE, DELETE"),
        *walls.tenant("fleet_document", grants="SELECT, INSERT, UPDATE, DELETE"),
        *walls.tenant("fleet_dueitem", grants="SELECT, INSERT, UPDATE, DELETE"),
        *walls.tenant("fleet_inspection", grants="SELECT, INSERT"),
        migrations.RunSQL(TAKEN, TAKEN_BACK),
        migrations.RunSQL(PAPER_STANDS, PAPER_STANDS_BACK),
        *[_with_the_vehicles_node(f"fleet_{child}") for child in _CHILDREN],
        migrations.RunSQL(HISTORY_STANDS, HISTORY_STANDS_BACK),
        *walls.append_only("fleet_inspection"),
        *walls.audited("fleet_vehiclemodel"),
        *walls.audited("fleet_vehicle"),
        *walls.audited("fleet_document"),
    ]
