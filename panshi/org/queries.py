"""Questions about the organisation: who acts, what they see, what was changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count, Q

from panshi.kit.clock import local_day
from panshi.kit.tenancy import APP, HQ, PORTAL, Actor, acting, hq_actor
from panshi.kit.verbs import question
from panshi.org import rules
from panshi.org.models import ApiToken, AuditRow, OrgEdge, OrgKind, OrgNode, Role, User

_TREE = """
WITH RECURSIVE below AS (
    SELECT id FROM org_orgnode WHERE id = %(node)s
    UNION ALL SELECT n.id FROM org_orgnode n JOIN below b ON n.parent_id = b.id
), above AS (
    SELECT id, parent_id FROM org_orgnode WHERE id = %(node)s
    UNION ALL SELECT n.id, n.parent_id FROM org_orgnode n JOIN above a ON a.parent_id = n.id
)
SELECT ARRAY(SELECT id FROM below), ARRAY(SELECT id FROM above)
"""


@dataclass(frozen=True, slots=True)
class NodeRow:
    id: int
    name: str
    kind: str
    city: str
    depth: int
    opened_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AuditLine:
    id: int
    at: datetime
    actor: str
    table: str
    row_id: str
    act: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class StaffRow:
    id: UUID
    username: str
    full_name: str
    roles: tuple[str, ...]
    org_name: str
    second_factor: bool
    last_login: datetime | None


def actor_of(user: User, *, node_id: int | None = None) -> Actor:
    """Build the actor behind a signed-in user, narrowed to a node below its own when one is given.

    Runs before any tenant context exists, as the login role. A node outside the user's own part
    of the tree is ignored.
    """
    with connection.cursor() as cursor:
        cursor.execute(_TREE, {"node": user.org_id})
        below, above = cursor.fetchone()
        home_kind = OrgNode.objects.values_list("kind", flat=True).get(id=user.org_id)
        narrowed = node_id is not None and node_id != user.org_id and node_id in below
        if narrowed:
            cursor.execute(_TREE, {"node": node_id})
            below, above = cursor.fetchone()
    whole = home_kind == OrgKind.PLATFORM and not narrowed
    customer = user.customer_id is not None
    return Actor(
        id=user.id,
        name=user.full_name or user.username,
        org_id=node_id if narrowed and node_id is not None else user.org_id,
        org_ids=tuple(below),
        ref_org_ids=tuple({*below, *above}),
        permissions=rules.permissions_of(user.roles),
        db_role=PORTAL if customer else HQ if whole else APP,
        customer_id=user.customer_id,
        roles=frozenset(user.roles),
    )


def user_of_token(digest: str, at: datetime) -> User | None:
    """The user behind a live API token, or None."""
    token = (
        ApiToken.objects.select_related("user")
        .filter(digest=digest, revoked_at=None, expires_at__gt=at, user__is_active=True)
        .first()
    )
    return token.user if token else None


@question
def nodes(*, actor: Actor) -> list[NodeRow]:
    """The tree as this actor sees it, in depth-first order."""
    found = OrgNode.objects.filter(closed_on=None).order_by("name")
    # Rows and no models: every list names its cities or operators from here.
    rows = found.values_list("id", "parent_id", "name", "kind", "city")
    seen = {row[0] for row in rows}
    children: dict[int | None, list[tuple[int, str, str, str]]] = {}
    for node_id, parent_id, name, kind, city in rows:
        above = parent_id if parent_id in seen else None
        children.setdefault(above, []).append((node_id, name, kind, city))
    answer: list[NodeRow] = []

    def walk(parent: int | None, depth: int) -> None:
        for node in children.get(parent, []):
            answer.append(NodeRow(*node, depth))
            walk(node[0], depth + 1)

    walk(None, 0)
    return answer


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceRow:
    """A node as the page of the tree shows it; `since` is when it came below its parent."""

    id: int
    name: str
    kind: OrgKind
    city: str
    depth: int
    parent_id: int | None
    people: int
    since: date | None


@question
def places(*, actor: Actor) -> list[PlaceRow]:
    """The open nodes this actor sees, in depth-first order, with how many people sign in there."""
    order = nodes(actor=actor)
    ids = [row.id for row in order]
    found = OrgNode.objects.in_bulk(ids)
    people = dict(
        User.objects.filter(org_id__in=ids, customer_id=None, is_active=True)
        .values_list("org_id")
        .annotate(Count("id"))
    )
    edges = OrgEdge.objects.filter(child_id__in=ids, during__upper_inf=True)
    since = {edge.child_id: edge.during.lower for edge in edges}
    return [
        PlaceRow(
            id=row.id, name=row.name, kind=OrgKind(row.kind), city=row.city, depth=row.depth,
            parent_id=found[row.id].parent_id, people=people.get(row.id, 0),
            since=since.get(row.id),
        )
        for row in order
    ]  # fmt: skip


@question
def place(*, node_id: int, actor: Actor) -> PlaceRow:
    """One node of the tree that this actor sees. Raises OrgNode.DoesNotExist."""
    found = next((row for row in places(actor=actor) if row.id == node_id), None)
    if found is None:
        raise OrgNode.DoesNotExist(node_id)
    return found


def kind_labels() -> dict[str, str]:
    """The kinds of nodes in words, from the platform down."""
    return {kind.value: str(kind.label) for kind in OrgKind}


@dataclass(frozen=True, slots=True)
class Lineages:
    """Who stood above whom on which day, of the whole tree."""

    edges: Mapping[int, Sequence[tuple[date | None, date | None, int]]]

    def on(self, org_id: int, day: date) -> tuple[int, ...]:
        """A node and those above it on a day, nearest first."""
        found = [org_id]
        while (above := self._parent(found[-1], day)) is not None:
            found.append(above)
        return tuple(found)

    def _parent(self, node: int, day: date) -> int | None:
        for since, until, parent in self.edges.get(node, ()):
            if (since is None or since <= day) and (until is None or day < until):
                return parent
        return None


@question
def lineages(*, actor: Actor) -> Lineages:
    """Where the nodes that this actor sees stood, for ever."""
    edges: dict[int, list[tuple[date | None, date | None, int]]] = {}
    for edge in OrgEdge.objects.order_by("child_id", "during"):
        span = edge.during.lower, edge.during.upper, edge.parent_id
        edges.setdefault(edge.child_id, []).append(span)
    return Lineages(edges)


@question
def operators(*, actor: Actor) -> list[NodeRow]:
    """The operators this actor sees, by name."""
    return [
        NodeRow(n.id, n.name, n.kind, n.city, 0, n.created_at)
        for n in OrgNode.objects.filter(kind=OrgKind.OPERATOR, closed_on=None).order_by("name")
    ]


@question
def staff(*, actor: Actor, limit: int = 200) -> list[StaffRow]:
    """People who sign in at this actor's nodes; customers are left out."""
    found = User.objects.filter(customer_id=None, is_active=True)
    users = found.select_related("org").order_by("full_name")
    return [
        StaffRow(
            u.id, u.username, u.full_name, tuple(u.roles), u.org.name,
            u.must_use_second_factor, u.last_login,
        )
        for u in users[:limit]
    ]  # fmt: skip


