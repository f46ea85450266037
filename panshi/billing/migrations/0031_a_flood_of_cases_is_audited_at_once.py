from django.db import migrations

from panshi.kit import walls


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0030_bills_of_a_city_are_counted_by_an_index"),
        ("org", "0006_many_rows_are_audited_at_once"),
    ]

    operations = [
        *walls.audited_at_once("billing_dunningcase"),
        *walls.audited_at_once("billing_collectioncall"),
    ]
