from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("org", "0006_many_rows_are_audited_at_once")]

    operations = [
        migrations.AddIndex(
            model_name="auditrow",
            index=models.Index(
                condition=models.Q(("act", "INSERT"), _negated=True),
                fields=["id"],
                name="audit_of_changes",
            ),
        )
    ]
