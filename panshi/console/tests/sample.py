"""A lease and a list of vehicles as a room would show them, to look at the page patterns."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db.models import TextChoices

from panshi.kit import records
from panshi.kit.records import Bar, Detail, Entry, Stage, Tile
from panshi.kit.tables import BatchAct, Column, Filter, Table

NOON: Final = datetime(2027, 3, 9, 4, 5, tzinfo=UTC)
CUSTOMER: Final = "深圳市顺丰同城即时配送科技服务有限公司龙岗分公司（坂田营业部）"


class Standing(TextChoices):
    LEASED = "LEASED", "在租"
    IDLE = "IDLE", "空闲"
    SERVICE = "SERVICE", "保养中"
    ALARM = "ALARM", "告警停运"


@dataclass(frozen=True, slots=True)
class Vehicle:
    id: int
    plate: str
    vin: str
    model: str
    standing: str
    customer: str
    soc: float
    km: int
    rent: Decimal | None
    seen_at: datetime


VEHICLES: Final = Table(
    name="fleet",
    columns=(
        Column(key="plate", label="车牌", kind="plate", sort=True),
        Column(key="vin", label="车架号", kind="mono"),
        Column(key="model", label="车型"),
        Column(
            key="standing",
            label="状态",
            kind="state",
            choices=Standing,
            tones={"LEASED": "ok", "SERVICE": "warn", "ALARM": "bad"},
        ),
        Column(key="customer", label="承租客户"),
        Column(key="soc", label="电量", kind="percent", sort=True),
        Column(key="km", label="里程，km", kind="number", sort=True),
        Column(key="rent", label="月租", kind="money", sort=True),
        Column(key="seen_at", label="最近上线", kind="moment"),
    ),
    filters=(
        Filter(key="text", label="车牌或车架号"),
        Filter(key="standing", label="状态", kind="choice", choices=Standing),
        Filter(key="customer", label="客户"),
        Filter(key="leased", label="起租日", kind="days", more=True),
    ),
    sort="plate",
    row_url="console-audit-line",
    export="fleet",
    batch=(BatchAct(label="批量调拨", url_name="console-staff-new"),),
)


def vehicles() -> Sequence[Vehicle]:
    models = ("远程星享V6E", "开瑞海豚EV", "吉利远程E5", "东风凯普特EV350")
    customers = (CUSTOMER, "广州极速鲜冷链物流有限公司", "", "东莞市百果园配送中心")
    codes = ("LEASED", "LEASED", "IDLE", "LEASED", "SERVICE", "LEASED", "ALARM")
    return [
        Vehicle(
            id=n + 1,
            plate=f"粤BD{12345 + 137 * n}" if n % 6 else f"粤B{61205 + 31 * n}",
            vin=f"LZYTBGBW5K{1004567 + 911 * n}",
            model=models[n % 4],
            standing=codes[n % 7],
            customer=customers[n % 4] if codes[n % 7] == "LEASED" else "",
            soc=(37 * n % 97) / 100,
            km=18_204 + 7_311 * n,
            rent=Decimal(2_980 + 120 * (n % 9)) if codes[n % 7] == "LEASED" else None,
            seen_at=NOON - timedelta(minutes=13 * n),
        )
        for n in range(20)
    ]


def lease() -> dict[str, Any]:
    """What a record page needs: stages, tiles, details, timeline, and two small parts."""
    path = [
        ("DRAFT", "草拟"),
        ("SIGNED", "已签约"),
        ("PAID", "押金到账"),
        ("ACTIVE", "在租"),
        ("RETURNED", "已还车"),
        ("SETTLED", "已结清"),
    ]
    began = date(2027, 1, 5)
    return {
        "stages": records.stages(
            path=path,
            state="ACTIVE",
            dates={
                "DRAFT": began,
                "SIGNED": began + timedelta(3),
                "PAID": began + timedelta(4),
                "ACTIVE": began + timedelta(6),
            },
        ),
        "tiles": [
            Tile(label="月租", value=Decimal("3860.00"), kind="money", unit="/ 月"),
            Tile(
                label="应收未收",
                value=Decimal("7720.00"),
                kind="money",
                tone="bad",
                hint="逾期 12 天",
            ),
            Tile(
                label="本月里程",
                value=2841,
                kind="number",
                unit="km",
                trend=[82, 96, 104, None, 88, 121, 117, 134],
            ),
            Tile(label="到期", value=date(2028, 1, 10), kind="day", hint="还有 307 天"),
        ],
        "details": [
            Detail(label="承租客户", value=CUSTOMER, url="/staff/"),
            Detail(label="车辆", value="粤BD12345", kind="plate"),
            Detail(label="车架号", value="LZYTBGBW5K1004567", kind="mono"),
            Detail(label="押金", value=Decimal("10000.00"), kind="money"),
            Detail(label="联系电话", value="13812345678", kind="phone"),
            Detail(label="保险", value="有效", kind="state", tone="ok"),
            Detail(label="备注", value=None),
        ],
        "bars": [
            Bar(label="龙岗坂田", part=1_204, whole=1_500),
            Bar(label="宝安西乡", part=874, whole=1_500),
            Bar(label="南山前海", part=312, whole=1_500, tone="warn"),
        ],
        "steps": [
            Stage(label="核对证件", standing="done", at=NOON),
            Stage(label="外观与电量检查", standing="now"),
            Stage(label="客户签字", standing="todo"),
        ],
        "timeline": [
            Entry(
                at=NOON,
                title="逾期提醒已发送",
                text="短信与微信各一条。",
                by="系统",
                icon="mail",
                tone="warn",
            ),
            Entry(
                at=NOON - timedelta(days=3),
                title="3 月租金账单 B-2027-003812 已生成",
                by="系统",
                icon="receipt",
                url="/staff/",
            ),
            Entry(
                at=NOON - timedelta(days=57),
                title="车辆已交付",
                text="18,204 km，电量 96%。",
                by="黄志强",
                icon="truck-delivery",
                tone="ok",
            ),
        ],
        "comment_url": "/try/post/",
    }
