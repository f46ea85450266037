import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("people", "0004_certificates_name_their_person")]

    operations = [
        migrations.RemoveConstraint("certificate", "certificate_once_per_kind"),
        migrations.AlterField(
            "certificate",
            "user",
            models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AlterField(
            "certificate",
            "engineer",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="certificates",
                to="people.engineer",
            ),
        ),
        migrations.RemoveField("certificate", "engineer"),
        migrations.RemoveField("certificate", "warned_at"),
        migrations.AddConstraint(
            "certificate",
            models.UniqueConstraint(
                condition=models.Q(("state", "LAPSED"), _negated=True),
                fields=("user", "kind"),
                name="certificate_once_per_person_and_kind",
            ),
        ),
    ]
