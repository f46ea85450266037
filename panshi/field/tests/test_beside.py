"""Lists beside the job: they begin on the server, and a visit made offline ends without them."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from panshi.field.tests.test_acts import PNG, send, window
from panshi.handbook.models import AdherenceDay, Run
from panshi.handbook.services import roll_up_adherence
from panshi.handbook.tests import make
from panshi.kit import relay
from panshi.kit.tenancy import hq_actor
from panshi.service.models import Visit
from tests.town import PLACE, Town

pytestmark = pytest.mark.usefixtures("in_force")

NODES = ("VM-G-05-", "VM-G-06-", "VM-G-07-", "VM-G-08-")
SLUGS = {"engineer-departure", "arrival-assessment", "repair-quote"}


def visit(phone: Client, place: Town, *, minutes: int) -> None:
    """A whole visit, each act one minute after the other, sent `minutes` after the first."""
    began = timezone.now() - timedelta(minutes=minutes)
    of_visit, of_order = {"visit_id": place.visit_id}, {"work_order_id": place.work_order_id}
    here = {"lon": PLACE[0], "lat": PLACE[1]}
    acts: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
        ("service.accept_visit", of_visit, {}),
        ("service.start_travel", of_visit | here, {}),
        ("service.arrive", of_visit | here, {}),
        ("service.record_diagnosis", of_order | {"outcome": "CONFIRMED", "cause": "", "note": ""},
         {}),
        ("service.sign_visit", of_order | {"signed_by": "陈国强"},
         {"content": SimpleUploadedFile("signature.png", PNG)}),
        ("service.complete_visit", of_visit, {}),
    ]  # fmt: skip
    for number, (verb, given, more) in enumerate(acts):
        answer = send(phone, verb, given, done_at=began + timedelta(minutes=number), **more)
        assert answer.status_code == 201, answer.content


def test_a_visit_queued_without_network_ends_and_its_lists_count_as_missed(place: Town) -> None:
    """Not one fact is told before the whole queue is there, as after a day without network."""
    make.edition(*NODES)
    visit(window(place.engineer), place, minutes=30)
    assert not Run.objects.exists()

    relay.drain()

    assert Visit.objects.get(id=place.visit_id).state == "DONE"
    runs = Run.objects.select_related("node").filter(beside_job=True)
    assert {r.node.slug for r in runs} == SLUGS
    assert {r.state for r in runs} == {"CLOSED"}
    assert all(r.deviations.filter(kind="MISSED").count() == 1 for r in runs)
    roll_up_adherence(actor=hq_actor(), at=timezone.now() + timedelta(days=1))
    days = AdherenceDay.objects.filter(node__slug__in=SLUGS)
    assert len(days) == 3
    assert all(d.closed == 1 and d.steps_due > d.steps_done for d in days)


def test_what_waits_for_a_fact_of_this_phone_is_asked_for_again(place: Town) -> None:
    """A part is booked and the next step sent at once: the fact between them needs a moment."""
    make.edition(*NODES)
    phone = window(place.engineer, "zh-hans")
    here = {"lon": PLACE[0], "lat": PLACE[1]}
    for verb, more in (("accept_visit", {}), ("start_travel", here), ("arrive", here)):
        send(phone, f"service.{verb}", {"visit_id": place.visit_id, **more})
    (job,) = phone.get("/field/day.json").json()["jobs"]
    (offer,) = job["offers"]
    begin = {"node_slug": offer["slug"], "org_id": offer["org_id"], "reason": "客户已点头"}
    begin["subject_id"] = str(place.work_order_id)
    assert send(phone, "handbook.start_run_by_hand", begin).status_code == 201
    (job,) = phone.get("/field/day.json").json()["jobs"]
    (run,) = job["runs"]
    assert (run["slug"], job["offers"]) == ("onsite-repair", [])

    def step(step_id: str, value: str = "") -> Any:
        given = {"run_id": run["run_id"], "step_id": step_id, "iteration": 0, "value": value}
        return send(phone, "handbook.complete_step", given)

    def photos(step_id: str, *, count: int) -> None:
        given = {"run_id": run["run_id"], "step_id": step_id, "iteration": 0, "kind": "photo"}
        for number in range(count):
            content = SimpleUploadedFile("p.png", PNG + bytes([number]))
            given |= {"file_name": "p.png", "client_id": uuid4()}
            answer = send(phone, "handbook.attach_evidence", given, content=content)
            assert answer.status_code == 201, answer.content
        assert step(step_id).status_code == 201

    for step_id, value in (("agreed", "客户点头"), ("new_parts", "要装新件")):
        assert step(step_id, value).status_code == 201
    photos("before", count=2)
    for step_id, value in (("power", "不断电"), ("lifting", "不举升")):
        assert step(step_id, value).status_code == 201
    part = {"visit_id": place.visit_id, "item_code": "COOLANT", "quantity": 1, "lot": ""}
    assert send(phone, "service.use_part", part | {"client_id": uuid4()}).status_code == 201
    assert step("did", "冷却液渗漏，换密封圈并补液").status_code == 425
    assert step("clean", "yes").status_code == 409

    relay.drain()

    assert step("did", "冷却液渗漏，换密封圈并补液").status_code == 201


def test_an_open_list_is_on_the_phone_and_does_not_hold_the_visit(place: Town) -> None:
    make.edition(*NODES)
    phone = window(place.engineer)
    send(phone, "service.accept_visit", {"visit_id": place.visit_id})
    relay.drain()
    (job,) = phone.get("/field/day.json").json()["jobs"]
    (listed,) = job["runs"]
    assert listed["beside"] is True
    step = {"run_id": listed["run_id"], "step_id": "history", "iteration": 0}
    done = send(phone, "handbook.complete_step", {**step, "value": "没有"})
    assert done.status_code == 201

    here = {"lon": PLACE[0], "lat": PLACE[1]}
    for verb in ("service.start_travel", "service.arrive"):
        assert send(phone, verb, {"visit_id": place.visit_id, **here}).status_code == 201
        relay.drain()
    diagnosis = {"work_order_id": place.work_order_id, "outcome": "CONFIRMED"}
    assert send(phone, "service.record_diagnosis", diagnosis).status_code == 201
    signed = {"work_order_id": place.work_order_id, "signed_by": "陈国强"}
    content = SimpleUploadedFile("signature.png", PNG)
    assert send(phone, "service.sign_visit", signed, content=content).status_code == 201
    relay.drain()
    assert Run.objects.filter(beside_job=True).exclude(state="CLOSED").count() == 3

    answer = send(phone, "service.complete_visit", {"visit_id": place.visit_id})

    assert answer.status_code == 201, answer.content
