"""Every fact of the rooms below may start, prove or close runs."""

from panshi.handbook import services
from panshi.kit.facts import Fact
from panshi.kit.outbox import on_any
from panshi.kit.tenancy import system_actor

DIRECT = ("handbook.", "cockpit.")


@on_any
def follow(fact: Fact) -> None:
    """Start runs and hear proofs; facts of this room and above start theirs in their own verbs."""
    if fact.name.startswith(DIRECT) or not services.is_bound(fact):
        return
    actor = system_actor(fact.org_id)
    services.start_runs(facts=(fact,), actor=actor, at=fact.at)
    services.hear_facts(facts=(fact,), actor=actor, at=fact.at)
