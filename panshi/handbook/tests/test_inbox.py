"""What waits for somebody, and what needs a lead: as a naive recount of every run finds it."""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from panshi.handbook import queries
from panshi.handbook.models import OPEN_STATES, Run, RunState
from panshi.handbook.queries.runs import INBOX_LIMIT, LEAD_LIMIT, RunRow, posts_of
from panshi.handbook.tests import make
from panshi.kit.ids import uuid7
from panshi.kit.tenancy import Actor
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make

pytestmark = pytest.mark.usefixtures("in_force")

AT = make.NOON + timedelta(days=2)
POSTS = ("collector", "finance", "engineer", "qc", "dispatcher")


def laid(orgs: Sequence[OrgNode], people: Sequence[Actor], count: int) -> None:
    """Runs of all states, owners, posts and moments, spread over these organisations."""
    chance = random.Random(20270309)
    first = make.reminder(orgs[0])
    owners = [None, None, None, uuid7(), *(person.id for person in people)]
    rows = []
    for number in range(count):
        state = chance.choice([*RunState.values, "WAITING", "WAITING"])
        post = chance.choice(POSTS)
        due = AT + timedelta(minutes=chance.randrange(-9000, 3000), seconds=number % 60)
        over = state in ("CLOSED", "VOID")
        rows.append(
            Run(
                org=chance.choice(orgs),
                node=first.node,
                revision=first.revision,
                edition_id=first.edition_id,
                city=chance.choice(["杭州", "宁波", ""]),
                occurrence_key=f"laid/{uuid7()}",
                owner_role=post,
                roles=sorted({chance.choice([post, chance.choice(POSTS)]), chance.choice(POSTS)}),
                owner_id=chance.choice(owners) if state != "WAITING" else None,
                state=state,
                started_at=due - timedelta(days=1),
                take_by=due - timedelta(hours=chance.randrange(1, 30)),
                due_at=due,
                closed_at=due if over else None,
                closed_by_fact_id=uuid7() if over else None,
            )
        )
    Run.objects.bulk_create(rows)


def standing(actor: Actor) -> list[Run]:
    every = sorted(Run.objects.all(), key=lambda run: run.due_at)
    return [run for run in every if run.org_id in actor.org_ids and run.state in OPEN_STATES]


def waiting_for(actor: Actor) -> list[Run]:
    posts = posts_of(actor)
    return [
        run
        for run in standing(actor)
        if run.owner_id == actor.id
        or (run.owner_id is None and any(post in run.roles for post in posts))
        or any(post in run.roles and run.owner_role != post for post in posts)
    ]


def ids(*parts: Sequence[RunRow]) -> set[str]:
    return {str(row.id) for part in parts for row in part}


@pytest.mark.parametrize("count", [150, pytest.param(3000, marks=pytest.mark.deep)])
def test_they_are_those_that_a_naive_recount_finds(count: int) -> None:
    make.edition()
    region, stranger = org_make.region(), org_make.operator()
    mine = [org_make.operator(parent=region) for _n in range(4)]
    clerk = make.person(mine[0], "FINANCE")
    head = replace(
        make.person(region, "OPERATIONS"), org_ids=(region.id, *(node.id for node in mine))
    )
    laid([*mine, stranger], [clerk, head], count)

    for person in (clerk, head):
        wanted = waiting_for(person)
        box = queries.inbox(actor=person, at=AT)
        late = [run for run in wanted[:INBOX_LIMIT] if run.due_at < AT]
        assert len(wanted) > (INBOX_LIMIT if count > 1000 and person is head else 5)
        assert [row.id for row in box.overdue] == [run.id for run in late]
        assert ids(box.untaken, box.overdue, box.today, box.later, box.routine) == {
            str(run.id) for run in wanted[:INBOX_LIMIT]
        }

        wanted = [
            run
            for run in standing(person)
            if run.state == "HALTED"
            or run.due_at < AT
            or (run.state == "WAITING" and run.take_by < AT)
        ]
        seen = queries.supervision(actor=person, at=AT)
        assert ids(seen.halted, seen.late, seen.untaken) == {
            str(run.id) for run in wanted[:LEAD_LIMIT]
        }
        every = Counter(run.city for run in standing(person))
        late_in = Counter(run.city for run in standing(person) if run.due_at < AT)
        assert seen.by_city == tuple((c, every[c], late_in[c]) for c in sorted(every))
        one = queries.supervision(actor=person, at=AT, city="宁波")
        of_city = [run for run in wanted if run.city == "宁波"]
        assert ids(one.halted, one.late, one.untaken) == {
            str(run.id) for run in of_city[:LEAD_LIMIT]
        }


def test_they_ask_no_more_of_the_database_however_much_stands_open() -> None:
    make.edition()
    org = org_make.operator()
    lead = make.person(org, "OPERATIONS")
    asked = []
    for count in (40, 500):
        laid([org], [lead], count)
        for ask in (queries.inbox, queries.supervision):
            ask(actor=lead, at=AT)  # What the process keeps is read by now.
            with CaptureQueriesContext(connection) as told:
                ask(actor=lead, at=AT)
            asked.append(len(told))
    few, many = asked[:2], asked[2:]
    assert all(more <= fewer for more, fewer in zip(many, few, strict=True)), asked
