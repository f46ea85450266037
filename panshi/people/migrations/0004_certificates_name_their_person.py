from django.db import migrations

from panshi.kit import walls

FILL = """
SET LOCAL ROLE panshi_hq;
UPDATE people_certificate c SET user_id = e.user_id,
    told_days = CASE WHEN c.warned_at IS NULL THEN NULL ELSE 60 END
FROM people_engineer e WHERE e.id = c.engineer_id;
INSERT INTO people_suspension (id, org_id, certificate_id, cause, reason, since)
SELECT gen_random_uuid(), org_id, id, 'BY_HAND', '', now() FROM people_certificate
WHERE state = 'SUSPENDED';
RESET ROLE
"""
EMPTY = """
SET LOCAL ROLE panshi_hq;
UPDATE people_certificate c SET engineer_id = e.id
FROM people_engineer e WHERE e.user_id = c.user_id;
RESET ROLE
"""


class Migration(migrations.Migration):
    dependencies = [("people", "0003_certificates_of_any_staff")]

    operations = [
        *walls.tenant("people_suspension"),
        *walls.audited("people_suspension"),
        migrations.RunSQL(FILL, EMPTY),
    ]
