"""What vehicles cost the books: depreciation by month, disposal, upkeep."""

import hashlib
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from panshi.billing.asset_events import DepreciationPosted, DisposalPosted, UpkeepPosted
from panshi.billing.services.prepaid import release_rest
from panshi.fleet import queries as fleet
from panshi.fleet.queries import AssetCard, MonthLoss
from panshi.kit.clock import SHANGHAI, add_months, local_day, month_start
from panshi.kit.money import ZERO, split
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb
from panshi.ledger import queries as ledger_queries
from panshi.ledger import services as ledger
from panshi.ledger.services import NewEntry, NewPosting, legs_of

ASSET: Final = "fleet.Asset"
DEPRECIATION: Final = "DEPRECIATION"
DEPRECIATED: Final = "1602"
_EVERY: Final = 10**7


def source_of(asset_id: UUID, month: date) -> UUID:
    """What names the depreciation of an asset in a month, so that it is posted once."""
    return UUID(hashlib.md5(f"{asset_id}{month}".encode(), usedforsecurity=False).hexdigest())


def _legs(
    parts: Sequence[tuple[str, Decimal]], *, vehicle_id: UUID, city: str
) -> tuple[NewPosting, ...]:
    """The legs of a vehicle; parts of nothing are left out."""
    return legs_of(*(part for part in parts if part[1]), vehicle_id=vehicle_id, city=city)


def _taken_up(asset: AssetCard, city: str, on: date) -> NewEntry:
    """Cost and what was written off elsewhere, against the opening balances."""
    return NewEntry(
        org_id=asset.org_id,
        kind="ASSET_TAKEN_UP",
        source_kind=ASSET,
        source_id=asset.id,
        occurred_on=on,
        postings=_legs(
            (
                ("1601", asset.cost),
                (DEPRECIATED, -asset.opening),
                ("4103", asset.opening - asset.cost),
            ),
            vehicle_id=asset.vehicle_id,
            city=city,
        ),
    )


def _days(since: date, last: date, actor: Actor) -> dict[UUID, tuple[int, int]]:
    """How many days of a month each vehicle was leased, and held at all."""
    until = datetime.combine(last, time(23, 59), SHANGHAI)
    page = fleet.vehicle_days(month=since, limit=_EVERY, actor=actor, at=until)
    return {row.id: (row.leased, row.held) for row in page.rows}


def _shared(loss: MonthLoss, days: dict[UUID, tuple[int, int]]) -> tuple[Decimal, Decimal]:
    """What of a month's loss belongs to leased days and what to all others."""
    leased, held = days.get(loss.vehicle_id, (0, 0))
    if not held:
        return ZERO, loss.amount
    part, rest = split(loss.amount, [leased, held - leased])
    return part, rest


@verb
def post_depreciation(
    *, month: date, actor: Actor, at: datetime, vehicle_id: UUID | None = None
) -> DepreciationPosted:
    """Post what the vehicles lose in a month that is over, once for each; repeating adds nothing.

    By the days of the month: leased ones into 6401.dep, all others into 6602.idle. A vehicle that
    is new in the books is taken up against the opening balances. Books that are closed for the
    month are left out. With `vehicle_id` only that vehicle is looked at.
    """
    actor.must("billing.post_depreciation", actor.org_id)
    since = month_start(month)
    last = add_months(since, 1) - timedelta(1)
    closed = ledger_queries.books_closed_in(month=since, actor=actor)
    losses = [
        loss
        for loss in fleet.month_losses(month=since, vehicle_id=vehicle_id, actor=actor)
        if loss.org_id not in closed
    ]
    days = _days(since, last, actor) if losses else {}
    cards = fleet.assets_of(vehicle_ids=tuple(loss.vehicle_id for loss in losses), actor=actor)
    entries, leased, idle = [], ZERO, ZERO
    for loss in losses:
        entries.append(_taken_up(cards[loss.vehicle_id], loss.city, last))
        part, rest = _shared(loss, days)
        leased, idle = leased + part, idle + rest
        entries.append(
            NewEntry(
                org_id=loss.org_id,
                kind=DEPRECIATION,
                source_kind=ASSET,
                source_id=source_of(loss.asset_id, since),
                occurred_on=last,
                postings=_legs(
                    (("6401.dep", part), ("6602.idle", rest), (DEPRECIATED, -loss.amount)),
                    vehicle_id=loss.vehicle_id,
                    city=loss.city,
                ),
            )
        )
    posted = ledger.post_entries(entries=entries, actor=actor, at=at).posted if entries else 0
    return DepreciationPosted(
        org_id=actor.org_id,
        actor_id=actor.id,
        at=at,
        month=since,
        entries=posted,
        leased=leased,
        idle=idle,
    )


