"""Questions about one city that is being opened: the playbook's nodes, and what the gate asks."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from panshi.cockpit import launch
from panshi.cockpit.launch import GateItem
from panshi.cockpit.models import RollOutPlan
from panshi.handbook import queries as handbook
from panshi.handbook.queries.playbooks import LaunchPhase
from panshi.kit.tenancy import Actor, system_actor
from panshi.kit.verbs import question


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchPage:
    """The phases with their nodes, and the gate out of the present one."""

    plan_id: UUID
    city: str
    phase: str
    phases: tuple[LaunchPhase, ...]
    gate: tuple[GateItem, ...]

    @property
    def ready(self) -> bool:
        """Whether the gate opens without an exception."""
        return bool(self.gate) and all(item.met for item in self.gate)


@question
def launch_page(*, plan_id: UUID, actor: Actor, at: datetime) -> LaunchPage:
    """How the opening of one city stands today. Raises RollOutPlan.DoesNotExist."""
    plan = RollOutPlan.objects.visible_to(actor).get(id=plan_id)
    system = system_actor(plan.org_id)
    phases = handbook.launch_phases(plan_id=plan.id, opens_on=plan.opens_on, actor=system, at=at)
    return LaunchPage(
        plan_id=plan.id,
        city=plan.city,
        phase=plan.phase,
        phases=tuple(phases),
        gate=tuple(launch.gate_of(plan, phases, system, at)),
    )
