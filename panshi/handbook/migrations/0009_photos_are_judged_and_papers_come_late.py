from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("handbook", "0008_nodes_are_found_by_weighed_terms")]

    operations = [
        migrations.AddField(
            model_name="question",
            name="figure",
            field=models.CharField(default="", max_length=40),
        ),
        migrations.AddField(
            model_name="attempt",
            name="arrived_at",
            field=models.DateTimeField(null=True),
        ),
    ]
