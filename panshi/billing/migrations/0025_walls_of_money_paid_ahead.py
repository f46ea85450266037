from django.db import migrations

from panshi.kit import walls


class Migration(migrations.Migration):
    dependencies = [("billing", "0024_money_paid_ahead_before_the_move_in"), ("org", "0002_walls")]

    operations = [
        *walls.tenant("billing_openingreceipt", customer_column="customer_id"),
        *walls.audited("billing_openingreceipt"),
    ]
