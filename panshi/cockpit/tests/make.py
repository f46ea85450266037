"""Facts that count, with honest defaults."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from panshi.cockpit import handlers, queries
from panshi.cockpit.catalogue import Indicator
from panshi.cockpit.models import IndicatorDay
from panshi.cockpit.queries import Figure
from panshi.kit.facts import Fact
from panshi.kit.ids import uuid7
from panshi.kit.tenancy import SYSTEM, Actor, acting, hq_actor, system_actor
from panshi.ledger import services as ledger
from panshi.ledger.services import NewEntry, NewPosting
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make
from panshi.service.events import WorkClosed, WorkOrderCancelled, WorkOrderOpened, WorkReviewed

NOON: Final = datetime(2027, 6, 21, 4, tzinfo=UTC)
DAY: Final = date(2027, 6, 21)


def reader(org: OrgNode) -> Actor:
    return org_make.actor(org, "cockpit.*")


def hear(fact: Fact) -> None:
    """Hand a fact to the cockpit as the relay does."""
    with acting(system_actor(fact.org_id)):
        handlers.count(fact)


def _of(org: OrgNode, at: datetime) -> dict[str, Any]:
    return {"org_id": org.id, "actor_id": SYSTEM, "at": at}


def opened(org: OrgNode, *, at: datetime = NOON, starts_at: datetime | None = None) -> UUID:
    """Hear of a work order in the operator's city; answers its id."""
    work_order_id = uuid7()
    hear(
        WorkOrderOpened(
            **_of(org, at),
            work_order_id=work_order_id,
            number="WO-1",
            visit_id=uuid7(),
            vehicle_id=uuid7(),
            customer_id=uuid7(),
            finding_id=None,
            kind="PLANNED",
            city=org.city,
            engineer_id=None,
            starts_at=starts_at,
            total=Decimal(300),
        )
    )
    return work_order_id


def closed(org: OrgNode, work_order_id: UUID, *, minutes: int = 60, at: datetime = NOON) -> None:
    hear(
        WorkClosed(
            **_of(org, at),
            work_order_id=work_order_id,
            vehicle_id=uuid7(),
            customer_id=uuid7(),
            engineer_id=uuid7(),
            minutes=minutes,
            city=org.city,
        )
    )


def cancelled(org: OrgNode, work_order_id: UUID, *, at: datetime = NOON) -> None:
    hear(
        WorkOrderCancelled(
            **_of(org, at), work_order_id=work_order_id, vehicle_id=uuid7(), reason="客户改期"
        )
    )


def review(org: OrgNode, *, stars: int = 5, at: datetime = NOON) -> WorkReviewed:
    return WorkReviewed(
        **_of(org, at),
        work_order_id=uuid7(),
        customer_id=uuid7(),
        engineer_id=uuid7(),
        stars=stars,
        tags=(),
        city=org.city,
    )


def reviews(org: OrgNode, *stars: int, at: datetime = NOON) -> None:
    for given in stars:
        hear(review(org, stars=given, at=at))


def revenue(
    org: OrgNode, net: int, *, account: str = "6001.rental", on: date = DAY, kind: str = ""
) -> None:
    """Post a bill of so much net and 13 % tax to the book of an operator."""
    tax = Decimal(net) * 13 / 100
    ledger.post_entries(
        entries=[
            NewEntry(
                org_id=org.id,
                kind=kind or "BILL_ISSUED",
                source_kind="billing.Bill",
                source_id=uuid7(),
                occurred_on=on,
                postings=(
                    NewPosting(account="1122", amount=net + tax, city=org.city),
                    NewPosting(account=account, amount=Decimal(-net), city=org.city),
                    NewPosting(account="2221.01", amount=-tax, city=org.city),
                ),
            )
        ],
        actor=hq_actor(org.id),
        at=NOON,
    )


def figure(org: OrgNode, code: Indicator, **more: Any) -> Figure:
    """A figure as the operator's own staff see it."""
    board = queries.figures(actor=reader(org), at=more.pop("at", NOON), **more)
    return board.figures[code]


def cell(org: OrgNode, code: Indicator, *, day: date = DAY, part: str = "") -> tuple[int, int]:
    """Numerator and denominator of one counted day."""
    found = IndicatorDay.objects.filter(org=org, indicator=code, day=day, part=part).first()
    return (int(found.numerator), int(found.denominator)) if found else (0, 0)


def days_before(days: int) -> datetime:
    return NOON - timedelta(days=days)
