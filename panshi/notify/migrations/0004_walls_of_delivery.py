from datetime import UTC, datetime, time

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from panshi.kit import walls

# What has been sent is not unsent, and what ended stays as it ended.
FORWARD_ONLY = """
CREATE FUNCTION notify_message_only_moves_on() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE ranks jsonb := '{"QUEUED": 0, "SENT": 1, "DELIVERED": 2, "FAILED": 2, "WITHDRAWN": 2}';
BEGIN
    IF NEW.state <> OLD.state AND (ranks->>NEW.state)::int <= (ranks->>OLD.state)::int THEN
        RAISE EXCEPTION 'message % would go back from % to %', OLD.id, OLD.state, NEW.state
            USING ERRCODE = 'check_violation';
    END IF;
    IF (NEW.subject, NEW.body, NEW.source_kind, NEW.source_id, NEW.channel) IS DISTINCT FROM
        (OLD.subject, OLD.body, OLD.source_kind, OLD.source_id, OLD.channel) THEN
        RAISE EXCEPTION 'the words of message % stay', OLD.id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER a_message_never_goes_back BEFORE UPDATE ON notify_message
    FOR EACH ROW EXECUTE FUNCTION notify_message_only_moves_on()
"""
FORWARD_ONLY_BACK = """
DROP TRIGGER a_message_never_goes_back ON notify_message;
DROP FUNCTION notify_message_only_moves_on()
"""

# Only the platform writes what every operator reads.
PUBLISHED = """
GRANT SELECT ON notify_template, notify_classrule
    TO panshi_app, panshi_hq, panshi_report, panshi_portal;
GRANT INSERT ON notify_template TO panshi_hq;
GRANT INSERT, UPDATE ON notify_classrule TO panshi_hq;
GRANT USAGE ON SEQUENCE notify_template_id_seq TO panshi_hq
"""
NOT_PUBLISHED = """
REVOKE ALL ON notify_template, notify_classrule
    FROM panshi_app, panshi_hq, panshi_report, panshi_portal
"""

# class, quiet from, to, minutes for a receipt, the copy in the app waits, to be confirmed
CLASSES = [
    ("SAFETY", None, None, 2, False, False),
    ("TRANSACTION", time(21), time(8), 30, False, False),
    ("TASK", time(21), time(8), 30, False, False),
    ("COLLECTION", time(20), time(9), 120, True, True),
    ("CARE", time(21), time(8), 120, False, False),
    ("MARKETING", time(20), time(9), 120, False, True),
    ("DIGEST", time(21), time(8), 120, False, False),
]

