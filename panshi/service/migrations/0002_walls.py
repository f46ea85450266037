from django.db import migrations

from panshi.kit import walls

_CUSTOMERS = (
    "service_booking",
    "service_workorder",
    "service_visit",
    "service_review",
    "service_photo",
    "service_conversation",
)
_STAFF = (
    "service_orderitem",
    "service_visitcrew",
    "service_partused",
    "service_labour",
)


class Migration(migrations.Migration):
    dependencies = [("service", "0001_initial"), ("kit", "0003_walls"), ("org", "0002_walls")]

    operations = [
        *walls.tenant("service_serviceitem", reference=True),
        *walls.tenant("service_pricerule", reference=True),
        *[
            operation
            for table in _CUSTOMERS
            for operation in walls.tenant(table, customer_column="customer_id")
        ],
        *[operation for table in _STAFF for operation in walls.tenant(table)],
        *walls.tenant(
            "service_bookingline", grants="SELECT, INSERT", customer_column="customer_id"
        ),
        *walls.tenant("service_orderline", grants="SELECT, INSERT", customer_column="customer_id"),
        *walls.tenant("service_message", grants="SELECT, INSERT", customer_column="customer_id"),
        *walls.tenant("service_dayplan", grants="SELECT, INSERT"),
        *walls.tenant("service_planevent", grants="SELECT, INSERT"),
        *walls.append_only("service_bookingline"),
        *walls.append_only("service_orderline"),
        *walls.append_only("service_message"),
        *walls.append_only("service_dayplan"),
        *walls.append_only("service_planevent"),
        *walls.audited("service_serviceitem"),
        *walls.audited("service_pricerule"),
        *walls.audited("service_booking"),
        *walls.audited("service_workorder"),
        *walls.audited("service_review"),
    ]
