from django.db import migrations

from panshi.kit import walls

# Owned by HQ: they must see the platform's node, and every step of a run, whoever asks.
FUNCTIONS = """
CREATE FUNCTION handbook_hq_org() RETURNS integer LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public AS $$ SELECT id FROM org_orgnode WHERE kind = 'PLATFORM' $$;

CREATE FUNCTION handbook_refuse_open_close() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public AS $$
DECLARE open_step text;
BEGIN
    SELECT s.step_id INTO open_step FROM handbook_step s
    WHERE s.revision_id = NEW.revision_id AND s.required AND NOT s.repeated AND NOT EXISTS (
        SELECT 1 FROM handbook_runstep r
        WHERE r.run_id = NEW.id AND r.step_id = s.step_id AND NOT r.superseded
          AND (r.state IN ('DONE', 'SKIPPED') OR r.state = 'NOT_APPLICABLE' AND s.conditional))
    ORDER BY s.position LIMIT 1;
    IF open_step IS NULL THEN
        SELECT r.step_id INTO open_step FROM handbook_runstep r
        WHERE r.run_id = NEW.id AND r.required AND NOT r.superseded
          AND r.state NOT IN ('DONE', 'SKIPPED', 'NOT_APPLICABLE')
        LIMIT 1;
    END IF;
    IF open_step IS NOT NULL AND EXISTS (
        SELECT 1 FROM handbook_run WHERE id = NEW.id AND state = 'CLOSED'
            AND closed_by_fact_id IS NULL
    ) THEN
        RAISE EXCEPTION 'run % cannot close: required step % is open', NEW.id, open_step
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION handbook_search(wanted text[], orgs integer[], how_many integer)
RETURNS TABLE (document_id uuid, node_id uuid, score double precision)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
    WITH hit AS (
        SELECT d.id, d.node_id, w.term,
            ts_rank('{0.1, 0.3, 0.6, 1.0}', d.terms, quote_literal(w.term)::tsquery, 1) AS rank
        FROM unnest(wanted) AS w (term)
        JOIN handbook_searchdocument d ON d.terms @@ quote_literal(w.term)::tsquery
        WHERE d.org_id = handbook_hq_org() OR d.org_id = ANY(orgs)
    ), rarity AS (
        SELECT term, ln(1 + (SELECT count(*) FROM handbook_searchdocument)::float / count(*)) AS idf
        FROM hit GROUP BY term
    )
    SELECT h.id, h.node_id, sum(h.rank * r.idf * r.idf) AS score
    FROM hit h JOIN rarity r USING (term)
    GROUP BY h.id, h.node_id ORDER BY score DESC, h.id LIMIT how_many
$$;

GRANT CREATE ON SCHEMA public TO panshi_hq;
ALTER FUNCTION handbook_hq_org() OWNER TO panshi_hq;
ALTER FUNCTION handbook_refuse_open_close() OWNER TO panshi_hq;
ALTER FUNCTION handbook_search(text[], integer[], integer) OWNER TO panshi_hq;
SET LOCAL ROLE panshi_hq;
GRANT EXECUTE ON FUNCTION handbook_hq_org()
    TO panshi_owner, panshi_app, panshi_portal, panshi_report;
GRANT EXECUTE ON FUNCTION handbook_refuse_open_close() TO panshi_owner;
GRANT EXECUTE ON FUNCTION handbook_search(text[], integer[], integer) TO panshi_app, panshi_portal;
RESET ROLE;
REVOKE CREATE ON SCHEMA public FROM panshi_hq
"""
NO_FUNCTIONS = """
DROP FUNCTION handbook_search(text[], integer[], integer);
DROP FUNCTION handbook_refuse_open_close();
DROP FUNCTION handbook_hq_org()
"""

