from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0036_bank_lines_that_are_not_ours"),
    ]

    operations = [
        migrations.AddField(
            model_name="billline",
            name="words_en",
            field=models.CharField(blank=True, db_default="", max_length=200),
        ),
    ]
