from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0003_qualifications_keep_their_checks"),
        ("org", "0008_audit_is_found_by_record_and_table"),
    ]

    operations = [
        migrations.AddField(
            model_name="blacklistentry",
            name="lifted_because",
            field=models.CharField(blank=True, db_default="", max_length=200),
        ),
        migrations.AddField(
            model_name="blacklistentry",
            name="lifted_by_id",
            field=models.UUIDField(null=True),
        ),
        migrations.AddConstraint(
            model_name="blacklistentry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("lifted_by_id__isnull", True),
                    models.Q(("lifted_by_id", models.F("listed_by_id")), _negated=True),
                    _connector="OR",
                ),
                name="another_person_takes_off_the_blacklist",
            ),
        ),
    ]
