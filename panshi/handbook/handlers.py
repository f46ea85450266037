"""Facts of the rooms below start, prove or close runs; a customer's question is answered."""

from panshi.handbook import services
from panshi.kit.facts import Fact
from panshi.kit.outbox import on, on_any
from panshi.kit.tenancy import system_actor
from panshi.service.events import MessagePosted

DIRECT = ("handbook.", "cockpit.")


@on_any
def follow(fact: Fact) -> None:
    """Start runs and hear proofs; facts of this room and above start theirs in their own verbs."""
    if fact.name.startswith(DIRECT) or not services.is_bound(fact):
        return
    actor = system_actor(fact.org_id)
    services.start_runs(facts=(fact,), actor=actor, at=fact.at)
    services.hear_facts(facts=(fact,), actor=actor, at=fact.at)


@on(MessagePosted)
def answer(fact: MessagePosted) -> None:
    """Answer what a customer asks; a word of danger has gone to a person already."""
    if fact.author_kind == "CUSTOMER" and not fact.safety:
        services.answer_customer(
            conversation_id=fact.conversation_id,
            message_id=fact.message_id,
            text=fact.text,
            actor=system_actor(fact.org_id),
            at=fact.at,
        )
