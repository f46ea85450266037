"""Stock: balances are the sum of movements, never negative, never below what is reserved."""

import random
from uuid import UUID

import pytest
from django.db import DatabaseError, transaction

from panshi.kit.ids import uuid7
from panshi.kit.tenancy import hq_actor
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make
from panshi.people.tests.make import NOON
from panshi.supply import queries, services
from panshi.supply.events import StockLine
from panshi.supply.models import Reservation, StockBalance, StockMovement


def place(org: OrgNode, *, kind: str = "STATION", seals: int = 0) -> UUID:
    by = hq_actor(org.id)
    services.load_items(
        org_id=org.id,
        items=[services.NewItem(code="SEAL", name_zh="密封圈", name_en="Seal")],
        actor=by, at=NOON,
    )  # fmt: skip
    opened = services.open_location(
        org_id=org.id, kind=kind, name=f"城西{kind}", city="杭州", lon=120.1, lat=30.2,
        actor=by, at=NOON,
    )  # fmt: skip
    if seals:
        services.receive_stock(
            location_id=opened.location_id, lines=[line(seals)], actor=by, at=NOON
        )
    return opened.location_id


def line(quantity: int, lot: str = "") -> StockLine:
    return StockLine(item_code="SEAL", quantity=quantity, lot=lot)


def standing(location_id: UUID, org: OrgNode) -> tuple[int, int]:
    rows = queries.stock_at(location_id=location_id, actor=hq_actor(org.id))
    return sum(r.on_hand for r in rows), sum(r.reserved for r in rows)


def test_consumes_what_was_kept_for_the_job_first() -> None:
    org = org_make.operator()
    by, station = hq_actor(org.id), place(org, seals=5)
    services.reserve_parts(
        location_id=station, document="visit:1", lines=[line(3)], actor=by, at=NOON
    )

    fact = services.consume_parts(
        location_id=station, lines=[line(2)], document="visit:1", actor=by, at=NOON
    )

    assert standing(station, org) == (3, 1)
    assert len(fact.movement_ids) == 1
    services.release_parts(org_id=org.id, document="visit:1", actor=by, at=NOON)
    assert standing(station, org) == (3, 0)


def test_refuses_more_than_is_free_and_leaves_all_as_it_was() -> None:
    org = org_make.operator()
    by, station = hq_actor(org.id), place(org, seals=5)
    services.reserve_parts(
        location_id=station, document="visit:1", lines=[line(4)], actor=by, at=NOON
    )

    with pytest.raises(services.InsufficientStock):
        services.consume_parts(
            location_id=station, lines=[line(2)], document="visit:2", actor=by, at=NOON
        )
    with pytest.raises(services.OutOfStock):
        services.reserve_parts(
            location_id=station, document="visit:2", lines=[line(2)], actor=by, at=NOON
        )
    assert standing(station, org) == (5, 4)


def test_a_kit_brings_reserved_parts_aboard() -> None:
    org = org_make.operator()
    by, station, van = hq_actor(org.id), place(org, seals=5), place(org, kind="VAN")
    services.reserve_parts(
        location_id=station, document="visit:1", lines=[line(2)], actor=by, at=NOON
    )

    services.issue_kit(location_id=van, document="visit:1", actor=by, at=NOON)

    assert (standing(station, org), standing(van, org)) == ((3, 0), (2, 2))
    assert set(Reservation.objects.values_list("state", flat=True)) == {"MOVED", "KITTED"}


def test_a_repeated_client_id_moves_nothing() -> None:
    org = org_make.operator()
    by, station, key = hq_actor(org.id), place(org), uuid7()
    services.receive_stock(location_id=station, lines=[line(1)], client_id=key, actor=by, at=NOON)

    with pytest.raises(services.AlreadyRecorded):
        services.receive_stock(
            location_id=station, lines=[line(1)], client_id=key, actor=by, at=NOON
        )
    assert standing(station, org) == (1, 0)


def test_random_movements_keep_the_sum() -> None:
    org, dice = org_make.operator(), random.Random(7)
    by = hq_actor(org.id)
    places = [place(org, seals=20), place(org, kind="VAN"), place(org, kind="WAREHOUSE")]
    for _ in range(40):
        source, target = dice.sample(places, 2)
        try:
            services.move_stock(
                source_id=source, target_id=target, lines=[line(dice.randint(1, 9))],
                reason="TRANSFER", actor=by, at=NOON,
            )  # fmt: skip
        except services.InsufficientStock:
            continue

    assert sum(standing(p, org)[0] for p in places) == 20
    assert queries.balance_differences(actor=by) == 0


def test_nobody_rewrites_movements_or_writes_balances() -> None:
    org = org_make.operator()
    station = place(org, seals=1)
    with pytest.raises(DatabaseError), transaction.atomic():
        StockMovement.objects.update(quantity=9)
    with pytest.raises(DatabaseError), transaction.atomic():
        StockMovement.objects.all().delete()
    with pytest.raises(DatabaseError), transaction.atomic():
        StockBalance.objects.filter(location_id=station).update(on_hand=-1)


def test_a_van_has_one_engineer_at_a_time() -> None:
    org = org_make.operator()
    by, van, first, second = hq_actor(org.id), place(org, kind="VAN"), uuid7(), uuid7()
    services.hand_over_van(location_id=van, user_id=first, actor=by, at=NOON)
    later = NOON.replace(hour=9)
    services.hand_over_van(location_id=van, user_id=second, actor=by, at=later)

    assert queries.van_of(user_id=first, at=later, actor=by) is None
    found = queries.van_of(user_id=second, at=later, actor=by)
    assert found is not None
    assert found.id == van
