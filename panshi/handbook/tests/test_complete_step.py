"""Complete a step: in order, by its post, with its proof; its verb on the person's permission."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.urls import reverse

from panshi.fleet.tests import make as fleet_make
from panshi.handbook import playing, queries, services
from panshi.handbook.events import StepCompleted, StepRefused, StepRepeated
from panshi.handbook.models import Deviation, Evidence, Pause, Run, RunState, RunStep, StepState
from panshi.handbook.rules import flow
from panshi.handbook.rules.conditions import World
from panshi.handbook.rules.places import place_in
from panshi.handbook.rules.procedure import Consequence
from panshi.handbook.services import engine, sampling
from panshi.handbook.services.closing import RunUnfinished
from panshi.handbook.services.evidence import EvidenceMissing, EvidenceOutOfRange, is_afar
from panshi.handbook.services.starting import start_child
from panshi.handbook.services.steps import NotYourStep, RunHaltedAlready, StepNotReached
from panshi.handbook.tests import make
from panshi.kit import verbs
from panshi.kit.facts import Fact
from panshi.kit.ids import uuid7
from panshi.kit.tenancy import Actor, hq_actor
from panshi.org import services as org_services
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make
from panshi.org.tests.window import page, window
from panshi.quality import queries as quality
from panshi.quality.models import Nonconformity
from panshi.service import services as service_services
from panshi.service.tests import make as service_make
from panshi.telematics.events import VehicleWentOffline

pytestmark = pytest.mark.usefixtures("in_force")

LATER = make.NOON + timedelta(minutes=20)
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 64


def do(run: Run, step_id: str, by: Actor, value: str = "", **more: Any) -> Any:
    return services.complete_step(
        run_id=run.id, step_id=step_id, value=value, actor=by, at=LATER, **more
    )


def collector() -> tuple[Run, Actor]:
    make.edition()
    org = org_make.operator()
    return make.reminder(org), make.person(org, "FINANCE")


def idle() -> tuple[Run, Actor]:
    """A run that halts on one of its answers."""
    make.edition()
    org = org_make.operator()
    fact = VehicleWentOffline(
        org_id=org.id, actor_id=UUID(int=0), at=make.NOON, vehicle_id=uuid7(), hours=24,
        last_report_at=make.NOON - timedelta(hours=24), soc_pct=55.0,
    )  # fmt: skip
    return make.start(fact)[0], make.person(org, "DISPATCHER")


def test_takes_the_run_and_keeps_value_and_evidence() -> None:
    run, by = collector()
    fact = do(run, "bill_right", by, "无误")
    assert isinstance(fact, StepCompleted)
    run.refresh_from_db()
    assert (run.state, run.owner_id, run.taken_at) == (RunState.TAKEN, by.id, LATER)
    step = RunStep.objects.get(run=run, step_id="bill_right")
    assert (step.state, step.value, step.person_id) == (StepState.DONE, "无误", by.id)
    assert Evidence.objects.get(run=run).value == "无误"


def test_sent_again_answers_and_changes_nothing() -> None:
    run, by = collector()
    do(run, "bill_right", by, "无误")
    assert isinstance(do(run, "bill_right", by, "疑似有误"), StepRepeated)
    assert RunStep.objects.get(run=run, step_id="bill_right").value == "无误"
    assert Evidence.objects.filter(run=run).count() == 1


def test_refuses_what_is_not_reached_or_does_not_apply() -> None:
    run, by = collector()
    with pytest.raises(StepNotReached):
        do(run, "reason", by, "忘记付款")
    do(run, "bill_right", by, "疑似有误")
    with pytest.raises(StepNotReached):
        do(run, "reached", by, "已接通")


def test_refuses_another_post() -> None:
    run, by = collector()
    with pytest.raises(NotYourStep):
        do(run, "bill_right", replace(by, id=uuid7(), roles=frozenset({"ENGINEER"})), "无误")


@pytest.mark.parametrize("value", ["", "大概无误"])
def test_refuses_a_value_that_is_no_choice(value: str) -> None:
    run, by = collector()
    with pytest.raises(EvidenceMissing):
        do(run, "bill_right", by, value)


def test_a_picture_taken_far_from_the_job_is_in_doubt() -> None:
    run, _by = idle()
    where = service_make.city()
    order = service_make.booking(where).work_order_id
    Run.objects.filter(id=run.id).update(work_order_id=order, org_id=where.org.id)
    lead = make.person(where.org, "OPERATIONS")
    lon, lat = service_make.PLACE
    for degrees, near in ((0.003, True), (0.006, False)):  # A third and two thirds of a km.
        fact = services.attach_evidence(
            run_id=run.id, step_id="seen", kind="photo", content=PNG + bytes([near]),
            file_name="a.png", lon=lon, lat=lat + degrees, actor=lead, at=LATER,
        )  # fmt: skip
        assert fact.valid is near
    words = Deviation.objects.get(run=run, step_id="seen").words
    assert "500" in words
    service_services.attach_photo(
        work_order_id=order, content=PNG, name="a.png", purpose="BEFORE", actor=where.boss, at=LATER
    )
    (job,) = queries.watch(actor=lead, at=LATER).jobs
    assert (job.order_id, job.city) == (order, "杭州")
    desk = page(window(where.org, "OPERATIONS").get(reverse("handbook-watch")))
    assert reverse("service-photo", args=[job.photo_id]) in desk
    run.refresh_from_db()
    assert is_afar(run, place_in(f"{lon},{lat + 0.006}"), 500)
    assert not is_afar(run, place_in(f"{lon},{lat + 0.006}"), 1000)
    assert not is_afar(run, place_in("城东站"), 500)


def test_a_reading_beyond_its_range_is_asked_again_then_flagged() -> None:
    run, by = collector()
    for step, value in (("bill_right", "无误"), ("reached", "已接通"), ("reason", "资金紧张")):
        do(run, step, by, value)
    do(run, "promise", by, "三月十五日付三千六百元")
    with pytest.raises(EvidenceOutOfRange):
        do(run, "promise_days", by, "6")
    fact = do(run, "promise_days", by, "6", confirm=True)
    assert fact.flagged
    assert Deviation.objects.get(run=run).kind == "EVIDENCE_INVALID"


def test_the_last_required_step_closes_the_run() -> None:
    run, by = collector()
    do(run, "bill_right", by, "疑似有误")
    do(run, "to_dispute", by, "三月停租五天未减免")
    run.refresh_from_db()
    assert (run.state, run.closed_at) == (RunState.CLOSED, LATER)
    assert (run.steps_due, run.steps_done, run.evidence_due, run.evidence_valid) == (2, 2, 2, 2)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def test_the_database_refuses_to_close_over_an_open_required_step() -> None:
    run, by = collector()
    with pytest.raises(RunUnfinished):
        services.close_run(run_id=run.id, actor=by, at=LATER)
    with transaction.atomic(), connection.cursor() as c:
        c.execute("SET CONSTRAINTS ALL DEFERRED")
        Run.objects.filter(id=run.id).update(state="CLOSED", closed_at=LATER)
        with pytest.raises(DatabaseError, match="required step bill_right"):
            c.execute("SET CONSTRAINTS ALL IMMEDIATE")
        transaction.set_rollback(True)


def test_a_stop_halts_and_only_a_lead_with_a_reason_goes_on() -> None:
    run, by = idle()
    do(run, "last_minutes", by, "之前有拆机或断电告警")
    run.refresh_from_db()
    assert run.state == RunState.HALTED
    with pytest.raises(RunHaltedAlready):
        do(run, "holder", by, "闲置在场")
    lead = make.person(run_org(run), "OPERATIONS")
    services.release_stop(run_id=run.id, reason="已核实为维修断电", actor=lead, at=LATER)
    run.refresh_from_db()
    assert run.state == RunState.TAKEN
    found = Nonconformity.objects.get(source_kind="handbook.deviation")
    assert (found.node_slug, found.grade) == ("vehicle-offline", "MAJOR")


def run_org(run: Run) -> Any:
    return OrgNode.objects.get(id=run.org_id)


def test_pictures_are_counted_and_one_seen_elsewhere_is_in_doubt() -> None:
    run, by = idle()
    for step, value in (("last_minutes", "突然中断"), ("holder", "闲置在场")):
        do(run, step, by, value)
    with pytest.raises(EvidenceMissing):
        do(run, "seen", by)
    client = uuid7()
    for _time in range(2):
        fact = services.attach_evidence(
            run_id=run.id, step_id="seen", kind="photo", content=PNG, file_name="a.png",
            client_id=client, actor=by, at=LATER,
        )  # fmt: skip
        assert fact.valid
    assert Evidence.objects.filter(run=run, kind="photo").count() == 1
    assert not do(run, "seen", by).flagged

    other, theirs = idle()
    for step, value in (("last_minutes", "突然中断"), ("holder", "闲置在场")):
        do(other, step, theirs, value)
    Run.objects.filter(id=other.id).update(org_id=run.org_id)
    RunStep.objects.filter(run=other).update(org_id=run.org_id)
    lead = make.person(run_org(run), "OPERATIONS")
    again = services.attach_evidence(
        run_id=other.id, step_id="seen", kind="photo", content=PNG, file_name="b.png", actor=lead,
        at=LATER,
    )  # fmt: skip
    assert not again.valid
    assert do(other, "seen", lead).flagged


def test_evidence_is_never_changed() -> None:
    run, by = collector()
    do(run, "bill_right", by, "无误")
    with pytest.raises(DatabaseError), transaction.atomic():
        Evidence.objects.filter(run=run).update(value="疑似有误")


def test_a_verb_rides_on_the_persons_permission_and_its_refusal_stays_on_the_step() -> None:
    make.edition()
    org = org_make.operator()
    run = make.start(make.findings_raised(org, make.finding()))[0]
    weak = replace(
        make.person(org, "DISPATCHER"),
        permissions=frozenset({"handbook.complete_step", "handbook.take_run"}),
    )
    fact = do(run, "acknowledge", weak)
    assert isinstance(fact, StepRefused)
    assert "diagnosis.acknowledge_finding" in fact.words
    step = RunStep.objects.get(run=run, step_id="acknowledge")
    assert (step.state, step.words) == (StepState.REFUSED, fact.words)
    unknown = do(run, "acknowledge", make.person(org, "DISPATCHER"))
    assert isinstance(unknown, StepRefused)  # The finding of this test is in no table.


def test_a_sent_back_step_opens_again_and_its_old_pictures_do_not_count() -> None:
    run, by = idle()
    for step, value in (("last_minutes", "突然中断"), ("holder", "闲置在场")):
        do(run, step, by, value)
    services.attach_evidence(
        run_id=run.id, step_id="seen", kind="photo", content=PNG, file_name="a.png", actor=by,
        at=LATER,
    )  # fmt: skip
    do(run, "seen", by)
    lead = make.person(run_org(run), "OPERATIONS")
    services.send_back_step(
        run_id=run.id, step_id="seen", reason="看不清车牌", actor=lead, at=LATER
    )
    with pytest.raises(EvidenceMissing):
        do(run, "seen", by)


def test_a_pause_moves_what_is_due() -> None:
    run, by = collector()
    do(run, "bill_right", by, "无误")
    services.pause_run(run_id=run.id, waits_for="customer", reason="客户出差", actor=by, at=LATER)
    fact = services.resume_run(run_id=run.id, actor=by, at=LATER + timedelta(hours=2))
    assert fact.paused_minutes == 120
    assert fact.due_at == run.due_at + timedelta(hours=2)
    card = queries.run_card(run_id=run.id, actor=by, at=LATER + timedelta(hours=3))
    assert card.paused_minutes == 120


def test_the_database_refuses_pauses_of_a_run_that_overlap() -> None:
    run, by = collector()
    do(run, "bill_right", by, "无误")
    services.pause_run(run_id=run.id, waits_for="customer", reason="客户出差", actor=by, at=LATER)
    services.resume_run(run_id=run.id, actor=by, at=LATER + timedelta(hours=2))
    pause = Pause.objects.get(run=run)
    hour = timedelta(hours=1)

    def again(run_id: UUID, begins_at: datetime, ends_at: datetime | None) -> None:
        with transaction.atomic():
            Pause.objects.create(
                org_id=run.org_id, run_id=run_id, begins_at=begins_at, ends_at=ends_at,
                waits_for="parts", reason="等件", person_id=by.id,
            )  # fmt: skip

    for begins_at, ends_at in ((LATER + hour, LATER + 3 * hour), (LATER - hour, None)):
        with pytest.raises(IntegrityError, match="pauses_do_not_overlap"):
            again(run.id, begins_at, ends_at)
    assert pause.ends_at is not None
    again(run.id, pause.ends_at, pause.ends_at + hour)  # One may begin where another ends,
    again(make.reminder(run_org(run)).id, LATER, None)  # and another run has its own clock.


def test_the_clock_stands_still_no_longer_than_the_step_may_wait() -> None:
    make.edition()
    org = org_make.operator()
    by = make.person(org, "OPERATIONS")
    run_id = services.start_run_by_hand(
        node_slug="inspection-plan", org_id=org.id, subject_id=str(uuid7()), reason="演示",
        actor=by, at=make.NOON,
    ).runs[0].run_id  # fmt: skip
    run = Run.objects.get(id=run_id)
    assert run.fact["org_id"] == org.id
    do(run, "blockers", by, "可以上线")
    services.pause_run(run_id=run_id, waits_for="customer", reason="出差", actor=by, at=LATER)
    fact = services.resume_run(run_id=run_id, actor=by, at=LATER + timedelta(days=12))
    assert (fact.due_at - run.due_at, fact.paused_minutes) == (timedelta(days=10), 12 * 24 * 60)


def test_a_run_is_handed_over_on_its_page_to_somebody_of_its_post() -> None:
    run, by = collector()
    org = run_org(run)
    heir = org_services.create_user(
        org_id=org.id, username=f"heir-{org.id}", full_name="钱进", roles=["FINANCE"],
        password="a-long-password-1", actor=hq_actor(org.id), at=make.NOON,
    )  # fmt: skip
    do(run, "bill_right", by, "无误")
    desk = window(org, "OPERATIONS")
    assert str(heir.user_id) in page(desk.get(reverse("handbook-run", args=[run.id])))
    desk.post(reverse("handbook-act", args=[run.id, "hand-over"]), {"to_id": str(heir.user_id)})
    run.refresh_from_db()
    assert run.owner_id == heir.user_id
    assert run.steps.get(step_id="bill_right").state == "DONE"


def test_what_the_database_cannot_store_is_told_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def too_much(*, keys: int, actor: Actor, at: datetime) -> Fact:
        raise IntegrityError("a vehicle has few keys")

    monkeypatch.setitem(verbs.VERBS, "fleet.lend_key", too_much)
    by = hq_actor()
    with pytest.raises(engine.StepCallUnfit, match="101"):
        engine.call_verb("fleet.lend_key", {"keys": "101"}, World(), by, LATER)


def test_going_back_begins_another_round() -> None:
    make.edition()
    org = org_make.operator()
    run = services.start_run_by_hand(
        node_slug="inspection-plan", org_id=org.id, subject_id=str(uuid7()), reason="演示",
        actor=make.person(org, "OPERATIONS"), at=make.NOON,
    ).runs[0]  # fmt: skip
    row, by = Run.objects.get(id=run.run_id), make.person(org, "OPERATIONS")
    for step, value in (("blockers", "可以上线"), ("agreed_day", "三月二十日夜间")):
        do(row, step, by, value)
    do(row, "pre_check", by, "不合格")
    row.refresh_from_db()
    assert (row.state, row.round) == (RunState.TAKEN, 1)
    do(row, "pre_check", by, "合格")
    kept = RunStep.objects.filter(run=row, step_id="pre_check").order_by("round")
    assert [(s.value, s.superseded) for s in kept] == [("不合格", True), ("合格", False)]


def test_a_lead_samples_what_closed_and_gives_a_deviation_to_quality_once() -> None:
    run, by = collector()
    org = run_org(run)
    lead, desk = make.person(org, "OPERATIONS"), window(org, "OPERATIONS")
    url = reverse("handbook-run", args=[run.id])
    with pytest.raises(sampling.StillRunning):
        services.sample_run(run_id=run.id, convincing=True, actor=lead, at=LATER)
    Run.objects.filter(id=run.id).update(
        state="CLOSED", closed_at=LATER, city="杭州", evidence_due=1, owner_id=by.id,
        steps_done=1, closed_by_fact_id=uuid7(),
    )  # fmt: skip
    before = queries.watch(actor=lead, at=LATER)
    assert [(c.city, c.closed, c.sampled, c.enough) for c in before.cities] == [
        ("杭州", 1, 0, False)
    ]
    assert [row.id for row in before.upcoming] == [run.id]
    own = replace(lead, id=by.id)
    with pytest.raises(sampling.OwnWork):
        services.sample_run(run_id=run.id, convincing=True, actor=own, at=LATER)
    assert "It does not convince" in page(desk.get(url))

    act = reverse("handbook-act", args=[run.id, "sample"])
    assert desk.post(act, {"convincing": "no", "reason": ""}).status_code == 409
    desk.post(act, {"convincing": "no", "reason": "照片不是这台车"})
    with pytest.raises(sampling.SampledAlready):
        services.sample_run(run_id=run.id, convincing=True, actor=lead, at=LATER)
    after = queries.watch(actor=lead, at=LATER)
    assert [(c.sampled, c.struck, c.enough) for c in after.cities] == [(1, 1, True)]
    assert after.upcoming == ()
    assert "照片不是这台车" in page(desk.get(url))
    assert "杭州" in page(desk.get(reverse("handbook-watch")))
    assert window(org, "ENGINEER").get(reverse("handbook-watch")).status_code in (403, 409)

    (row,) = queries.deviations_of(run_id=run.id, actor=lead)
    report = reverse("handbook-act", args=[run.id, "report"])
    for _time in range(2):
        desk.post(report, {"deviation_id": str(row.id)})
    (opened,) = quality.nonconformities(actor=lead)
    assert "照片不是这台车" in opened.words
    assert queries.deviations_of(run_id=run.id, actor=lead)[0].nonconformity_id == opened.id


def test_evidence_that_a_lead_strikes_or_that_is_in_doubt_does_not_count() -> None:
    run, by = collector()
    lead, desk = make.person(run_org(run), "OPERATIONS"), window(run_org(run), "OPERATIONS")
    do(run, "bill_right", by, "无误")
    run.refresh_from_db()
    due, valid = run.evidence_due, run.evidence_valid
    RunStep.objects.filter(run=run, step_id="bill_right").update(flagged=True)
    engine.settle(run, by, LATER)
    assert (run.evidence_due, run.evidence_valid) == (due, valid - 1)
    RunStep.objects.filter(run=run, step_id="bill_right").update(flagged=False)
    engine.settle(run, by, LATER)

    Run.objects.filter(id=run.id).update(
        state="CLOSED", closed_at=LATER, owner_id=by.id, closed_by_fact_id=uuid7()
    )
    with pytest.raises(sampling.NothingToStrike):
        services.sample_run(
            run_id=run.id, convincing=False, words="没打通", struck=["call"], actor=lead, at=LATER
        )
    act = reverse("handbook-act", args=[run.id, "sample"])
    desk.post(act, {"convincing": "no", "reason": "账单截图是旧的", "struck": ["bill_right"]})
    run.refresh_from_db()
    assert (run.evidence_due, run.evidence_valid) == (due, valid - 1)
    shown = queries.run_card(run_id=run.id, actor=lead, at=LATER).sampled
    assert shown is not None
    assert len(shown.struck) == 1


def test_a_started_node_knows_what_its_parent_knew_and_what_it_is_given() -> None:
    make.edition()
    org = org_make.operator()
    parent, by = make.reminder(org), make.person(org, "FINANCE")
    node = Consequence(start="return-inspection", with_={"reason": "$steps.why"})
    world = World(steps={"why": "提前退"}, results={"due": {"return_id": "r-1", "words": "x"}})
    item = flow.progress(engine.procedure_of(parent), {}, World()).items[0]
    for turn in (0, 1, 1):
        start_child(parent, replace(item, iteration=turn), node, world, by, LATER)
    children = list(Run.objects.filter(parent=parent))
    assert len(children) == 2  # One for each turn, however often it is told.
    child = children[0]
    assert child.subject_id == parent.fact["vehicle_id"]
    assert (child.fact["reason"], child.fact["return_id"]) == ("提前退", "r-1")
    assert "words" not in child.fact


def test_an_order_that_nobody_named_does_not_hold_up_a_run() -> None:
    make.edition()
    org = org_make.operator()
    by = make.person(org, "OPERATIONS")
    started = services.start_run_by_hand(
        node_slug="onsite-booking", org_id=org.id, subject_id="", reason="演示", actor=by,
        at=make.NOON,
    ).runs[0]  # fmt: skip
    services.take_run(run_id=started.run_id, actor=by, at=LATER)
    run = Run.objects.get(id=started.run_id)
    assert (run.subject_type, run.work_order_id) == ("service.work_order", None)


def test_every_branch_of_a_procedure_leads_to_its_end_and_nothing_is_kept() -> None:
    make.edition()
    vehicle = fleet_make.vehicle()
    there = {"fleet.vehicle": [str(vehicle.id)]}

    def play(slug: str, runs: int) -> playing.Played:
        (one,) = playing.play_edition(
            org_id=vehicle.org_id, at=make.NOON, runs=runs, slugs=[slug], subjects=there
        )
        assert (one.trouble, one.refused) == ((), ())
        return one

    whole = play("inspection-plan", 9)
    assert (whole.untaken, whole.runs > 1) == ((), True)
    part = play("insulation-fault", 2)
    assert (part.skipped, bool(part.untaken)) == (0, True)  # Two runs cannot take all branches.
    assert set(part.stood_in) >= {"diagnosis.acknowledge_finding"}
    assert not Run.objects.exists()


def test_what_breaks_on_the_way_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    make.edition()
    org = org_make.operator()

    def break_off(**_given: object) -> None:
        raise RuntimeError("no such thing")

    monkeypatch.setattr(services, "complete_step", break_off)
    (one,) = playing.play_edition(org_id=org.id, at=make.NOON, runs=1, slugs=["overdue-reminder"])
    assert one.trouble == ("RuntimeError: no such thing",)
