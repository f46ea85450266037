from django.db import migrations

from panshi.kit import walls


class Migration(migrations.Migration):
    dependencies = [("leasing", "0020_rents_before_the_move_in"), ("org", "0002_walls")]

    operations = [
        *walls.tenant("leasing_rentrecord", grants="SELECT, INSERT, DELETE"),
        *walls.audited("leasing_rentrecord"),
    ]
