"""Verbs of the organisation."""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from psycopg.types.range import DateRange

from panshi.kit.clock import day_start, local_day
from panshi.kit.refusals import NotPermitted, Refusal
from panshi.kit.tenancy import HQ, Actor, forget_lineages, lineage
from panshi.kit.verbs import GUARDS, verb
from panshi.kit.wording import listed
from panshi.org import rules
from panshi.org.events import (
    ApiTokenIssued,
    ApiTokenRevoked,
    AuditSealed,
    OperatorRegistered,
    OrgNodeClosed,
    OrgNodeCreated,
    OrgNodeMoved,
    PasswordGiven,
    RoleChanged,
    SignInEnded,
    UserCreated,
    UserOpenedAgain,
    UsersClosed,
)
from panshi.org.models import ApiToken, OrgEdge, OrgKind, OrgNode, User

# Below which kind a kind stands.
STANDS_BELOW: Final[Mapping[str, str]] = {
    OrgKind.REGION: OrgKind.PLATFORM,
    OrgKind.OPERATOR: OrgKind.REGION,
    OrgKind.TEAM: OrgKind.OPERATOR,
}


class WrongPlaceInTree(Refusal):
    pass


class UserNameTaken(Refusal):
    pass


class PasswordTooWeak(Refusal):
    pass


class UnknownRole(Refusal):
    pass


class OwnSignIn(Refusal):
    pass


class PersonAtWork(Refusal):
    """Somebody signed in already, so the sign-in stays."""


@verb
def found_platform(*, name: str, city: str, actor: Actor, at: datetime) -> OrgNodeCreated:
    """Create the root of the tree. Raises WrongPlaceInTree when there is one already."""
    actor.must("org.found_platform", 0)
    if OrgNode.objects.filter(kind=OrgKind.PLATFORM).exists():
        raise WrongPlaceInTree(_("The platform has been founded already."))
    node = OrgNode.objects.create(kind=OrgKind.PLATFORM, name=name, city=city)
    return OrgNodeCreated(
        org_id=node.id,
        actor_id=actor.id,
        at=at,
        node_id=node.id,
        kind=OrgKind.PLATFORM,
        node_name=name,
        city=city,
    )


@verb
def create_node(
    *, parent_id: int, kind: str, name: str, city: str, actor: Actor, at: datetime
) -> OrgNodeCreated:
    """Add a node below another. Raises WrongPlaceInTree when the kinds do not fit."""
    actor.must("org.create_node", parent_id)
    parent = OrgNode.objects.select_for_update().get(id=parent_id)
    if parent.closed_on or parent.kind != STANDS_BELOW.get(OrgKind(kind)):
        raise WrongPlaceInTree(
            _("A %(kind)s cannot stand below a %(parent)s.")
            % {"kind": OrgKind(kind).label, "parent": OrgKind(parent.kind).label}
        )
    if OrgNode.objects.filter(parent=parent, name=name).exists():
        raise WrongPlaceInTree(_("There is a node of this name already."))
    node = OrgNode.objects.create(parent=parent, kind=kind, name=name, city=city or parent.city)
    return OrgNodeCreated(
        org_id=parent.id,
        actor_id=actor.id,
        at=at,
        node_id=node.id,
        kind=kind,
        node_name=name,
        city=node.city,
    )


class Cycle(Refusal):
    """A node cannot stand below itself."""


class NodeNotEmpty(Refusal):
    pass


def _from_the_top(actor: Actor) -> None:
    if actor.db_role != HQ:
        raise NotPermitted(_("Only the platform moves and closes parts of the tree."))


