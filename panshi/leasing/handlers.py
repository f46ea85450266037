"""What leasing hears."""

from panshi.billing.events import DepositHeld
from panshi.kit import outbox
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
