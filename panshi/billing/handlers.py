"""What billing hears."""

from datetime import date
from typing import Final

from panshi.billing import queries, services
from panshi.fleet import queries as fleet
from panshi.fleet.events import DocumentsFiled, UpkeepFinished, VehicleSold
from panshi.kit import outbox
from panshi.kit.clock import local_day
from panshi.kit.money import ZERO
from panshi.kit.tenancy import system_actor

PAPER: Final = "fleet.Document"
_INSURANCES: Final = ("COMPULSORY_INSURANCE", "COMMERCIAL_INSURANCE")


@outbox.on(VehicleSold)
def take_out_of_the_books(fact: VehicleSold) -> None:
    """A vehicle that was an asset leaves the books at its price, unless a bill has asked for it."""
    actor = system_actor(fact.org_id)
    if fleet.asset_of(vehicle_id=fact.vehicle_id, actor=actor) is not None:
        services.post_disposal(
            vehicle_id=fact.vehicle_id,
            price=ZERO if fact.by_bill else fact.price,
            actor=actor,
            at=fact.at,
        )


def _covered(paper: fleet.PaperCost) -> tuple[date, date] | None:
    """The days that a premium pays for, both included; a fee is a cost of its day."""
    first = paper.issued_on or local_day(paper.filed_at)
    if paper.kind not in _INSURANCES or paper.expires_on is None or paper.expires_on < first:
        return None
    return first, paper.expires_on


@outbox.on(DocumentsFiled)
def post_premiums(fact: DocumentsFiled) -> None:
    """What papers cost stands at their vehicles: premiums spread over their days, fees at once."""
    actor = system_actor(fact.org_id)
    papers = fleet.paper_costs(document_ids=fact.document_ids, actor=actor)
    ids = tuple(paper.document_id for paper in papers)
    known = queries.costs_of_sources(source_kind=PAPER, source_ids=ids, actor=actor)
    new = [paper for paper in papers if paper.document_id not in known]
    if not new:
        return
    services.record_vehicle_costs(
        costs=[
            services.NewCost(
                vehicle_id=paper.vehicle_id,
                kind="INSURANCE" if paper.kind in _INSURANCES else "OTHER",
                amount=paper.cost,
                occurred_on=local_day(paper.filed_at),
                words=str(paper.kind.label),
                reference=paper.number,
                covers_from=covered[0] if covered else None,
                covers_until=covered[1] if covered else None,
                source_kind=PAPER,
                source_id=paper.document_id,
            )
            for paper in new
            for covered in [_covered(paper)]
        ],
        actor=actor,
        at=fact.at,
    )


@outbox.on(UpkeepFinished)
def post_upkeep(fact: UpkeepFinished) -> None:
    """What upkeep cost stands at the vehicle."""
    if fact.cost:
        services.post_upkeep(
            task_id=fact.task_id,
            vehicle_id=fact.vehicle_id,
            amount=fact.cost,
            actor=system_actor(fact.org_id),
            at=fact.at,
        )