@question
def holders(*, org_ids: tuple[int, ...], actor: Actor) -> list[tuple[int, UUID, frozenset[str]]]:
    """Who may sign in at these very nodes: node, person, roles; by name, customers left out."""
    users = User.objects.filter(org_id__in=org_ids, customer_id=None, is_active=True)
    rows = users.order_by("full_name", "id").values_list("org_id", "id", "roles")
    return [(org_id, user_id, frozenset(roles)) for org_id, user_id, roles in rows]


@question
def names_of(*, user_ids: tuple[UUID, ...], actor: Actor) -> dict[UUID, str]:
    """Full names of users, for timelines and lists."""
    return dict(User.objects.filter(id__in=user_ids).values_list("id", "full_name"))


_VERIFY = """
WITH links AS (
    SELECT id, last_id, digest, lag(last_id, 1, 0::bigint) OVER (ORDER BY id) AS first_id,
           lag(digest, 1, '') OVER (ORDER BY id) AS before
    FROM org_auditseal
)
SELECT l.id FROM links l
WHERE l.digest <> encode(sha256(convert_to(l.before || (
    SELECT COALESCE(
        string_agg(encode(sha256(convert_to(a::text, 'UTF8')), 'hex'), '' ORDER BY a.id), '')
    FROM org_auditrow a WHERE a.id > l.first_id AND a.id <= l.last_id), 'UTF8')), 'hex')
ORDER BY l.id LIMIT 1
"""


def first_broken_seal() -> int | None:
    """The first link of the audit chain that no longer matches its rows, or None. Asked as HQ."""
    with connection.cursor() as cursor:
        cursor.execute(_VERIFY)
        row = cursor.fetchone()
    return row[0] if row else None


def platform_id() -> int | None:
    """The root of the tree, or None before the company is founded. Asked as the login role."""
    return OrgNode.objects.filter(kind=OrgKind.PLATFORM).values_list("id", flat=True).first()


