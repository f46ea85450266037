from django.db import migrations

# An inspection grows until it is signed; then it, its marks and its photos stand.
STANDS = """
DROP TRIGGER fleet_inspection_is_append_only ON fleet_inspection;
CREATE FUNCTION fleet_inspection_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a signed inspection is never changed' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER a_signed_inspection_stands BEFORE UPDATE ON fleet_inspection
    FOR EACH ROW WHEN (OLD.signed_at IS NOT NULL) EXECUTE FUNCTION fleet_inspection_stands();
CREATE TRIGGER an_inspection_is_never_removed BEFORE DELETE ON fleet_inspection
    FOR EACH ROW EXECUTE FUNCTION fleet_inspection_stands();
CREATE FUNCTION fleet_part_of_inspection_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM fleet_inspection i WHERE i.signed_at IS NOT NULL
            AND i.id IN (CASE WHEN TG_OP <> 'INSERT' THEN OLD.inspection_id END,
                         CASE WHEN TG_OP <> 'DELETE' THEN NEW.inspection_id END)
    ) THEN
        RAISE EXCEPTION 'what belongs to a signed inspection is never changed'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER marks_of_a_signed_inspection_stand
    BEFORE INSERT OR UPDATE OR DELETE ON fleet_damagemark
    FOR EACH ROW EXECUTE FUNCTION fleet_part_of_inspection_stands();
CREATE TRIGGER photos_of_a_signed_inspection_stand
    BEFORE INSERT OR UPDATE OR DELETE ON fleet_inspectionphoto
    FOR EACH ROW EXECUTE FUNCTION fleet_part_of_inspection_stands();
GRANT UPDATE ON fleet_inspection TO panshi_app, panshi_hq
"""
STANDS_BACK = """
REVOKE UPDATE ON fleet_inspection FROM panshi_app, panshi_hq;
DROP TRIGGER photos_of_a_signed_inspection_stand ON fleet_inspectionphoto;
DROP TRIGGER marks_of_a_signed_inspection_stand ON fleet_damagemark;
DROP FUNCTION fleet_part_of_inspection_stands();
DROP TRIGGER an_inspection_is_never_removed ON fleet_inspection;
DROP TRIGGER a_signed_inspection_stands ON fleet_inspection;
DROP FUNCTION fleet_inspection_stands();
CREATE TRIGGER fleet_inspection_is_append_only BEFORE UPDATE OR DELETE ON fleet_inspection
    FOR EACH ROW EXECUTE FUNCTION kit_refuse_change()
"""
# A published standard is only ever ended; its clauses stand.
PUBLISHED = """
CREATE FUNCTION fleet_standard_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.published_at IS NOT NULL AND (NEW.version, NEW.name, NEW.starts_on, NEW.drafted_by_id,
            NEW.published_by_id, NEW.published_at)
        IS DISTINCT FROM (OLD.version, OLD.name, OLD.starts_on, OLD.drafted_by_id,
            OLD.published_by_id, OLD.published_at)
    THEN
        RAISE EXCEPTION 'a published standard is only ended' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER a_published_standard_stands BEFORE UPDATE ON fleet_wearstandard
    FOR EACH ROW EXECUTE FUNCTION fleet_standard_stands();
CREATE FUNCTION fleet_clause_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM fleet_wearstandard s WHERE s.published_at IS NOT NULL
            AND s.id IN (CASE WHEN TG_OP <> 'INSERT' THEN OLD.standard_id END,
                         CASE WHEN TG_OP <> 'DELETE' THEN NEW.standard_id END)
    ) THEN
        RAISE EXCEPTION 'a clause of a published standard is never changed'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER a_published_clause_stands BEFORE INSERT OR UPDATE OR DELETE ON fleet_wearclause
    FOR EACH ROW EXECUTE FUNCTION fleet_clause_stands()
"""
PUBLISHED_BACK = """
DROP TRIGGER a_published_clause_stands ON fleet_wearclause;
DROP FUNCTION fleet_clause_stands();
DROP TRIGGER a_published_standard_stands ON fleet_wearstandard;
DROP FUNCTION fleet_standard_stands()
"""


class Migration(migrations.Migration):
    dependencies = [("fleet", "0009_lots_keys_transfers_counts_and_wear")]

    operations = [
        migrations.RunSQL(STANDS, STANDS_BACK),
        migrations.RunSQL(PUBLISHED, PUBLISHED_BACK),
    ]
