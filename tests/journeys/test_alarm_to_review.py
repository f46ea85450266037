"""The whole loop: an insulation alarm in a real frame becomes a bill, a review and a figure."""

from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from uuid import UUID

import pytest

from panshi.billing import queries as billing
from panshi.cockpit.models import IndicatorDay
from panshi.demo import craft, jobs, procedures, terminals, world
from panshi.demo.driving import FAULTY_KOHM, Driver
from panshi.demo.founding import Company
from panshi.demo.staff import Staff, staff_of
from panshi.demo.tests import make
from panshi.diagnosis import queries as diagnosis
from panshi.fleet import queries as fleet
from panshi.handbook import queries as handbook
from panshi.handbook.tests import make as handbook_make
from panshi.kit import relay
from panshi.kit.tenancy import hq_actor
from panshi.ledger import queries as ledger
from panshi.service import queries as service
from panshi.telematics import queries as telematics
from panshi.telematics import services as telematics_services
from panshi.telematics.services import Seen
from panshi.wire import columns, gb32960, gb32960_columns

NOON = make.NOON


@pytest.fixture
def company() -> Company:
    made = make.company(vehicles=14)
    jobs.import_handbook(made, NOON, content=handbook_make.played())
    terminals.fit(made, NOON - timedelta(days=2))
    return made


def _frame(vin: str, at: datetime) -> bytes:
    """A real-time report of a vehicle whose insulation has broken down."""
    driver = Driver(
        vin=vin,
        city=world.HANGZHOU,
        model=world.MODELS[0],
        random=Random(3),
        lon=world.HANGZHOU.lon,
        lat=world.HANGZHOU.lat,
        soc=62.0,
        odometer_km=2600.0,
        insulation_kohm=FAULTY_KOHM,
    )
    body = driver.report(at)
    message = gb32960.Message(edition=2016, command=gb32960.REALTIME, vin=vin, body=body)
    return gb32960.encode(message=message)


def _ingest(frame: bytes, company: Company, at: datetime) -> None:
    """Decode a frame and hand it on as the ingest loop does."""
    hq = hq_actor(company.platform_id)
    (reading,) = gb32960_columns.read_columns(frame=frame)
    archive = telematics.device_directory(actor=hq)
    assert reading.time is not None
    fitted = archive[telematics.CODES[columns.GB32960], reading.identity].fitted_at(reading.time)
    assert fitted is not None
    micros = int(at.timestamp() * 1_000_000)
    telematics_services.record_readings(
        gateway=1,
        start=0,
        end=512,
        seen=[Seen(fitted, reading, reading.time, micros, 64)],
        actor=hq,
        at=at,
    )


def _follow(run_id: UUID, staff: Staff, at: datetime, *, until: str = "") -> list[str]:
    """Do the steps of a run, each by who it belongs to, up to a step or to the end."""
    done: list[str] = []
    random = Random(5)
    for _ in range(60):
        card = handbook.run_card(run_id=run_id, actor=staff.one("OPERATIONS"), at=at)
        steps = procedures.ready_steps(card)
        if not steps or (until and until in done):
            return done
        step = steps[0]
        doer = procedures.doer_of(step, card, staff)
        if step.role == "engineer":
            doer = staff.engineers()[0]
        assert procedures.do_step(card, step, doer, random, at), step.step_id
        done.append(step.step_id)
        relay.drain()
    return done


def test_an_alarm_becomes_a_procedure_a_job_a_bill_a_review_and_a_figure(company: Company) -> None:
    operator = company.operators[0]
    actor, staff = operator.actor, staff_of(operator.org_id)
    vehicle_id = operator.vehicles[0][0]
    (vehicle,) = fleet.vehicle_refs(vehicle_ids=(vehicle_id,), actor=actor).values()

    # A frame raises one alarm, one finding, one run of the handbook.
    _ingest(_frame(vehicle.vin, NOON), company, NOON)
    relay.drain()
    (finding,) = diagnosis.open_findings(actor=actor)
    assert (finding.vehicle_id, finding.rule) == (vehicle_id, "INSULATION_LOW")
    runs = handbook.runs_of(
        subject_type="fleet.vehicle", subject_id=str(vehicle_id), actor=actor, at=NOON
    )
    (run,) = [r for r in runs if r.slug == "insulation-fault"]

    # The procedure leads to a work order, matched to engineers with the reasons kept.
    done = _follow(run.id, staff, NOON + timedelta(minutes=3), until="order")
    assert done[-1] == "order"
    (row,) = service.work_orders(actor=actor).rows
    job = craft.job_of(row.id, staff, Random(9))
    why = service.why_engineer(visit_id=job.visit.id, actor=actor)
    assert why is not None
    assert any(r.chosen for r in why.rows)
    assert job.visit.starts_at is not None

    # The engineers go, the handbook's steps on site are done, the job is finished.
    at = job.visit.starts_at
    craft.accept(job, at - timedelta(minutes=40))
    craft.travel(job, at - timedelta(minutes=20))
    craft.arrive(craft.job_of(row.id, staff, Random(9)), at)
    relay.drain()
    on_site = _follow(run.id, staff, at + timedelta(minutes=30))
    assert on_site[-1] == "told"
    card = handbook.run_card(run_id=run.id, actor=actor, at=at)
    assert card.row.state == "CLOSED"
    for minutes in range(35, 600, 5):
        job = craft.job_of(row.id, staff, Random(9))
        moment = at + timedelta(minutes=minutes)
        act = craft.next_act(job, moment)
        if act is not None:
            act(job, moment)
            relay.drain()
        if job.card.state == "BILLED":
            break
    assert job.card.bill_id is not None
    assert job.card.customer_id is not None

    # The bill stands in the books, is paid, and closes the order; the rule has learnt.
    entries = ledger.entries_of(source_kind="billing.Bill", source_id=job.card.bill_id, actor=actor)
    assert entries
    assert all(entry.debit == entry.credit > 0 for entry in entries)
    craft.pay([job.card.bill_id], staff.customer(job.card.customer_id), moment)
    relay.drain()
    assert service.work_order_card(work_order_id=row.id, actor=actor).state == "CLOSED"
    owed = billing.open_bills(actor=actor)
    assert job.card.bill_id not in {b.id for b in owed}
    score = next(s for s in diagnosis.rule_scores(actor=actor) if s.rule == "INSULATION_LOW")
    assert score.confirmed == 1

    # The customer reviews, and the cockpit counts it.
    craft.review(craft.job_of(row.id, staff, Random(9)), moment + timedelta(hours=1), stars=5)
    relay.drain()
    counted = IndicatorDay.objects.get(org_id=operator.org_id, indicator="SATISFACTION")
    assert (counted.numerator, counted.denominator) == (Decimal(5), Decimal(1))
