"""Leases that change while the demo's years pass: a 31st, a swap, a pause, an early return.

And one by which the vehicle becomes its customer's.
"""

from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Final

from panshi.demo import history, world
from panshi.demo.founding import Operator
from panshi.kit.clock import add_months, day_start
from panshi.leasing import queries as leasing_queries
from panshi.leasing import services as leasing
from panshi.leasing.queries import LeaseChange

BEGINS: Final = 15  # The month of the history in which the two leases of a 31st begin.
CHARGES: Final = (
    leasing.ReturnCharge(
        product_code="KM_OVERAGE", words="超里程", quantity=Decimal(620),
        unit_price=Decimal("0.35"), clause="合同 4.2",
    ),
    leasing.ReturnCharge(
        product_code="DAMAGE", words="右后门划痕，露底漆", unit_price=Decimal(180),
        clause="车损标准 2",
    ),
    leasing.ReturnCharge(product_code="FINE", words="违停罚款代缴", unit_price=Decimal(200)),
    leasing.ReturnCharge(product_code="AGENCY_FEE", words="违章代办", unit_price=Decimal(50)),
)  # fmt: skip


class Changes:
    """The changes of one operator's leases, each on its day."""

    def __init__(self, operator: Operator) -> None:
        self.operator = operator
        self.returning: history.Running | None = None
        self.known: list[history.Running] = []

    def play(
        self,
        number: int,
        month: date,
        running: "list[history.Running]",
        waiting: "history.Waiting",
        random: Random,
        at: datetime,
    ) -> None:
        """Let happen what belongs into the month of the history before this one."""
        if number == BEGINS and len(waiting) > 3:
            running.append(self._from_a_31st(month, waiting, random))
            self.returning = self._from_a_31st(month, waiting, random)
        elif number == BEGINS + 2 and len(waiting) > 3:
            running.append(self._to_own(month, waiting, random))
        elif number == BEGINS + 4 and self.returning is not None:
            self._return_early(self.returning, month, waiting, random)
            self.returning = None
        elif number == BEGINS + 5 and waiting:
            self.known = [lease for lease in running if lease.ends_on > add_months(month, 3)]
            for lease in self.known[:1]:
                self._swap(lease, month, waiting, random)
        elif number == BEGINS + 7:
            for lease in [lease for lease in self.known[1:] if lease in running][:1]:
                self._pause(lease, month)

    def _from_a_31st(
        self, month: date, waiting: "history.Waiting", random: Random
    ) -> "history.Running":
        vehicle_id, model, odometer = waiting.pop()
        last = month - timedelta(days=1)
        day = last if last.day == 31 else last.replace(day=1) - timedelta(days=1)
        moment = day_start(day) + timedelta(hours=10)
        return history.lease_out(
            self.operator, vehicle_id, model, odometer, day, moment, random, alignment="ANCHOR"
        )

    def _to_own(self, month: date, waiting: "history.Waiting", random: Random) -> "history.Running":
        """A vehicle that its customer pays off in three years."""
        vehicle_id, model, odometer = waiting.pop()
        moment = day_start(month) + timedelta(hours=10)
        return history.lease_out(
            self.operator, vehicle_id, model, odometer, month, moment, random, to_own=True
        )

    def _return_early(
        self,
        lease: "history.Running",
        month: date,
        waiting: "history.Waiting",
        random: Random,
    ) -> None:
        """On the 20th of the month before, with charges and the fee for the early end."""
        moment = day_start(add_months(month, -1).replace(day=20)) + timedelta(hours=6)
        history.take_back(lease, moment, random, charges=CHARGES)
        waiting.append((lease.vehicle_id, lease.model, lease.odometer_km))

    def _swap(
        self,
        lease: "history.Running",
        month: date,
        waiting: "history.Waiting",
        random: Random,
    ) -> None:
        moment = day_start(month - timedelta(days=9)) + timedelta(hours=9)
        actor, before = self.operator.actor, (lease.vehicle_id, lease.model)
        vehicle_id, model, odometer = waiting.pop()
        came_back_km = lease.odometer_km + 6_000
        leasing.swap_vehicle(
            lease_id=lease.lease_id,
            vehicle_id=vehicle_id,
            odometer_km=came_back_km,
            soc_pct=Decimal(38),
            new_odometer_km=odometer,
            new_soc_pct=Decimal(92),
            signed_by=world.person(random),
            reason="动力电池送修，换车",
            actor=actor,
            at=moment,
        )
        history.make_ready(actor, before[0], came_back_km, Decimal(38), moment)
        waiting.append((*before, came_back_km))
        lease.vehicle_id, lease.model, lease.odometer_km = vehicle_id, model, odometer

    def _pause(self, lease: "history.Running", month: date) -> None:
        """A week in the shop by our own fault: the rent of those days comes back."""
        actor = self.operator.actor
        first = month - timedelta(days=20)
        change = LeaseChange(
            kind="PAUSE", on=first, until=first + timedelta(days=7), cause="OPERATOR_FAULT"
        )
        quote = leasing_queries.change_quoted(lease_id=lease.lease_id, change=change, actor=actor)
        leasing.pause_lease(
            lease_id=lease.lease_id,
            cause="OPERATOR_FAULT",
            starts_on=first,
            ends_on=change.until,
            reason="车辆批次召回，入厂七天",
            agreed=quote.digest,
            actor=actor,
            at=day_start(month - timedelta(days=12)) + timedelta(hours=8),
        )
