from django.db import migrations

from panshi.kit import walls


class Migration(migrations.Migration):
    dependencies = [("leasing", "0025_vehicles_are_rented_to_own"), ("org", "0002_walls")]

    operations = [
        *walls.tenant("leasing_purchaseterms", grants="SELECT, INSERT"),
        *walls.customers_read("leasing_purchaseterms", customer_column="customer_id"),
        *walls.audited("leasing_purchaseterms"),
        *walls.tenant("leasing_buyout"),
        *walls.customers_read("leasing_buyout", customer_column="customer_id"),
        *walls.audited("leasing_buyout"),
    ]