GUARDS = """
CREATE FUNCTION handbook_refuse_revision_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'revision % is approved and does not change', OLD.id
        USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER handbook_revision_is_frozen BEFORE UPDATE OR DELETE ON handbook_revision
FOR EACH ROW WHEN (OLD.state = 'APPROVED') EXECUTE FUNCTION handbook_refuse_revision_change();

CREATE FUNCTION handbook_refuse_step_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE revision uuid := CASE WHEN TG_OP = 'DELETE' THEN OLD.revision_id ELSE NEW.revision_id END;
BEGIN
    IF (SELECT state FROM handbook_revision WHERE id = revision) = 'APPROVED' THEN
        RAISE EXCEPTION 'the steps of revision % are approved and do not change', revision
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER handbook_step_is_frozen BEFORE INSERT OR UPDATE OR DELETE ON handbook_step
FOR EACH ROW EXECUTE FUNCTION handbook_refuse_step_change();

CREATE FUNCTION handbook_refuse_item_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE edition uuid := CASE WHEN TG_OP = 'DELETE' THEN OLD.edition_id ELSE NEW.edition_id END;
BEGIN
    IF (SELECT state FROM handbook_edition WHERE id = edition) <> 'OPEN' THEN
        RAISE EXCEPTION 'edition % is frozen', edition USING ERRCODE = 'check_violation';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER handbook_editionitem_is_frozen BEFORE INSERT OR UPDATE OR DELETE
ON handbook_editionitem FOR EACH ROW EXECUTE FUNCTION handbook_refuse_item_change();

CREATE FUNCTION handbook_refuse_edition_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'edition % is frozen', OLD.number USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER handbook_edition_is_frozen BEFORE UPDATE ON handbook_edition
FOR EACH ROW WHEN (OLD.state <> 'OPEN' AND (
    OLD.files IS DISTINCT FROM NEW.files OR OLD.sha256 IS DISTINCT FROM NEW.sha256
    OR OLD.number IS DISTINCT FROM NEW.number
    OR OLD.effective_from IS NOT NULL AND OLD.effective_from IS DISTINCT FROM NEW.effective_from))
EXECUTE FUNCTION handbook_refuse_edition_change();

CREATE FUNCTION handbook_refuse_node_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.slug <> NEW.slug THEN
        RAISE EXCEPTION 'the slug of node % never changes', OLD.slug
            USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.parent_id IS NOT NULL
        AND (SELECT level FROM handbook_node WHERE id = NEW.parent_id) <> 1 THEN
        RAISE EXCEPTION 'node % would be on a third level', NEW.slug
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER handbook_node_keeps_its_place BEFORE INSERT OR UPDATE ON handbook_node
FOR EACH ROW EXECUTE FUNCTION handbook_refuse_node_change();

CREATE CONSTRAINT TRIGGER handbook_run_closes_complete AFTER INSERT OR UPDATE OF state
ON handbook_run DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW WHEN (NEW.state = 'CLOSED') EXECUTE FUNCTION handbook_refuse_open_close()
"""
NO_GUARDS = """
DROP TRIGGER handbook_run_closes_complete ON handbook_run;
DROP TRIGGER handbook_node_keeps_its_place ON handbook_node;
DROP FUNCTION handbook_refuse_node_change();
DROP TRIGGER handbook_edition_is_frozen ON handbook_edition;
DROP FUNCTION handbook_refuse_edition_change();
DROP TRIGGER handbook_editionitem_is_frozen ON handbook_editionitem;
DROP FUNCTION handbook_refuse_item_change();
DROP TRIGGER handbook_step_is_frozen ON handbook_step;
DROP FUNCTION handbook_refuse_step_change();
DROP TRIGGER handbook_revision_is_frozen ON handbook_revision;
DROP FUNCTION handbook_refuse_revision_change()
"""


def hq_content(table: str, condition: str = "true") -> migrations.RunSQL:
    """What the platform wrote is read in every org, never written there."""
    return migrations.RunSQL(
        f"CREATE POLICY hq_content ON {table} FOR SELECT TO panshi_app, panshi_report"
        f" USING (org_id = (SELECT handbook_hq_org()) AND {condition})",
        f"DROP POLICY hq_content ON {table}",
    )


IN_FORCE = "state IN ('RELEASED', 'SUPERSEDED')"


class Migration(migrations.Migration):
    dependencies = [("handbook", "0001_initial"), ("org", "0002_walls")]

    operations = [
        migrations.RunSQL(FUNCTIONS, NO_FUNCTIONS),
        *walls.tenant("handbook_node"),
        *walls.tenant("handbook_revision"),
        *walls.tenant("handbook_step"),
        *walls.tenant("handbook_edition"),
        *walls.tenant("handbook_editionitem", grants="SELECT, INSERT, UPDATE, DELETE"),
        *walls.tenant("handbook_changenotice"),
        *walls.tenant("handbook_synonym", grants="SELECT, INSERT, UPDATE, DELETE"),
        *walls.tenant("handbook_searchdocument", grants="SELECT, INSERT, UPDATE, DELETE"),
        hq_content("handbook_node"),
        hq_content("handbook_revision", "state = 'APPROVED'"),
        hq_content("handbook_step"),
        hq_content("handbook_edition", IN_FORCE),
        hq_content("handbook_editionitem"),
        hq_content("handbook_changenotice"),
        hq_content("handbook_synonym"),
        hq_content("handbook_searchdocument"),
        *walls.tenant("handbook_acknowledgement"),
        *walls.tenant("handbook_run"),
        *walls.tenant("handbook_runstep"),
        *walls.tenant("handbook_evidence", grants="SELECT, INSERT"),
        *walls.tenant("handbook_pause"),
        *walls.tenant("handbook_deviation"),
        *walls.tenant("handbook_escalation"),
        *walls.tenant("handbook_adherenceday"),
        *walls.tenant("handbook_case"),
        *walls.tenant("handbook_searchmiss"),
        *walls.append_only("handbook_evidence"),
        *walls.append_only("handbook_escalation"),
        *walls.audited("handbook_edition"),
        *walls.audited("handbook_case"),
        migrations.RunSQL(GUARDS, NO_GUARDS),
    ]
