from django.db import migrations

from panshi.kit import walls


class Migration(migrations.Migration):
    dependencies = [("quality", "0001_initial")]

    operations = [
        *walls.tenant("quality_nonconformity"),
        *walls.audited("quality_nonconformity"),
    ]
