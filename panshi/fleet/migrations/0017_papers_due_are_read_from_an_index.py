from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("fleet", "0016_events_are_found_by_their_moment")]

    operations = [
        migrations.RemoveIndex(model_name="document", name="paper_by_last_day"),
        migrations.AddIndex(
            model_name="document",
            index=models.Index(
                condition=models.Q(("current", True)),
                fields=["org", "expires_on"],
                include=("vehicle", "kind", "id"),
                name="current_paper_by_last_day",
            ),
        ),
        migrations.AddIndex(
            model_name="vehicle",
            index=models.Index(
                condition=models.Q(
                    ("state__in", ["RETIRED", "SOLD"]), ("use", "EXTERNAL"), _connector="OR"
                ),
                fields=["id"],
                name="vehicle_out_of_the_fleet",
            ),
        ),
    ]
