from django.db import migrations

from panshi.kit import walls

# The blacklist is shared by all nodes: this answers one person's reason and nothing else.
BLACKLIST_HIT = """
CREATE FUNCTION crm_blacklist_hit(key text) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
    SELECT reason_code FROM crm_blacklistentry
    WHERE person_key = key AND lifted_at IS NULL ORDER BY listed_at LIMIT 1
$$;
GRANT CREATE ON SCHEMA public TO panshi_hq;
ALTER FUNCTION crm_blacklist_hit(text) OWNER TO panshi_hq;
SET LOCAL ROLE panshi_hq;
GRANT EXECUTE ON FUNCTION crm_blacklist_hit(text) TO panshi_app;
RESET ROLE;
REVOKE CREATE ON SCHEMA public FROM panshi_hq
"""
BLACKLIST_HIT_BACK = """
SET LOCAL ROLE panshi_hq;
DROP FUNCTION crm_blacklist_hit(text);
RESET ROLE
"""


def _with_the_customers_node(table: str) -> migrations.RunSQL:
    """A customer's row cannot sit in another node than its customer."""
    name = f"{table}_lies_with_its_customer"
    return migrations.RunSQL(
        f"ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY (customer_id, org_id)"
        " REFERENCES crm_customer (id, org_id)",
        f"ALTER TABLE {table} DROP CONSTRAINT {name}",
    )


class Migration(migrations.Migration):
    dependencies = [("crm", "0001_initial"), ("org", "0002_walls"), ("kit", "0003_walls")]

    operations = [
        *walls.tenant(
            "crm_customer", grants="SELECT, INSERT, UPDATE, DELETE", customer_column="id"
        ),
        *walls.tenant("crm_qualification", customer_column="customer_id"),
        *walls.tenant("crm_blacklistentry"),
        *walls.tenant("crm_personalread", grants="SELECT, INSERT"),
        *walls.tenant("crm_complaint", customer_column="customer_id"),
        migrations.RunSQL(BLACKLIST_HIT, BLACKLIST_HIT_BACK),
        *[
            _with_the_customers_node(f"crm_{child}")
            for child in ("qualification", "personalread", "complaint")
        ],
        *walls.append_only("crm_personalread"),
        *walls.audited("crm_customer"),
        *walls.audited("crm_qualification"),
        *walls.audited("crm_blacklistentry"),
        *walls.audited("crm_complaint"),
    ]
