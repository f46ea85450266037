from django.db import migrations

from panshi.kit import walls


class Migration(migrations.Migration):
    dependencies = [("kit", "0004_imports")]

    operations = [
        *walls.tenant("kit_importbatch"),
        *walls.tenant("kit_importrow"),
        *walls.audited("kit_importbatch"),
    ]
