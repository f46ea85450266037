from django.db import migrations

from panshi.kit import walls

# Both functions belong to HQ, so that balances change though no member of staff may write them.
BALANCES = """
CREATE FUNCTION supply_apply_movement() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public AS $$
BEGIN
    IF (SELECT kind FROM supply_location WHERE id = NEW.source_id)
        NOT IN ('SUPPLIER', 'CUSTOMER', 'SCRAP') THEN
        UPDATE supply_stockbalance SET on_hand = on_hand - NEW.quantity
        WHERE location_id = NEW.source_id AND item_id = NEW.item_id AND lot = NEW.lot;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'reserved_within_on_hand: nothing of this item lies at the source'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'reserved_within_on_hand';
        END IF;
    END IF;
    IF (SELECT kind FROM supply_location WHERE id = NEW.target_id)
        NOT IN ('SUPPLIER', 'CUSTOMER', 'SCRAP') THEN
        INSERT INTO supply_stockbalance (id, org_id, location_id, item_id, lot, on_hand, reserved)
        SELECT gen_random_uuid(), l.org_id, l.id, NEW.item_id, NEW.lot, NEW.quantity, 0
        FROM supply_location l WHERE l.id = NEW.target_id
        ON CONFLICT (location_id, item_id, lot)
        DO UPDATE SET on_hand = supply_stockbalance.on_hand + EXCLUDED.on_hand;
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION supply_apply_reservation() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.state IN ('HELD', 'RESERVED', 'KITTED') THEN
        UPDATE supply_stockbalance SET reserved = reserved - OLD.quantity
        WHERE location_id = OLD.location_id AND item_id = OLD.item_id AND lot = OLD.lot;
    END IF;
    IF NEW.state IN ('HELD', 'RESERVED', 'KITTED') THEN
        UPDATE supply_stockbalance SET reserved = reserved + NEW.quantity
        WHERE location_id = NEW.location_id AND item_id = NEW.item_id AND lot = NEW.lot;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'reserved_within_on_hand: nothing of this item lies there'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'reserved_within_on_hand';
        END IF;
    END IF;
    RETURN NULL;
END $$;

GRANT CREATE ON SCHEMA public TO panshi_hq;
ALTER FUNCTION supply_apply_movement() OWNER TO panshi_hq;
ALTER FUNCTION supply_apply_reservation() OWNER TO panshi_hq;
SET LOCAL ROLE panshi_hq;
GRANT EXECUTE ON FUNCTION supply_apply_movement(), supply_apply_reservation() TO panshi_owner;
RESET ROLE;
REVOKE CREATE ON SCHEMA public FROM panshi_hq;
GRANT INSERT, UPDATE ON supply_stockbalance TO panshi_hq;
CREATE TRIGGER supply_movement_counts AFTER INSERT ON supply_stockmovement
    FOR EACH ROW EXECUTE FUNCTION supply_apply_movement();
CREATE TRIGGER supply_reservation_counts AFTER INSERT OR UPDATE ON supply_reservation
    FOR EACH ROW EXECUTE FUNCTION supply_apply_reservation()
"""

BACK = """
DROP TRIGGER supply_movement_counts ON supply_stockmovement;
DROP TRIGGER supply_reservation_counts ON supply_reservation;
DROP FUNCTION supply_apply_movement();
DROP FUNCTION supply_apply_reservation()
"""


class Migration(migrations.Migration):
    dependencies = [("supply", "0001_initial"), ("kit", "0003_walls"), ("org", "0002_walls")]

    operations = [
        *walls.tenant("supply_item", reference=True),
        *walls.tenant("supply_location"),
        *walls.tenant("supply_vankeeping"),
        *walls.tenant("supply_stockmovement", grants="SELECT, INSERT"),
        *walls.tenant("supply_stockbalance", grants="SELECT"),
        *walls.tenant("supply_reservation"),
        *walls.append_only("supply_stockmovement"),
        *walls.audited("supply_item"),
        *walls.audited("supply_location"),
        *walls.audited("supply_vankeeping"),
        migrations.RunSQL(BALANCES, BACK),
    ]
