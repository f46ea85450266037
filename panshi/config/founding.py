"""What an administrator does at the keyboard before anyone can sign in."""

from collections.abc import Sequence

from django.utils import timezone

from panshi.kit.tenancy import hq_actor
from panshi.org import services


def create_org(*, name: str, kind: str, parent: int | None, city: str) -> int:
    """Found the platform, or add a node below another; answers the node's number."""
    if parent is None:
        return services.found_platform(
            name=name, city=city, actor=hq_actor(), at=timezone.now()
        ).node_id
    fact = services.create_node(
        parent_id=parent, kind=kind, name=name, city=city, actor=hq_actor(parent), at=timezone.now()
    )
    return fact.node_id


def create_user(
    *, username: str, org_id: int, full_name: str, roles: Sequence[str], password: str
) -> None:
    services.create_user(
        org_id=org_id,
        username=username,
        full_name=full_name,
        roles=roles,
        password=password,
        actor=hq_actor(org_id),
        at=timezone.now(),
    )