@verb
def post_disposal(
    *, vehicle_id: UUID, price: Decimal, actor: Actor, at: datetime
) -> DisposalPosted:
    """Take a sold vehicle out of the books: what it still was worth against its price, in CNY.

    Months before the sale that were not depreciated yet are posted first; that of the sale is not
    depreciated. What is prepaid for the vehicle is released to it. Raises ledger.PeriodClosed;
    ValueError for a vehicle that is not in the books.
    """
    actor.must("billing.post_disposal", actor.org_id)
    asset = fleet.asset_of(vehicle_id=vehicle_id, actor=actor)
    if asset is None:
        raise ValueError(f"vehicle {vehicle_id} is not an asset")
    day = local_day(at)
    month = asset.first_month
    while month < month_start(day):
        post_depreciation(month=month, vehicle_id=vehicle_id, actor=actor, at=at)
        month = add_months(month, 1)
    vehicle = fleet.vehicle_refs(vehicle_ids=(vehicle_id,), actor=actor)[vehicle_id]
    release_rest(vehicle_id=vehicle_id, org_id=asset.org_id, day=day)
    taken = _taken_up(asset, vehicle.city, day)
    ledger.post_entries(entries=[taken], actor=actor, at=at)
    lost = -ledger_queries.vehicle_balance(
        vehicle_id=vehicle_id,
        account=DEPRECIATED,
        until=day + timedelta(1),
        org_id=asset.org_id,
        actor=actor,
    )
    left = asset.cost - lost
    parts = {
        "ASSET_RETIRED": ((DEPRECIATED, lost), ("1606", left), ("1601", -asset.cost)),
        "ASSET_SOLD": (("1002", price), ("1606", -left), ("6115", left - price)),
    }
    entries = [
        NewEntry(
            org_id=asset.org_id,
            kind=kind,
            source_kind=ASSET,
            source_id=asset.id,
            occurred_on=day,
            postings=_legs(legs, vehicle_id=vehicle_id, city=vehicle.city),
        )
        for kind, legs in parts.items()
    ]
    ledger.post_entries(entries=[entry for entry in entries if entry.postings], actor=actor, at=at)
    return DisposalPosted(
        org_id=asset.org_id,
        actor_id=actor.id,
        at=at,
        vehicle_id=vehicle_id,
        book_value=left,
        price=price,
        gain=price - left,
    )


@verb
def post_upkeep(
    *, task_id: UUID, vehicle_id: UUID, amount: Decimal, actor: Actor, at: datetime
) -> UpkeepPosted:
    """Post what the upkeep of a standing vehicle cost, in CNY, to the vehicle, once for a task.

    Raises ledger.PeriodClosed.
    """
    actor.must("billing.post_upkeep", actor.org_id)
    vehicle = fleet.vehicle_refs(vehicle_ids=(vehicle_id,), actor=actor)[vehicle_id]
    ledger.post_entries(
        entries=[
            NewEntry(
                org_id=vehicle.org_id,
                kind="UPKEEP_COST",
                source_kind="fleet.UpkeepTask",
                source_id=task_id,
                occurred_on=local_day(at),
                postings=_legs(
                    (("6401.maintenance", amount), ("1002", -amount)),
                    vehicle_id=vehicle_id,
                    city=vehicle.city,
                ),
            )
        ],
        actor=actor,
        at=at,
    )
    return UpkeepPosted(
        org_id=vehicle.org_id, actor_id=actor.id, at=at, vehicle_id=vehicle_id, amount=amount
    )
