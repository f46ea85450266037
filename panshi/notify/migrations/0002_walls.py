from django.db import migrations

from panshi.kit import walls


class Migration(migrations.Migration):
    dependencies = [("notify", "0001_messages"), ("org", "0002_walls")]

    operations = walls.tenant("notify_message", customer_column="customer_id")
