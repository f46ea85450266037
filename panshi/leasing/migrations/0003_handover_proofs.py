from django.db import migrations, models

from panshi.kit import walls


class Migration(migrations.Migration):
    dependencies = [("leasing", "0002_walls")]

    operations = [
        migrations.AddField("handover", "signature_id", models.UUIDField(null=True)),
        *walls.customers_read("leasing_handover", through=("segment_id", "leasing_segment")),
        *walls.customers_read("leasing_settlement", through=("lease_id", "leasing_lease")),
    ]
