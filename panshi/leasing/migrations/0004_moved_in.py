from django.db import migrations, models

# Undoing a move-in takes its leases out again; one that was drafted here is never removed, and what
# hangs on a moved-in one, a handover or a settlement, holds it by its foreign key.
REMOVABLE = """
GRANT DELETE ON leasing_lease, leasing_segment TO panshi_app, panshi_hq;
CREATE POLICY only_a_moved_in_lease_is_removed ON leasing_lease AS RESTRICTIVE FOR DELETE
    USING (moved_in_at IS NOT NULL);
CREATE POLICY only_a_moved_in_segment_is_removed ON leasing_segment AS RESTRICTIVE FOR DELETE
    USING (EXISTS (SELECT FROM leasing_lease l WHERE l.id = lease_id AND l.moved_in_at IS NOT NULL))
"""
KEPT = """
DROP POLICY only_a_moved_in_segment_is_removed ON leasing_segment;
DROP POLICY only_a_moved_in_lease_is_removed ON leasing_lease;
REVOKE DELETE ON leasing_lease, leasing_segment FROM panshi_app, panshi_hq
"""


class Migration(migrations.Migration):
    dependencies = [("leasing", "0003_handover_proofs"), ("billing", "0003_openings")]

    operations = [
        migrations.AlterField("lease", "number", models.CharField(max_length=40)),
        migrations.AddField("lease", "moved_in_at", models.DateTimeField(null=True)),
        migrations.AddField(
            "lease", "note", models.CharField(blank=True, db_default="", default="", max_length=400)
        ),
        migrations.RunSQL(REMOVABLE, KEPT),
    ]
