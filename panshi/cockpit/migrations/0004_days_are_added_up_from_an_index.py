from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("cockpit", "0003_gates_keep_what_was_reached")]

    operations = [
        migrations.RemoveIndex(model_name="indicatorday", name="cell_by_indicator_and_day"),
        migrations.AddIndex(
            model_name="indicatorday",
            index=models.Index(
                fields=["indicator", "day"],
                include=("org", "city", "numerator", "denominator"),
                name="cells_by_indicator_and_day",
            ),
        ),
    ]
