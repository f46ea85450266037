from django.db import migrations

from panshi.kit import walls


class Migration(migrations.Migration):
    dependencies = [("billing", "0003_openings")]

    operations = [
        *walls.customers_read("billing_chargeplan", customer_column="payer_id"),
        *walls.customers_read("billing_planprice", through=("plan_id", "billing_chargeplan")),
        *walls.customers_read("billing_planvehicle", through=("plan_id", "billing_chargeplan")),
        *walls.customers_read("billing_planbreak", through=("plan_id", "billing_chargeplan")),
    ]