@question
def node(*, node_id: int, actor: Actor) -> NodeRow:
    """One node that the actor sees."""
    n = OrgNode.objects.get(id=node_id)
    return NodeRow(n.id, n.name, n.kind, n.city, 0)


def role_labels() -> dict[str, str]:
    """The translated name of each role by its code."""
    return {code: str(label) for code, label in Role.choices}


_STAFF_ORDER = frozenset({"full_name", "username", "last_login", "org__name"})


@question
def staff_page(
    *,
    actor: Actor,
    text: str = "",
    role: str = "",
    order_by: str = "full_name",
    limit: int = 20,
    offset: int = 0,
) -> tuple[list[StaffRow], int]:
    """One page of the people who sign in at this actor's nodes, and how many match.

    `text` is part of a name or user name. Customers are left out.
    """
    users = User.objects.filter(customer_id=None, is_active=True)
    if text:
        users = users.filter(Q(full_name__icontains=text) | Q(username__icontains=text))
    if role:
        users = users.filter(roles__contains=[role])
    if order_by.removeprefix("-") not in _STAFF_ORDER:
        raise ValueError(f"staff cannot be ordered by {order_by}")
    ordered = users.select_related("org").order_by(order_by, "id")
    return [_staff_row(u) for u in ordered[offset : offset + limit]], users.count()


@dataclass(frozen=True, slots=True)
class StaffName:
    """A member of staff as a sheet names them; closed sign-ins are not active."""

    id: UUID
    org_id: int
    full_name: str
    roles: tuple[str, ...]
    is_active: bool


@question
def staff_named(*, usernames: tuple[str, ...], actor: Actor) -> dict[str, StaffName]:
    """Staff at this actor's nodes by user name, closed sign-ins too."""
    found = User.objects.filter(username__in=usernames, customer_id=None)
    return {
        user.username: StaffName(
            user.id, user.org_id, user.full_name, tuple(user.roles), user.is_active
        )
        for user in found
    }


@question
def names_taken(*, usernames: tuple[str, ...], actor: Actor) -> frozenset[str]:
    """Which user names somebody signs in by already, anywhere; who that is stays unsaid.

    For those alone who may give user names.
    """
    actor.must("org.create_user", actor.org_id)
    with acting(hq_actor()):
        found = User.objects.filter(username__in=usernames)
        return frozenset(found.values_list("username", flat=True))


@dataclass(frozen=True, slots=True)
class StaffEntry:
    """A member of staff with the node's name and the first day."""

    id: UUID
    username: str
    full_name: str
    roles: tuple[str, ...]
    node: str
    joined_on: date


@question
def staff_entries(*, actor: Actor) -> list[StaffEntry]:
    """All who sign in at this actor's nodes, customers left out, by name."""
    found = User.objects.filter(customer_id=None, is_active=True).select_related("org")
    return [
        StaffEntry(
            id=user.id,
            username=user.username,
            full_name=user.full_name,
            roles=tuple(user.roles),
            node=user.org.name,
            joined_on=local_day(user.date_joined),
        )
        for user in found.order_by("full_name", "id")
    ]


@question
def staff_member(*, user_id: UUID, actor: Actor) -> StaffRow:
    """One member of staff at this actor's nodes."""
    return _staff_row(User.objects.select_related("org").get(id=user_id, customer_id=None))


def _staff_row(user: User) -> StaffRow:
    return StaffRow(
        user.id, user.username, user.full_name, tuple(user.roles), user.org.name,
        user.must_use_second_factor, user.last_login,
    )  # fmt: skip


@question
def audit_page(
    *,
    actor: Actor,
    table: str = "",
    act: str = "",
    row_id: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    before_id: int | None = None,
    limit: int = 20,
) -> list[AuditLine]:
    """The newest changes older than `before_id`; the days are half-open, `until` excluded."""
    rows = AuditRow.objects.all()
    given = {
        "table": table, "act": act, "row_id": row_id, "at__gte": since, "at__lt": until,
        "id__lt": before_id,
    }  # fmt: skip
    rows = rows.filter(**{key: value for key, value in given.items() if value})
    return [_audit_line(r) for r in rows.order_by("-id")[:limit]]


@question
def audit_line(*, line_id: int, actor: Actor) -> AuditLine:
    """One change with what stood before and after."""
    return _audit_line(AuditRow.objects.get(id=line_id))


def _audit_line(r: AuditRow) -> AuditLine:
    return AuditLine(r.id, r.at, r.actor, r.table, r.row_id, r.act, r.before, r.after)
