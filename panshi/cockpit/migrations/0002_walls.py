from django.db import migrations

from panshi.kit import walls

_ALL = "SELECT, INSERT, UPDATE, DELETE"


class Migration(migrations.Migration):
    dependencies = [("cockpit", "0001_initial"), ("org", "0002_walls")]

    operations = [
        *walls.tenant("cockpit_indicatorday"),
        *walls.tenant("cockpit_countedfact", grants=_ALL),
        *walls.tenant("cockpit_target", reference=True),
        *walls.tenant("cockpit_alert"),
        *walls.tenant("cockpit_budget", grants="SELECT, INSERT"),
        *walls.tenant("cockpit_risk"),
        *walls.tenant("cockpit_rolloutplan"),
        *walls.tenant("cockpit_gatepassed", grants="SELECT, INSERT"),
        *walls.append_only("cockpit_budget"),
        *walls.append_only("cockpit_gatepassed"),
        *walls.audited("cockpit_target"),
        *walls.audited("cockpit_alert"),
        *walls.audited("cockpit_budget"),
        *walls.audited("cockpit_risk"),
        *walls.audited("cockpit_rolloutplan"),
        *walls.audited("cockpit_gatepassed"),
    ]
