from django.db import migrations

from panshi.kit import walls

# Owned by HQ: who adds a node below its own may not write rows of a node that it does not see yet.
FUNCTIONS = """
CREATE FUNCTION org_place_is_allowed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public AS $$
DECLARE above text;
BEGIN
    IF NEW.parent_id IS NULL THEN
        RETURN NEW;
    END IF;
    SELECT kind INTO above FROM org_orgnode WHERE id = NEW.parent_id;
    IF (NEW.kind, above) NOT IN
        (('REGION', 'PLATFORM'), ('OPERATOR', 'REGION'), ('TEAM', 'OPERATOR')) THEN
        RAISE EXCEPTION 'a % cannot stand below a %', NEW.kind, above
            USING ERRCODE = 'check_violation', CONSTRAINT = 'a_node_stands_below_its_kind';
    END IF;
    RETURN NEW;
END $$;
CREATE FUNCTION org_first_edge() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public AS $$
BEGIN
    IF NEW.parent_id IS NOT NULL THEN
        INSERT INTO org_orgedge (child_id, parent_id, during)
        VALUES (NEW.id, NEW.parent_id, daterange(NULL, NULL));
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION org_parent_is_of_the_last_edge() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM org_orgedge e JOIN org_orgnode n ON n.id = e.child_id
        WHERE n.id = NEW.id AND e.parent_id = n.parent_id AND upper_inf(e.during)) THEN
        RAISE EXCEPTION 'node % moved without its edge', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'a_node_stands_where_its_edge_says';
    END IF;
    RETURN NULL;
END $$;
GRANT CREATE ON SCHEMA public TO panshi_hq;
ALTER FUNCTION org_place_is_allowed() OWNER TO panshi_hq;
ALTER FUNCTION org_first_edge() OWNER TO panshi_hq;
ALTER FUNCTION org_parent_is_of_the_last_edge() OWNER TO panshi_hq;
SET LOCAL ROLE panshi_hq;
GRANT EXECUTE ON FUNCTION org_place_is_allowed(), org_first_edge(),
    org_parent_is_of_the_last_edge() TO panshi_owner;
RESET ROLE;
REVOKE CREATE ON SCHEMA public FROM panshi_hq;
CREATE TRIGGER a_node_stands_below_its_kind BEFORE INSERT OR UPDATE OF parent_id, kind
    ON org_orgnode FOR EACH ROW EXECUTE FUNCTION org_place_is_allowed();
CREATE TRIGGER a_node_has_its_first_edge AFTER INSERT
    ON org_orgnode FOR EACH ROW EXECUTE FUNCTION org_first_edge();
CREATE CONSTRAINT TRIGGER a_node_stands_where_its_edge_says AFTER UPDATE OF parent_id
    ON org_orgnode DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION org_parent_is_of_the_last_edge()
"""
BACK = """
DROP TRIGGER a_node_stands_where_its_edge_says ON org_orgnode;
DROP TRIGGER a_node_has_its_first_edge ON org_orgnode;
DROP TRIGGER a_node_stands_below_its_kind ON org_orgnode;
DROP FUNCTION org_parent_is_of_the_last_edge();
DROP FUNCTION org_first_edge();
DROP FUNCTION org_place_is_allowed()
"""
# Nodes that are there already stood where they stand from the beginning.
FILL = """
SET LOCAL ROLE panshi_hq;
INSERT INTO org_orgedge (child_id, parent_id, during)
SELECT id, parent_id, daterange(NULL, NULL) FROM org_orgnode WHERE parent_id IS NOT NULL;
RESET ROLE
"""


class Migration(migrations.Migration):
    dependencies = [("org", "0004_nodes_move_from_a_day_on")]

    operations = [
        *walls.tenant("org_orgedge", column="child_id", reference=True),
        migrations.RunSQL(
            "GRANT USAGE ON SEQUENCE org_orgedge_id_seq TO panshi_app, panshi_hq",
            migrations.RunSQL.noop,
        ),
        migrations.RunSQL(FUNCTIONS, BACK),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
