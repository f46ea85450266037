"""What leasing hears."""

from panshi.billing import services as billing
from panshi.billing.events import ChargePlanOpened, DepositHeld
from panshi.kit import outbox
from panshi.kit.clock import local_day
from panshi.kit.tenancy import system_actor
from panshi.leasing import services


@outbox.on(DepositHeld)
def note_deposit(fact: DepositHeld) -> None:
    if fact.source_kind == services.SOURCE:
        services.secure_deposit(
            lease_id=fact.source_id,
            amount=fact.amount,
            actor=system_actor(fact.org_id),
            at=fact.at,
        )


@outbox.on(ChargePlanOpened)
def bill_first_period(fact: ChargePlanOpened) -> None:
    """The first rent is billed when the vehicle leaves, not in the next nightly run."""
    if fact.source_kind == services.SOURCE:
        actor = system_actor(fact.org_id)
        billing.run_bills(cut_off=local_day(fact.at), actor=actor, at=fact.at)
        billing.issue_bills(plan_id=fact.plan_id, actor=actor, at=fact.at)