@verb
def move_node(*, node_id: int, parent_id: int, actor: Actor, at: datetime) -> OrgNodeMoved:
    """Put a node with all below it under another parent, from this day on.

    Days before keep the old one: what was shared or reported for them stays as it was. Raises
    Cycle, WrongPlaceInTree, or NotPermitted for all but the platform.
    """
    actor.must("org.move_node", node_id)
    _from_the_top(actor)
    found = OrgNode.objects.filter(id__in=[node_id, parent_id]).order_by("id").select_for_update()
    nodes = {row.id: row for row in found}
    if node_id not in nodes or parent_id not in nodes:
        raise OrgNode.DoesNotExist(node_id if node_id not in nodes else parent_id)
    node, parent = nodes[node_id], nodes[parent_id]
    if node_id in lineage(parent_id):
        raise Cycle(_("%(node)s cannot stand below itself.") % {"node": node.name})
    if parent.kind != STANDS_BELOW.get(node.kind) or parent.closed_on or node.closed_on:
        raise WrongPlaceInTree(
            _("A %(kind)s cannot stand below a %(parent)s.")
            % {"kind": OrgKind(node.kind).label, "parent": OrgKind(parent.kind).label}
        )
    before, on = node.parent_id, local_day(at)
    if before is None or before == parent_id:
        raise WrongPlaceInTree(_("%(node)s stands there already.") % {"node": node.name})
    if OrgNode.objects.filter(parent=parent, name=node.name).exists():
        raise WrongPlaceInTree(_("There is a node of this name already."))
    edge = OrgEdge.objects.select_for_update().get(child=node, during__upper_inf=True)
    if edge.during.lower == on:
        edge.parent = parent
        edge.save(update_fields=["parent"])
    else:
        edge.during = DateRange(edge.during.lower, on)
        edge.save(update_fields=["during"])
        OrgEdge.objects.create(child=node, parent=parent, during=DateRange(on, None))
    node.parent = parent
    node.save(update_fields=["parent"])
    forget_lineages()
    return OrgNodeMoved(
        org_id=parent_id, actor_id=actor.id, at=at, node_id=node_id, before_id=before,
        parent_id=parent_id, on=on,
    )  # fmt: skip


@verb
def close_node(*, node_id: int, actor: Actor, at: datetime) -> OrgNodeClosed:
    """Give up a node in which nothing lives any more; sign-ins there end.

    Every room is asked what it still has there. Raises NodeNotEmpty with all of it, or NotPermitted
    for all but the platform.
    """
    actor.must("org.close_node", node_id)
    _from_the_top(actor)
    node = OrgNode.objects.select_for_update().get(id=node_id, closed_on=None)
    below = OrgNode.objects.filter(parent=node, closed_on=None).count()
    words = ngettext("%(count)d part below it", "%(count)d parts below it", below)
    held = [words % {"count": below}] if below else []
    if node.parent_id is None:
        held.append(_("the platform itself"))
    for name, ask in sorted(GUARDS.items()):
        if name.endswith(".node_contents"):
            held += ask(org_id=node_id)
    if held:
        raise NodeNotEmpty(
            _("%(node)s still holds: %(held)s.") % {"node": node.name, "held": listed(held)}
        )
    node.closed_on = local_day(at)
    node.save(update_fields=["closed_on"])
    ended = User.objects.filter(org=node, is_active=True).update(is_active=False)
    return OrgNodeClosed(
        org_id=node_id, actor_id=actor.id, at=at, node_id=node_id, on=node.closed_on, sign_ins=ended
    )


@verb
def register_operator(
    *, region_id: int, name: str, city: str, actor: Actor, at: datetime
) -> OperatorRegistered:
    """Open an operator below a regional centre: the tenant of all its records."""
    actor.must("org.register_operator", region_id)
    made = create_node(
        parent_id=region_id, kind=OrgKind.OPERATOR, name=name, city=city, actor=actor, at=at
    )
    return OperatorRegistered(
        org_id=region_id, actor_id=actor.id, at=at, node_id=made.node_id, city=made.city
    )


