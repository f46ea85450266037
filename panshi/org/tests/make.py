"""Nodes and actors with honest defaults."""

from itertools import count

from panshi.kit.ids import uuid7
from panshi.kit.tenancy import APP, HQ, Actor
from panshi.org.models import OrgKind, OrgNode

_numbers = count(1)


def platform() -> OrgNode:
    node, _ = OrgNode.objects.get_or_create(kind=OrgKind.PLATFORM, defaults={"name": "磐石平台"})
    return node


def region(*, city: str = "杭州") -> OrgNode:
    return OrgNode.objects.create(
        parent=platform(),
        kind=OrgKind.REGION,
        name=f"{city}区域运营中心 {next(_numbers)}",
        city=city,
    )


def operator(*, parent: OrgNode | None = None, city: str = "杭州") -> OrgNode:
    return OrgNode.objects.create(
        parent=parent or region(city=city),
        kind=OrgKind.OPERATOR,
        name=f"{city}运营商 {next(_numbers)}",
        city=city,
    )


def actor(org: OrgNode, *permissions: str) -> Actor:
    """Staff of one node, seeing it alone, with just these permissions."""
    above = [org.id]
    node = org
    while node.parent is not None:
        node = node.parent
        above.append(node.id)
    return Actor(
        id=uuid7(),
        name="王芳",
        org_id=org.id,
        org_ids=(org.id,),
        ref_org_ids=tuple(above),
        permissions=frozenset(permissions),
        db_role=HQ if org.kind == OrgKind.PLATFORM else APP,
    )
