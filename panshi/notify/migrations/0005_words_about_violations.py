from datetime import UTC, datetime

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

WORDS = {
    "zh-hans": (
        "{plate} 有一条交通违章",
        "{name}，您好：{plate} 于 {when} 在{place}有一条违章（罚款 {fine} 元，记 {points} 分），"
        "该时段由您承租。请在客户端“违章”中查看、处理或申诉。",
    ),
    "en": (
        "A traffic violation of {plate}",
        "Dear {name}, {plate} has a traffic violation of {when}, {place} (fine {fine} CNY, {points}"
        " points), when you had the vehicle. Look at it under Violations in the app: deal with it"
        " or say why it is not yours.",
    ),
}


def fill(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    template = apps.get_model("notify", "Template")
    for language, (subject, body) in WORDS.items():
        template.objects.create(
            code="VIOLATION",
            language=language,
            version=1,
            message_class="TRANSACTION",
            subject=subject,
            body=body,
            approved_no="",
            published_at=datetime(2026, 1, 1, tzinfo=UTC),
        )


def empty(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("notify", "Template").objects.filter(code="VIOLATION").delete()


class Migration(migrations.Migration):
    dependencies = [("notify", "0004_walls_of_delivery")]

    operations = [migrations.RunPython(fill, empty)]
