"""All branches of all procedures of the shipped handbook, played through their verbs."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pytest
from django.db import transaction
from pytest_django import DjangoDbBlocker

from panshi.crm.tests import make as crm_make
from panshi.fleet.tests import make as fleet_make
from panshi.handbook import playing
from panshi.handbook.models import EditionItem
from panshi.handbook.tests import make
from panshi.kit.tenancy import acting, hq_actor
from panshi.leasing.tests import make as leasing_make
from panshi.service.tests import make as service_make

pytestmark = [pytest.mark.deep, pytest.mark.slow]

# By category: how many procedures it has, and verbs that its steps are to call in earnest, with
# nothing standing in for them.
EARNEST: Mapping[str, tuple[int, frozenset[str]]] = {
    "CS-A": (41, frozenset()),
    "CS-B": (
        38,
        frozenset(
            {
                "fleet.complete_inspection",
                "fleet.lend_key",
                "fleet.return_key",
                "fleet.send_to_service",
                "fleet.start_inspection",
                "leasing.request_swap",
                "telematics.register_device",
            }
        ),
    ),
    "CS-C": (46, frozenset({"crm.file_complaint", "notify.send_messages"})),
    "CS-D": (
        47,
        frozenset(
            {
                "billing.issue_bills",
                "billing.match_lines",
                "leasing.extend_lease",
                "leasing.terminate_early",
            }
        ),
    ),
    "VM-E": (
        47,
        frozenset(
            {
                "billing.post_depreciation",
                "fleet.compute_due_items",
                "fleet.enter_asset",
                "fleet.file_document",
                "fleet.mark_odometers",
                "fleet.publish_vehicle_model",
                "leasing.attribute_violations",
                "telematics.register_device",
            }
        ),
    ),
    "VM-F": (53, frozenset({"fleet.send_to_service"})),
    "VM-G": (
        65,
        frozenset(
            {"fleet.record_maintenance", "fleet.send_to_service", "quality.open_nonconformity"}
        ),
    ),
    "VM-H": (
        53,
        frozenset(
            {
                "cockpit.plan_roll_out",
                "fleet.complete_inspection",
                "fleet.return_from_service",
                "fleet.send_to_service",
                "fleet.start_inspection",
            }
        ),
    ),
}


@dataclass(frozen=True, slots=True)
class Company:
    """Where the procedures are played, and the records that they may be about."""

    org_id: int
    subjects: Mapping[str, Sequence[str]]


@pytest.fixture(scope="module")
def company(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Company]:
    """An operator with one record of each kind, made before the handbook is in force."""
    with django_db_blocker.unblock(), transaction.atomic():
        with acting(hq_actor()):
            where = service_make.city(engineers=1)
            lease = leasing_make.active(org=where.org)
            subjects = {
                "crm.customer": [str(crm_make.customer(org=where.org).id)],
                "fleet.vehicle": [
                    str(fleet_make.vehicle(org=where.org, state=state).id)
                    for state in ("READY", "PLATED")
                ],
                "leasing.lease": [str(lease.id)],
                "org.city": [str(where.org.id)],
                "org.node": [str(where.org.id)],
                "service.work_order": [str(service_make.booking(where).work_order_id)],
            }
            make.edition(whole=True)
        yield Company(where.org.id, subjects)
        transaction.set_rollback(True)


@pytest.mark.parametrize("category", EARNEST)
def test_every_branch_of_every_procedure_is_taken_and_every_run_closes(
    company: Company, category: str
) -> None:
    held = EditionItem.objects.filter(node__code__startswith=category)
    slugs = list(held.order_by("node__position").values_list("node__slug", flat=True))
    many, earnest = EARNEST[category]

    played = playing.play_edition(
        org_id=company.org_id, at=make.NOON, runs=99, slugs=slugs, subjects=company.subjects
    )

    assert {one.slug: one.trouble for one in played if one.trouble} == {}
    assert {one.slug: one.untaken for one in played if one.untaken} == {}
    assert len(played) == len(slugs) == many
    assert earnest <= set(sum((one.called for one in played), Counter[str]()))