# code, class, Chinese subject and body, English subject and body
TEMPLATES = [
    (
        "DEPOSIT_DEMANDED",
        "TRANSACTION",
        "请支付押金 {amount} 元",
        "{name}，您好：请支付押金 {amount} 元，账单号 {number}。在客户端“账单”中可直接付款。",
        "Please pay the deposit of {amount} CNY",
        "Dear {name}, please pay the deposit of {amount} CNY, bill {number}. You can pay it under"
        " Bills in the app.",
    ),
    (
        "RENT_REMINDER",
        "TRANSACTION",
        "{due} 应付 {amount} 元",
        "{name}，您好：账单 {number}，{amount} 元，将于 {due} 到期。如已付款请忽略本条。",
        "{amount} CNY fall due on {due}",
        "Dear {name}, bill {number} of {amount} CNY falls due on {due}. If you have paid, please"
        " disregard this.",
    ),
    (
        "RENT_DUE",
        "TRANSACTION",
        "今天应付 {amount} 元",
        "{name}，您好：账单 {number}，{amount} 元，今天到期，请今天付款。",
        "{amount} CNY are due today",
        "Dear {name}, bill {number} of {amount} CNY is due today. Please pay it today.",
    ),
    (
        "PAY_LINK",
        "COLLECTION",
        "已逾期：{amount} 元",
        "{name}，您好：您有 {amount} 元已于 {due} 到期未付。付款：{link}。"
        "如有困难请回电，可商量分期。",
        "Overdue: {amount} CNY",
        "Dear {name}, {amount} CNY were due on {due}. Pay here: {link}. If that is difficult,"
        " please call us about instalments.",
    ),
    (
        "FORMAL_NOTICE",
        "COLLECTION",
        "催告函：{amount} 元",
        "{name}：截至今日您尚欠 {amount} 元，最早一笔于 {due} 到期。自今日起按合同计收滞纳金；"
        "继续不付，我方将按合同约定申请限制车速。付款：{link}。",
        "Formal notice: {amount} CNY",
        "{name}: you owe {amount} CNY, the oldest part due since {due}. From today the late fee of"
        " the contract runs; if you do not pay, we shall ask for the speed limit that the contract"
        " provides for. Pay here: {link}.",
    ),
    (
        "REGION_TOLD",
        "COLLECTION",
        "暂停新签，仍欠 {amount} 元",
        "{name}：您仍欠 {amount} 元，已暂停为您新签租约。付款：{link}。",
        "No new leases while {amount} CNY are open",
        "{name}: you still owe {amount} CNY; we make no new leases with you until it is paid. Pay"
        " here: {link}.",
    ),
    (
        "LIMIT_ASKED",
        "COLLECTION",
        "已申请限速，仍欠 {amount} 元",
        "{name}：您仍欠 {amount} 元，已按合同申请限制车速，仅在停车时生效。若仍不付款，"
        "五天后将申请停放时禁止启动。付款后一分钟内解除。付款：{link}。",
        "Speed limit requested, {amount} CNY open",
        "{name}: you still owe {amount} CNY. The speed limit of the contract was requested; it"
        " takes effect at standstill only. In five days we shall ask that the parked vehicle does"
        " not start. Payment ends it within a minute: {link}.",
    ),
    (
        "INHIBIT_ASKED",
        "COLLECTION",
        "已申请禁止启动，仍欠 {amount} 元",
        "{name}：您仍欠 {amount} 元，已按合同申请在停放时禁止启动。"
        "付款后一分钟内解除。付款：{link}。",
        "Start inhibit requested, {amount} CNY open",
        "{name}: you still owe {amount} CNY. It was requested that the parked vehicle does not"
        " start. Payment ends it within a minute: {link}.",
    ),
    (
        "RECOVERY",
        "COLLECTION",
        "将收回车辆，仍欠 {amount} 元",
        "{name}：您仍欠 {amount} 元，我方已安排收回车辆。请联系我们约定交车，或立即付款：{link}。",
        "The vehicle will be recovered, {amount} CNY open",
        "{name}: you still owe {amount} CNY, and we arrange to recover the vehicle. Please call us"
        " to hand it over, or pay now: {link}.",
    ),
    (
        "DEFAULT_REVIEW",
        "COLLECTION",
        "进入违约评审，仍欠 {amount} 元",
        "{name}：您仍欠 {amount} 元，租约进入违约评审，资料将移交法务。付款：{link}。",
        "Default under review, {amount} CNY open",
        "{name}: you still owe {amount} CNY. The lease is under review for default and its file"
        " goes to counsel. Pay here: {link}.",
    ),
]


def fill(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    rule, template = (apps.get_model("notify", name) for name in ("ClassRule", "Template"))
    rule.objects.bulk_create(
        rule(
            message_class=code,
            quiet_from=start,
            quiet_to=end,
            receipt_minutes=minutes,
            in_app_waits=waits,
            to_confirm=confirm,
        )
        for code, start, end, minutes, waits, confirm in CLASSES
    )
    at = datetime(2026, 1, 1, tzinfo=UTC)
    for code, kind, subject_zh, body_zh, subject, body in TEMPLATES:
        for language, one, two in (("zh-hans", subject_zh, body_zh), ("en", subject, body)):
            template.objects.create(
                code=code,
                language=language,
                version=1,
                message_class=kind,
                subject=one,
                body=two,
                approved_no="",
                published_at=at,
            )


def empty(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for name in ("ClassRule", "Template"):
        apps.get_model("notify", name).objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [
        ("notify", "0003_templates_receipts_preferences"),
        ("org", "0002_walls"),
        ("kit", "0003_walls"),
    ]

    operations = [
        migrations.RunPython(fill, empty),
        migrations.RunSQL(PUBLISHED, NOT_PUBLISHED),
        *walls.append_only("notify_template"),
        *walls.tenant("notify_receipt", grants="SELECT, INSERT"),
        *walls.append_only("notify_receipt"),
        *walls.tenant("notify_preference", customer_column="customer_id"),
        *walls.audited("notify_preference"),
        migrations.RunSQL(FORWARD_ONLY, FORWARD_ONLY_BACK),
    ]
