from django.db import migrations

from panshi.kit import walls


class Migration(migrations.Migration):
    dependencies = [("leasing", "0001_leases"), ("org", "0002_walls")]

    operations = [
        *walls.tenant("leasing_lease", customer_column="customer_id"),
        *walls.tenant("leasing_segment", customer_column="customer_id"),
        *walls.tenant("leasing_handover", grants="SELECT, INSERT"),
        *walls.tenant("leasing_settlement", grants="SELECT, INSERT"),
        *walls.append_only("leasing_handover"),
        *walls.append_only("leasing_settlement"),
        *walls.audited("leasing_lease"),
        *walls.audited("leasing_segment"),
    ]
