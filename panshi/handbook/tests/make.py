"""Content in force, facts and actors with honest defaults."""

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from uuid import UUID

from panshi.billing.events import BillOverdue, BillPaid
from panshi.diagnosis.events import FindingRow, FindingsRaised
from panshi.fleet.events import VehicleIdled
from panshi.handbook import book, services
from panshi.handbook.content_files import SHIPPED, Content, read_directory, write_directory
from panshi.handbook.models import Edition, Run
from panshi.kit.facts import Fact
from panshi.kit.ids import uuid7
from panshi.kit.tenancy import Actor, hq_actor, system_actor
from panshi.org import rules as org_rules
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make
from tests.environment import HOME

PLAYED = frozenset(
    {
        "CS-B-08", "CS-C-10", "CS-C-11", "CS-D-05", "CS-D-06", "CS-D-20", "VM-E-12", "VM-F-02",
        "VM-F-09", "VM-F-15",
    }
)  # fmt: skip
NOON = datetime(2027, 3, 9, 4, tzinfo=UTC)  # A Tuesday, 12:00 in Shanghai.


def editor() -> Actor:
    return replace(hq_actor(org_make.platform().id), id=UUID(int=7))


@cache
def played(*more: str) -> Path:
    """A content directory with the shipped nodes that tests play; the others are listed only.

    `more` are the folders of further nodes, by the beginning of their names.
    """
    shipped = read_directory(SHIPPED)
    folders = {
        name: files
        for name, files in shipped.folders.items()
        if name[:7] in PLAYED or name.startswith(more or ("-",))
    }
    directory = HOME.path / f"played-{os.getpid()}{'-'.join(('', *more))}"
    write_directory(Content(root=shipped.root, folders=folders), directory)
    return directory


def edition(*more: str, whole: bool = False) -> Edition:
    """The shipped content, imported and in force: what tests play of it, or the whole.

    A module that uses `in_force` has imported it already, for all its tests.
    """
    if there := Edition.objects.first():
        return there
    book.forget()
    directory = SHIPPED if whole else played(*more)
    fact = services.import_content(directory=str(directory), actor=editor(), at=NOON)
    return Edition.objects.get(id=fact.edition_id)


def person(org: OrgNode, role: str) -> Actor:
    """A member of staff with one sign-in role and what that role may do."""
    return replace(org_make.actor(org, *org_rules.PERMISSIONS[role]), roles=frozenset({role}))


def overdue(org: OrgNode, *, days: int = 1, amount: str = "3600.00") -> BillOverdue:
    return BillOverdue(
        org_id=org.id,
        actor_id=UUID(int=0),
        at=NOON,
        bill_id=uuid7(),
        customer_id=uuid7(),
        vehicle_id=uuid7(),
        source_kind="leasing.lease",
        source_id=uuid7(),
        days=days,
        open_amount=Decimal(amount),
    )


def paid(fact: BillOverdue, *, after: timedelta = timedelta(hours=3)) -> BillPaid:
    return BillPaid(
        org_id=fact.org_id,
        actor_id=UUID(int=0),
        at=fact.at + after,
        bill_id=fact.bill_id,
        bill_kind="RENT",
        source_kind=fact.source_kind,
        source_id=fact.source_id,
        customer_id=fact.customer_id,
        vehicle_id=fact.vehicle_id,
        total=fact.open_amount,
    )


def finding(*, vehicle_id: UUID | None = None, rule: str = "INSULATION_LOW") -> FindingRow:
    return FindingRow(
        finding_id=uuid7(),
        vehicle_id=vehicle_id or uuid7(),
        plate="浙A12345D",
        city="杭州",
        rule=rule,
        group="insulation",
        severity=3,
        title_zh="绝缘偏低",
        title_en="Insulation low",
        raised_at=NOON,
    )


def idled(org: OrgNode, *, vehicle_id: UUID) -> VehicleIdled:
    return VehicleIdled(
        org_id=org.id,
        actor_id=UUID(int=0),
        at=NOON,
        vehicle_id=vehicle_id,
        odometer_km=Decimal(1200),
        days=3,
    )


def findings_raised(org: OrgNode, *rows: FindingRow) -> FindingsRaised:
    return FindingsRaised(org_id=org.id, actor_id=UUID(int=0), at=NOON, findings=rows)


def start(*facts: Fact) -> list[Run]:
    """Start what these facts call for; answers the runs, first to last."""
    started = services.start_runs(facts=facts, actor=system_actor(facts[0].org_id), at=facts[0].at)
    by_id = Run.objects.select_related("node", "revision").in_bulk([r.run_id for r in started.runs])
    return [by_id[r.run_id] for r in started.runs]


def reminder(org: OrgNode) -> Run:
    """An overdue reminder that just started."""
    return start(overdue(org))[0]
