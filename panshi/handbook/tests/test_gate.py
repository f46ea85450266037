"""The gate: without the certificate nobody is assigned, sets off or starts, whoever asks."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from panshi.handbook import services as handbook
from panshi.handbook.services.steps import CertificateLapsed as RunGate
from panshi.handbook.tests import make
from panshi.handbook.tests.test_exams import exam
from panshi.kit.refusals import NotPermitted
from panshi.org.tests.window import window
from panshi.people import queries as people
from panshi.people import services as people_services
from panshi.people.tests import make as people_make
from panshi.service import queries as service
from panshi.service import services
from panshi.service.models import Visit
from panshi.service.tests import make as service_make

pytestmark = pytest.mark.usefixtures("in_force")

KIND, WORDS = "HV_ELECTRICIAN", "高压电工证"
AT = service_make.NOON


def suspended(where: service_make.City) -> None:
    for paper in people.certificates(kinds=[KIND], actor=where.boss):
        people_services.suspend_certificate(
            certificate_id=paper.id, reason="违章", actor=where.boss, at=AT
        )


def test_nobody_is_assigned_or_sets_off_without_what_the_job_asks_for() -> None:
    where = service_make.city(engineers=2)
    make.edition()
    exam(at=make.NOON)
    booked = service_make.booking(where, items=("SAFETY_CHECK",))
    visit = Visit.objects.get(id=booked.visit_id)
    assert visit.engineer_id is not None
    assert visit.starts_at is not None
    given = {"visit_id": visit.id, "engineer_id": visit.engineer_id, "starts_at": visit.starts_at}

    suspended(where)

    with pytest.raises(services.CertificateLapsed, match=r"高压电工证.*高压上岗"):
        services.assign_visit(
            visit_id=visit.id, engineer_id=visit.engineer_id, starts_at=visit.starts_at,
            actor=where.boss, at=AT,
        )  # fmt: skip
    desk = window(where.org, "DISPATCHER")
    answer = desk.post(
        "/api/v1/service/assign_visit",
        json.dumps({k: str(v) for k, v in given.items()}),
        content_type="application/json",
    )
    assert answer.status_code == 409
    assert "CertificateLapsed" in answer.content.decode()
    with pytest.raises(services.CertificateLapsed):
        services.start_travel(visit_id=visit.id, actor=where.boss, at=AT)
    effect = service.move_consequences(
        visit_id=visit.id, engineer_id=visit.engineer_id, starts_at=visit.starts_at,
        actor=where.boss, at=AT,
    )  # fmt: skip
    assert effect.rule == "certificate"


def test_a_procedure_on_the_order_asks_too() -> None:
    where = service_make.city(engineers=1)
    make.edition()
    booked = service_make.booking(where, items=("BRAKE_PADS_FRONT",))
    visit = Visit.objects.get(id=booked.visit_id)
    assert visit.engineer_id is not None
    assert visit.starts_at is not None
    suspended(where)

    def assign() -> None:
        services.assign_visit(
            visit_id=booked.visit_id, engineer_id=where.engineers[0],
            starts_at=visit.starts_at or AT, actor=where.boss, at=AT,
        )  # fmt: skip

    assign()  # New brake pads alone need no such paper.
    handbook.start_run_by_hand(
        node_slug="insulation-power-down", org_id=where.org.id,
        subject_id=str(booked.work_order_id), reason="绝缘偏低", actor=where.boss, at=make.NOON,
    )  # fmt: skip
    with pytest.raises(services.CertificateLapsed, match=WORDS):
        assign()


def test_a_run_in_hand_stops_for_whoever_loses_the_certificate() -> None:
    where = service_make.city(engineers=2)
    make.edition()
    booked = service_make.booking(where, items=("BRAKE_PADS_FRONT",))
    first, second = (
        replace(make.person(where.org, "OPERATIONS"), id=user_id) for user_id in where.engineers
    )
    at = make.NOON
    for person in (first, second):
        people_services.grant_certificate(
            user_id=person.id, kind=KIND, valid_from=at.date(),
            valid_until=at.date() + timedelta(days=300), actor=where.boss, at=at,
        )  # fmt: skip
    run_id = handbook.start_run_by_hand(
        node_slug="insulation-power-down", org_id=where.org.id,
        subject_id=str(booked.work_order_id), reason="演练", actor=first, at=at,
    ).runs[0].run_id  # fmt: skip
    handbook.take_run(run_id=run_id, actor=first, at=at)

    suspended(where)

    with pytest.raises(RunGate):
        handbook.complete_step(
            run_id=run_id, step_id="place", value="干燥可作业", actor=first, at=at
        )
    with pytest.raises(RunGate):
        handbook.hand_over_run(run_id=run_id, to_id=second.id, actor=first, at=at)
    stranger = people_make.user(org=where.org)
    with pytest.raises((RunGate, NotPermitted)):
        handbook.hand_over_run(run_id=run_id, to_id=stranger, actor=first, at=at)
