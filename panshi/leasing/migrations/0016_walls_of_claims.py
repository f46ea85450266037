from django.db import migrations

from panshi.kit import walls


class Migration(migrations.Migration):
    dependencies = [("leasing", "0015_claims_and_who_bears_the_loss"), ("org", "0002_walls")]

    operations = [
        *walls.tenant("leasing_claim", customer_column="customer_id"),
        *walls.audited("leasing_claim"),
    ]
