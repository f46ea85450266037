from django.db import migrations

from panshi.kit import walls


class Migration(migrations.Migration):
    dependencies = [("leasing", "0022_insurers_pay_claims"), ("org", "0002_walls")]

    operations = [
        *walls.tenant("leasing_claimpayment", grants="SELECT, INSERT"),
        *walls.append_only("leasing_claimpayment"),
        *walls.audited("leasing_claimpayment"),
    ]
