from django.db import migrations

from panshi.kit import walls


class Migration(migrations.Migration):
    dependencies = [("people", "0001_initial"), ("kit", "0003_walls"), ("org", "0002_walls")]

    operations = [
        *walls.tenant("people_engineer"),
        *walls.tenant("people_skillgrant"),
        *walls.tenant("people_certificate"),
        *walls.tenant("people_shift"),
        *walls.tenant("people_leave"),
        *walls.tenant("people_breakrule"),
        *walls.audited("people_engineer"),
        *walls.audited("people_skillgrant"),
        *walls.audited("people_certificate"),
        *walls.audited("people_leave"),
        *walls.audited("people_breakrule"),
    ]
