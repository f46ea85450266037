from django.db import migrations

from panshi.kit import walls

# Owned by HQ, so that a trigger may write the trail although the writer's role may not.
AUDIT_CHANGE = """
CREATE FUNCTION org_audit_change() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public AS $$
DECLARE
    old_row jsonb := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) - 'password' - 'last_login' END;
    new_row jsonb := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) - 'password' - 'last_login' END;
    whole jsonb := COALESCE(new_row, old_row);
BEGIN
    IF TG_OP = 'UPDATE' THEN
        SELECT jsonb_object_agg(o.key, o.value), jsonb_object_agg(o.key, n.value)
        INTO old_row, new_row
        FROM jsonb_each(old_row) o JOIN jsonb_each(new_row) n USING (key)
        WHERE o.value IS DISTINCT FROM n.value;
        IF new_row IS NULL THEN
            RETURN NULL;
        END IF;
    END IF;
    INSERT INTO org_auditrow (org_id, "table", row_id, act, actor, before, after)
    VALUES (
        COALESCE(whole ->> 'org_id', whole ->> 'id')::int, TG_TABLE_NAME, whole ->> 'id', TG_OP,
        COALESCE(NULLIF(current_setting('app.actor', true), ''), session_user), old_row, new_row
    );
    RETURN NULL;
END $$;
GRANT CREATE ON SCHEMA public TO panshi_hq;
ALTER FUNCTION org_audit_change() OWNER TO panshi_hq;
SET LOCAL ROLE panshi_hq;
GRANT EXECUTE ON FUNCTION org_audit_change() TO panshi_owner;
RESET ROLE;
REVOKE CREATE ON SCHEMA public FROM panshi_hq
"""

# What must be read and written before anyone is known: sign-in, and the task queue's own tables.
SIGN_IN = """
CREATE POLICY sign_in ON org_user TO panshi_web USING (true) WITH CHECK (true);
CREATE POLICY sign_in ON org_orgnode FOR SELECT TO panshi_web USING (true);
CREATE POLICY sign_in ON org_apitoken FOR SELECT TO panshi_web USING (true);
GRANT SELECT, UPDATE ON org_user TO panshi_web;
GRANT SELECT ON org_orgnode, org_apitoken, org_user_groups, org_user_user_permissions,
    django_content_type, auth_permission, auth_group, auth_group_permissions TO panshi_web;
GRANT SELECT, INSERT, UPDATE, DELETE ON django_session, otp_totp_totpdevice,
    otp_static_staticdevice, otp_static_statictoken, axes_accessattempt, axes_accesslog,
    axes_accessfailurelog, axes_accessattemptexpiration TO panshi_web;
CREATE POLICY app_below ON org_orgnode FOR INSERT TO panshi_app WITH CHECK (
    parent_id = ANY((SELECT NULLIF(current_setting('app.org_ids', true), '')::int[])::int[]));
CREATE POLICY app_reads_below ON org_orgnode FOR SELECT TO panshi_app USING (
    parent_id = ANY((SELECT NULLIF(current_setting('app.org_ids', true), '')::int[])::int[]));
DO $$ DECLARE name text; BEGIN
    FOR name IN SELECT tablename FROM pg_tables
        WHERE schemaname = 'public' AND tablename LIKE 'procrastinate%' LOOP
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO panshi_web', name);
    END LOOP;
    FOR name IN SELECT sequencename FROM pg_sequences
        WHERE schemaname = 'public' AND sequencename LIKE 'procrastinate%' LOOP
        EXECUTE format('GRANT USAGE ON SEQUENCE %I TO panshi_web', name);
    END LOOP;
    FOR name IN SELECT p.oid::regprocedure::text FROM pg_proc p
        WHERE p.pronamespace = 'public'::regnamespace AND p.proname LIKE 'procrastinate%' LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO panshi_web', name);
    END LOOP;
END $$
"""


class Migration(migrations.Migration):
    dependencies = [
        ("org", "0001_initial"),
        ("kit", "0003_walls"),
        ("sessions", "0001_initial"),
        ("otp_totp", "0003_add_timestamps"),
        ("otp_static", "0003_add_timestamps"),
        ("axes", "__latest__"),
        ("procrastinate", "__latest__"),
    ]

    operations = [
        migrations.RunSQL(AUDIT_CHANGE, "DROP FUNCTION org_audit_change()"),
        *walls.tenant("org_orgnode", column="id", reference=True),
        *walls.tenant("org_user"),
        *walls.tenant("org_apitoken"),
        *walls.tenant("org_auditrow", grants="SELECT"),
        *walls.hq_only("org_auditseal", grants="SELECT, INSERT"),
        migrations.RunSQL("GRANT INSERT ON org_auditrow TO panshi_hq", migrations.RunSQL.noop),
        *walls.append_only("org_auditrow"),
        *walls.append_only("org_auditseal"),
        *walls.audited("org_orgnode"),
        *walls.audited("org_user"),
        *walls.audited("org_apitoken"),
        migrations.RunSQL(SIGN_IN, migrations.RunSQL.noop),
    ]
