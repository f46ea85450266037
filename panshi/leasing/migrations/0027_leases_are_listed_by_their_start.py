from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("leasing", "0026_walls_of_owning")]

    operations = [
        migrations.AddIndex(
            model_name="lease",
            index=models.Index(fields=["-starts_on", "-id"], name="lease_by_start"),
        )
    ]
