from django.db import migrations

# What `org_audit_change` writes for each row of its own, in one statement for all that came at
# once.
AUDIT_ADDED = """
CREATE FUNCTION org_audit_added() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public AS $$
BEGIN
    INSERT INTO org_auditrow (org_id, "table", row_id, act, actor, after)
    SELECT COALESCE(whole ->> 'org_id', whole ->> 'id')::int, TG_TABLE_NAME, whole ->> 'id',
        'INSERT', COALESCE(NULLIF(current_setting('app.actor', true), ''), session_user), whole
    FROM added CROSS JOIN LATERAL (
        SELECT to_jsonb(added) - 'password' - 'last_login' AS whole OFFSET 0
    ) row_as_json;
    RETURN NULL;
END $$;
GRANT CREATE ON SCHEMA public TO panshi_hq;
ALTER FUNCTION org_audit_added() OWNER TO panshi_hq;
SET LOCAL ROLE panshi_hq;
GRANT EXECUTE ON FUNCTION org_audit_added() TO panshi_owner;
RESET ROLE;
REVOKE CREATE ON SCHEMA public FROM panshi_hq
"""


class Migration(migrations.Migration):
    dependencies = [("org", "0005_walls_of_edges")]

    operations = [migrations.RunSQL(AUDIT_ADDED, "DROP FUNCTION org_audit_added()")]
