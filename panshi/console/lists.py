"""The tables and forms of the console's own pages, and the rows they show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import pgettext, pgettext_lazy

from panshi.kit import cells
from panshi.kit.forms import Field, Form
from panshi.kit.tables import Column, Filter, Table
from panshi.org.queries import AuditLine, StaffRow, role_labels


@dataclass(frozen=True, slots=True)
class StaffLine:
    """A member of staff with the roles in words."""

    id: UUID
    full_name: str
    username: str
    roles: str
    org_name: str
    second_factor: bool
    last_login: datetime | None


def staff_line(row: StaffRow) -> StaffLine:
    labels = role_labels()
    roles = ", ".join(labels[code] for code in row.roles)
    return StaffLine(
        row.id, row.full_name or row.username, row.username, roles, row.org_name,
        row.second_factor, row.last_login,
    )  # fmt: skip


STAFF: Final = Table(
    name="staff",
    columns=(
        Column(key="full_name", label=pgettext_lazy("person", "Name"), sort=True),
        Column(key="username", label=lazy("User name"), kind="mono"),
        Column(key="roles", label=lazy("Roles")),
        Column(key="org_name", label=lazy("Organisation")),
        Column(key="second_factor", label=lazy("Second factor"), kind="flag"),
        Column(key="last_login", label=lazy("Last sign-in"), kind="moment", sort=True),
    ),
    filters=(
        Filter(
            key="text", label=pgettext_lazy("person", "Name"), placeholder=lazy("Name or user name")
        ),
        Filter(
            key="role",
            label=lazy("Role"),
            kind="choice",
            choices=lambda actor: [(c, w) for c, w in role_labels().items() if c != "CUSTOMER"],
        ),
    ),
    sort="full_name",
    row_url="console-staff-roles",
    export="staff",
    empty=lazy("Nobody signs in here yet."),
    live=("org.UserCreated", "org.RoleChanged"),
)


def _roles_field() -> Field:
    return Field(
        name="roles",
        label=_("Roles"),
        kind="choices",
        choices=[(code, words) for code, words in role_labels().items() if code != "CUSTOMER"],
    )


def new_staff_form() -> Form:
    """Name, user name, first password and roles, as `org.create_user` takes them."""
    return Form(
        fields=[
            Field(name="full_name", label=pgettext("person", "Name"), longest=60),
            Field(name="username", label=_("User name"), kind="mono", longest=150),
            Field(
                name="password",
                label=_("First password"),
                kind="password",
                help=_("At least 10 characters; the person changes it later."),
            ),
            _roles_field(),
            Field(
                name="second_factor",
                label=_("Must use a second factor"),
                kind="flag",
                required=False,
            ),
        ]
    )


def password_form() -> Form:
    """A password that somebody gives to another."""
    return Form(
        fields=[
            Field(
                name="password",
                label=_("New password"),
                kind="password",
                help=_("At least 10 characters; the person changes it later."),
            )
        ]
    )


def roles_form() -> Form:
    return Form(fields=[_roles_field()])


_ACTS: Final = {
    "INSERT": (pgettext_lazy("audit", "Created"), "ok"),
    "UPDATE": (lazy("Changed"), "info"),
    "DELETE": (pgettext_lazy("audit", "Removed"), "warn"),
}


@dataclass(frozen=True, slots=True)
class AuditEntry:
    id: int
    at: datetime
    who: str
    act: str
    act_label: str
    table: str
    row_id: str
    fields: str


AUDIT: Final = Table(
    name="audit",
    columns=(
        Column(key="at", label=lazy("Moment"), kind="moment"),
        Column(key="who", label=pgettext_lazy("audit", "Person")),
        Column(
            key="act",
            label=lazy("Act"),
            show=lambda row: cells.state(row.act_label, _ACTS[row.act][1]),
        ),
        Column(key="table", label=pgettext_lazy("audit", "Table"), kind="mono"),
        Column(key="row_id", label=lazy("Record"), kind="mono"),
        Column(key="fields", label=lazy("Fields")),
    ),
    filters=(
        Filter(key="at", label=lazy("Days"), kind="days"),
        Filter(
            key="act",
            label=lazy("Act"),
            kind="choice",
            choices=[(code, label) for code, (label, _tone) in _ACTS.items()],
        ),
        Filter(key="table", label=pgettext_lazy("audit", "Table"), placeholder="fleet_vehicle"),
        Filter(key="row_id", label=lazy("Record")),
    ),
    keyset=True,
    row_url="console-audit-line",
    export="audit",
    empty=lazy("Nothing was changed yet."),
)
_MOST_FIELDS: Final = 4


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def people_in(lines: Sequence[AuditLine]) -> tuple[UUID, ...]:
    """The users behind the lines; the system and database roles are none."""
    found = {_uuid(line.actor) for line in lines}
    return tuple(user for user in found if user)


def audit_row(line: AuditLine, names: Mapping[UUID, str]) -> AuditEntry:
    changed = sorted((line.after or line.before or {}).keys())
    rest = len(changed) - _MOST_FIELDS
    fields = ", ".join(changed[:_MOST_FIELDS]) + (f" +{rest}" if rest > 0 else "")
    user = _uuid(line.actor)
    who = names.get(user, "") if user else ""
    return AuditEntry(
        line.id, line.at, who or _("System"), line.act, str(_ACTS[line.act][0]), line.table,
        line.row_id, fields,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Change:
    field: str
    before: Any
    after: Any


def changes(line: AuditLine) -> list[Change]:
    """Field by field what stood there and what stands there now."""
    before, after = line.before or {}, line.after or {}
    return [Change(name, before.get(name), after.get(name)) for name in sorted({*before, *after})]
