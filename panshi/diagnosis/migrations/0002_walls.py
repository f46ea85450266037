from django.db import migrations

from panshi.kit import walls


class Migration(migrations.Migration):
    dependencies = [("diagnosis", "0001_findings"), ("org", "0002_walls")]

    operations = [
        *walls.tenant("diagnosis_finding"),
        *walls.tenant("diagnosis_outcome", grants="SELECT, INSERT"),
        *walls.append_only("diagnosis_outcome"),
        *walls.audited("diagnosis_finding"),
    ]
