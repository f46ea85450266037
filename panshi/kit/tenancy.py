"""Who acts, and the database context that goes with it."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from time import monotonic
from typing import Final
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext as _

from panshi.kit.refusals import NotPermitted

APP: Final = "panshi_app"
HQ: Final = "panshi_hq"
PORTAL: Final = "panshi_portal"
REPORT: Final = "panshi_report"
EVERYTHING: Final = frozenset({"*"})
SYSTEM: Final = UUID(int=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """A person, a token or the system itself, as verbs and questions see it.

    `org_ids` are the nodes it may see and change (own node and below, or the narrower part it
    switched to), `ref_org_ids` adds the nodes above, whose reference rows it may read. A customer
    carries `customer_id` and reads as the portal's role. `permissions` hold names like
    `leasing.activate_lease`, `leasing.*` or `*`.
    """

    id: UUID
    name: str = ""
    org_id: int
    org_ids: tuple[int, ...]
    ref_org_ids: tuple[int, ...] = ()
    permissions: frozenset[str] = field(default_factory=frozenset)
    db_role: str = APP
    customer_id: UUID | None = None
    roles: frozenset[str] = field(default_factory=frozenset)

    def may(self, permission: str) -> bool:
        room = permission.split(".", 1)[0]
        return not self.permissions.isdisjoint(("*", f"{room}.*", permission))

    def must(self, permission: str, org_id: int) -> None:
        """Raise NotPermitted unless the actor may do this at this node.

        A verb called by a verb rides on its caller's permission.
        """
        if _depth.get() > 1:
            return
        reaches = self.db_role == HQ or org_id in self.org_ids
        if not (reaches and self.may(permission)):
            raise NotPermitted(_("You are not permitted to do this (%s).") % permission)

    def must_be(self, customer_id: UUID) -> None:
        """Raise NotPermitted when a customer touches what is another customer's."""
        if self.customer_id is not None and self.customer_id != customer_id:
            raise NotPermitted(_("This belongs to another customer."))

    @property
    def single_org_id(self) -> int | None:
        """The one node this actor sees, if only one: pages add it literally, for the index."""
        return self.org_ids[0] if self.db_role != HQ and len(self.org_ids) == 1 else None


def system_actor(org_id: int) -> Actor:
    """The system, acting inside one org: handlers and schedules."""
    return Actor(id=SYSTEM, name="system", org_id=org_id, org_ids=(org_id,), permissions=EVERYTHING)


def hq_actor(org_id: int = 0) -> Actor:
    """The system, acting for the whole tree: mass runs, gateway, ingest, relay."""
    return Actor(
        id=SYSTEM, name="system", org_id=org_id, org_ids=(), permissions=EVERYTHING, db_role=HQ
    )


@dataclass(frozen=True, slots=True)
class _Context:
    role: str
    org_ids: str
    ref_org_ids: str
    customer_id: str
    actor: str


_NOBODY = _Context("none", "", "", "", "")
_current: ContextVar[_Context] = ContextVar("tenant_context", default=_NOBODY)
_depth: ContextVar[int] = ContextVar("verb_depth", default=0)


def _array(ids: tuple[int, ...]) -> str:
    return "{" + ",".join(map(str, ids)) + "}" if ids else ""


_KEPT_S: Final = 15.0
_lineages: dict[int, tuple[float, tuple[int, ...]]] = {}
_LINEAGE = """
WITH RECURSIVE above AS (
    SELECT id, parent_id, 0 AS depth FROM org_orgnode WHERE id = %s
    UNION ALL
    SELECT n.id, n.parent_id, a.depth + 1 FROM org_orgnode n JOIN above a ON a.parent_id = n.id
) SELECT id FROM above ORDER BY depth
"""


def lineage(org_id: int) -> tuple[int, ...]:
    """A node and those above it, nearest first; kept in memory for some seconds, as nodes move."""
    kept = _lineages.get(org_id)
    if kept is not None and monotonic() - kept[0] < _KEPT_S:
        return kept[1]
    with acting(hq_actor()), connection.cursor() as cursor:
        cursor.execute(_LINEAGE, [org_id])
        found = tuple(row[0] for row in cursor.fetchall())
    if not found:
        return (org_id,)
    _lineages[org_id] = monotonic(), found
    return found


def forget_lineages() -> None:
    """Look again where nodes stand; other processes do so within seconds."""
    _lineages.clear()


def _context_of(actor: Actor, *, to_write: bool) -> _Context:
    role, org_ids, customer_id = actor.db_role, actor.org_ids, actor.customer_id
    ref_org_ids = actor.ref_org_ids
    if actor.id == SYSTEM and role == APP and not ref_org_ids:
        ref_org_ids = tuple({node for org_id in org_ids for node in lineage(org_id)})
    if customer_id is not None:
        # A customer's verb runs as staff of the one org that holds the record.
        role, org_ids = (APP, (actor.org_id,)) if to_write else (PORTAL, ())
    return _Context(
        role=role,
        org_ids=_array(org_ids),
        ref_org_ids=_array(ref_org_ids or org_ids),
        customer_id=str(customer_id or ""),
        actor=str(actor.id),
    )


def _apply(context: _Context) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('role', %s, true), set_config('app.org_ids', %s, true),"
            " set_config('app.ref_org_ids', %s, true), set_config('app.customer_id', %s, true),"
            " set_config('app.actor', %s, true)",
            [
                context.role,
                context.org_ids,
                context.ref_org_ids,
                context.customer_id,
                context.actor,
            ],
        )


@contextmanager
def acting(actor: Actor, *, to_write: bool = False) -> Iterator[None]:
    """Run a block in one transaction under the actor's database role and tenant context.

    Nested blocks restore the outer context, since a released savepoint keeps SET LOCAL.
    """
    before, wanted = _current.get(), _context_of(actor, to_write=to_write)
    nested = connection.in_atomic_block
    if nested and before == wanted and not to_write:
        yield
        return
    with transaction.atomic():
        if not nested or before != wanted:
            _apply(wanted)
        token = _current.set(wanted)
        try:
            yield
        finally:
            _current.reset(token)
        if nested and before != wanted:
            _apply(before)


@contextmanager
def verb_depth() -> Iterator[int]:
    """Count how deep verbs call verbs; 1 is the one a door called."""
    token = _depth.set(_depth.get() + 1)
    try:
        yield _depth.get()
    finally:
        _depth.reset(token)
