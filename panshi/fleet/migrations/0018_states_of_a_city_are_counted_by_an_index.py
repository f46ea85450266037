from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("fleet", "0017_papers_due_are_read_from_an_index")]

    operations = [
        migrations.RemoveIndex(model_name="vehicle", name="vehicle_by_city"),
        migrations.AddIndex(
            model_name="vehicle",
            index=models.Index(
                fields=["org", "city", "state", "use"], name="vehicle_by_city_and_state"
            ),
        ),
    ]