@verb
def create_user(
    *,
    org_id: int,
    username: str,
    full_name: str,
    roles: Sequence[str],
    password: str | None,
    actor: Actor,
    at: datetime,
    customer_id: UUID | None = None,
    second_factor: bool = False,
    joined_on: date | None = None,
) -> UserCreated:
    """Enter a person, who can sign in once there is a password.

    Raises UserNameTaken, PasswordTooWeak or UnknownRole.
    """
    actor.must("org.create_user", org_id)
    if unknown := set(roles) - set(rules.PERMISSIONS):
        raise UnknownRole(_("There is no role %s.") % ", ".join(sorted(unknown)))
    if User.objects.filter(username=username).exists():
        raise UserNameTaken(_("The user name %s is taken.") % username)
    if password is not None:
        _refuse_weak(password)
    user = User.objects.create(
        org_id=org_id,
        username=username,
        full_name=full_name,
        roles=list(roles),
        password=make_password(password),
        customer_id=customer_id,
        must_use_second_factor=second_factor,
        date_joined=day_start(joined_on) if joined_on else at,
    )
    return UserCreated(org_id=org_id, actor_id=actor.id, at=at, user_id=user.id, roles=tuple(roles))


def _refuse_weak(password: str) -> None:
    try:
        validate_password(password)
    except ValidationError as error:
        raise PasswordTooWeak(" ".join(error.messages)) from error


@verb
def give_password(*, user_id: UUID, password: str, actor: Actor, at: datetime) -> PasswordGiven:
    """Let a member of staff sign in by a new password, as when the first one was lost.

    Raises PasswordTooWeak.
    """
    user = User.objects.select_for_update().get(id=user_id, customer_id=None)
    actor.must("org.give_password", user.org_id)
    _refuse_weak(password)
    user.password = make_password(password)
    user.save(update_fields=["password"])
    return PasswordGiven(org_id=user.org_id, actor_id=actor.id, at=at, user_id=user.id)


@verb
def close_users(*, user_ids: Sequence[UUID], actor: Actor, at: datetime) -> UsersClosed:
    """Let people who never signed in sign in no more, all or none. Raises PersonAtWork."""
    users = User.objects.filter(id__in=list(user_ids), customer_id=None).order_by("id")
    rows = list(users.select_for_update())
    for org_id in sorted({row.org_id for row in rows}):
        actor.must("org.close_users", org_id)
    busy = [row.full_name for row in rows if row.last_login is not None]
    if busy:
        raise PersonAtWork(_("Signed in already: %s.") % listed(busy[:10]))
    users.update(is_active=False)
    return UsersClosed(
        org_id=actor.org_id, actor_id=actor.id, at=at, user_ids=tuple(row.id for row in rows)
    )


@verb
def open_user_again(
    *,
    user_id: UUID,
    org_id: int,
    full_name: str,
    roles: Sequence[str],
    actor: Actor,
    at: datetime,
) -> UserOpenedAgain:
    """Let a person whose sign-in was closed come back, at a node and with these roles.

    Raises UnknownRole.
    """
    user = User.objects.select_for_update().get(id=user_id, customer_id=None, is_active=False)
    for node in sorted({user.org_id, org_id}):
        actor.must("org.create_user", node)
    if unknown := set(roles) - set(rules.PERMISSIONS) or set(roles) & {"CUSTOMER"}:
        raise UnknownRole(_("There is no role %s.") % ", ".join(sorted(unknown)))
    user.is_active, user.org_id = True, org_id
    user.full_name, user.roles = full_name, list(roles)
    user.save(update_fields=["is_active", "org_id", "full_name", "roles"])
    return UserOpenedAgain(
        org_id=org_id, actor_id=actor.id, at=at, user_id=user.id, roles=tuple(roles)
    )


@verb
def end_sign_in(*, user_id: UUID, reason: str, actor: Actor, at: datetime) -> SignInEnded:
    """Let a person who left sign in no more, from the next click on. Raises OwnSignIn."""
    user = User.objects.select_for_update().get(id=user_id, is_active=True)
    actor.must("org.end_sign_in", user.org_id)
    if user.id == actor.id:
        raise OwnSignIn(_("Somebody else ends your own sign-in."))
    user.is_active = False
    user.save(update_fields=["is_active"])
    ApiToken.objects.filter(user=user, revoked_at=None).update(revoked_at=at)
    return SignInEnded(
        org_id=user.org_id, actor_id=actor.id, at=at, user_id=user.id, reason=reason.strip()[:200]
    )


@verb
def change_roles(*, user_id: UUID, roles: Sequence[str], actor: Actor, at: datetime) -> RoleChanged:
    """Give a member of staff other roles, from the next request on."""
    user = User.objects.select_for_update().get(id=user_id)
    actor.must("org.change_roles", user.org_id)
    if unknown := set(roles) - set(rules.PERMISSIONS) or set(roles) & {"CUSTOMER"}:
        raise UnknownRole(_("There is no role %s.") % ", ".join(sorted(unknown)))
    before = tuple(user.roles)
    user.roles = list(roles)
    user.save(update_fields=["roles"])
    return RoleChanged(
        org_id=user.org_id,
        actor_id=actor.id,
        at=at,
        user_id=user.id,
        before=before,
        after=tuple(roles),
    )


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """The secret, shown once, and the fact that it exists."""

    secret: str
    fact: ApiTokenIssued


def issue_api_token(
    *, user_id: UUID, name: str, days: int, actor: Actor, at: datetime
) -> IssuedToken:
    """Make an API token for a user; the secret is answered here and never again."""
    secret = f"pst_{secrets.token_urlsafe(32)}"
    fact = record_api_token(
        user_id=user_id,
        name=name,
        digest=token_digest(secret),
        expires_at=at + timedelta(days=days),
        actor=actor,
        at=at,
    )
    return IssuedToken(secret, fact)


def token_digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


@verb
def record_api_token(
    *, user_id: UUID, name: str, digest: str, expires_at: datetime, actor: Actor, at: datetime
) -> ApiTokenIssued:
    """Keep the digest of a token under which a program acts as a user."""
    user = User.objects.get(id=user_id)
    actor.must("org.record_api_token", user.org_id)
    token = ApiToken.objects.create(
        org_id=user.org_id, user=user, name=name, digest=digest, expires_at=expires_at
    )
    return ApiTokenIssued(
        org_id=user.org_id, actor_id=actor.id, at=at, token_id=token.id, user_id=user.id
    )


@verb
def revoke_api_token(*, token_id: UUID, actor: Actor, at: datetime) -> ApiTokenRevoked:
    """End a token at once; a second call changes nothing."""
    token = ApiToken.objects.visible_to(actor).select_for_update().get(id=token_id)
    actor.must("org.revoke_api_token", token.org_id)
    token.revoked_at = token.revoked_at or at
    token.save(update_fields=["revoked_at"])
    return ApiTokenRevoked(org_id=token.org_id, actor_id=actor.id, at=at, token_id=token.id)


_SEAL = """
WITH last AS (
    SELECT last_id, digest FROM org_auditseal ORDER BY id DESC LIMIT 1
), open AS (
    SELECT a.id, encode(sha256(convert_to(a::text, 'UTF8')), 'hex') AS digest FROM org_auditrow a
    WHERE a.id > COALESCE((SELECT last_id FROM last), 0)
      AND a.at < now() - interval '5 seconds'
)
INSERT INTO org_auditseal (last_id, rows, digest)
SELECT max(id), count(*), encode(sha256(convert_to(
    COALESCE((SELECT digest FROM last), '') || string_agg(digest, '' ORDER BY id), 'UTF8')), 'hex')
FROM open HAVING count(*) > 0
RETURNING last_id, rows
"""


@verb
def seal_audit(*, actor: Actor, at: datetime) -> AuditSealed:
    """Chain the audit rows written since the last seal; rows under five seconds old wait."""
    actor.must("org.seal_audit", actor.org_id)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('audit-seal', 3))")
        cursor.execute(_SEAL)
        last_id, rows = cursor.fetchone() or (0, 0)
    return AuditSealed(org_id=actor.org_id, actor_id=actor.id, at=at, last_id=last_id, rows=rows)
