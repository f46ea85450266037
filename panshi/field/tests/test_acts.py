"""The engineers' door: the day, acts that count once and at the moment they were done."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from panshi.field import acts
from panshi.org.models import User
from panshi.service.models import Photo, Visit
from tests.town import Town
from tests.windows import Window

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 64


def window(user_id: UUID, language: str = "en") -> Client:
    return Window(User.objects.get(id=user_id), language=language)


def send(phone: Client, verb: str, given: dict[str, Any], **more: Any) -> Any:
    now = timezone.now()
    key = more.pop("key", uuid4())
    done_at, phone_now = more.pop("done_at", now), more.pop("now", now)
    body = {
        "verb": verb,
        "given": json.dumps(given, default=str),
        "done_at": done_at.isoformat(),
        "now": phone_now.isoformat(),
    }
    return phone.post("/field/acts/", body | more, headers={"Idempotency-Key": str(key)})


def test_the_day_holds_all_that_a_job_needs(place: Town) -> None:
    day = window(place.engineer, "zh-hans").get("/field/day.json").json()

    (job,) = day["jobs"]
    assert job["visit_id"] == str(place.visit_id)
    assert (job["plate"], job["customer_name"]) == ("粤BD12345", "顺达城配物流有限公司")
    assert job["services"] == ["常规保养"]
    assert [r["code"] for r in job["readings"]] == ["BATTERY_12V"]
    assert {p["item_code"]: p["on_hand"] for p in day["van"]["parts"]}["COOLANT"] == 5
    assert job["missing"] == []


def test_the_day_is_ones_own(place: Town) -> None:
    assert window(place.other_engineer).get("/field/day.json").json()["jobs"] == []
    assert window(place.customer_user).get("/field/day.json").status_code == 404
    assert window(place.customer_user).get("/field/").status_code == 404


def test_a_signed_out_phone_is_told_so(place: Town) -> None:
    answer = Client().get("/field/day.json", headers={"Accept": "application/json"})

    assert answer.status_code == 401


def test_an_act_is_done_once_however_often_it_is_sent(place: Town) -> None:
    phone, key = window(place.engineer), uuid4()
    given = {"visit_id": place.visit_id}

    first = send(phone, "service.accept_visit", given, key=key)
    second = send(phone, "service.accept_visit", given, key=key)
    anew = send(phone, "service.accept_visit", given)

    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["fact"] == second.json()["fact"]
    assert anew.status_code == 409
    assert anew.json()["words"]


def test_an_act_counts_when_it_was_done_by_our_clock(place: Town) -> None:
    phone = window(place.engineer)
    now = timezone.now()
    # The phone's clock is an hour slow, and the act was done ten minutes before it is sent.
    slow = now - timedelta(hours=1)

    answer = send(
        phone, "service.accept_visit", {"visit_id": place.visit_id},
        done_at=slow - timedelta(minutes=10), now=slow,
    )  # fmt: skip

    accepted = Visit.objects.get(id=place.visit_id).accepted_at
    assert accepted is not None
    assert abs(accepted - (now - timedelta(minutes=10))) < timedelta(seconds=30)
    assert abs(answer.json()["skew_s"] - 3600) < 30


def test_a_step_keeps_how_wrong_the_clock_was_by_ours_and_not_by_what_the_phone_says() -> None:
    now = timezone.now()
    slow = now - timedelta(hours=1)
    given = {"run_id": str(uuid4()), "step_id": "seen", "clock_off_s": 7}
    act = acts.read(
        verb="handbook.complete_step", given=json.dumps(given), content=None, at=now,
        done_at=(slow - timedelta(minutes=10)).isoformat(), now=slow.isoformat(),
    )  # fmt: skip
    assert act.given["clock_off_s"] == 3600
    assert act.given["device_at"] == now - timedelta(minutes=10)


def test_an_act_never_counts_in_the_future(place: Town) -> None:
    now = timezone.now()

    send(
        window(place.engineer), "service.accept_visit", {"visit_id": place.visit_id},
        done_at=now + timedelta(days=2), now=now,
    )  # fmt: skip

    accepted = Visit.objects.get(id=place.visit_id).accepted_at
    assert accepted is not None
    assert accepted <= timezone.now()


def test_a_photo_travels_beside_the_act(place: Town) -> None:
    given = {"work_order_id": place.work_order_id, "name": "before.png", "purpose": "BEFORE"}
    content = SimpleUploadedFile("before.png", PNG)

    answer = send(window(place.engineer), "service.attach_photo", given, content=content)

    assert answer.status_code == 201
    photo = Photo.objects.get(order_id=place.work_order_id)
    assert (photo.purpose, photo.file.size) == ("BEFORE", len(PNG))


@pytest.mark.parametrize(
    ("verb", "given"),
    [
        ("org.create_user", {}),
        ("service.cancel_work_order", {}),
        ("service.accept_visit", {"visit_id": "no uuid"}),
        ("service.accept_visit", {}),
        ("service.accept_visit", {"visit_id": str(uuid4()), "extra": 1}),
    ],
)
def test_what_cannot_be_read_is_refused(place: Town, verb: str, given: dict[str, Any]) -> None:
    assert send(window(place.engineer), verb, given).status_code == 422


def test_another_engineers_visit_is_refused(place: Town) -> None:
    answer = send(
        window(place.other_engineer), "service.accept_visit", {"visit_id": place.visit_id}
    )

    assert answer.status_code == 409
    assert Visit.objects.get(id=place.visit_id).accepted_at is None


def test_a_visit_that_is_not_there_is_not_found(place: Town) -> None:
    answer = send(window(place.engineer), "service.accept_visit", {"visit_id": uuid4()})

    assert answer.status_code == 404


def test_the_worker_names_only_files_that_are_there(place: Town) -> None:
    worker = Window().get("/field/sw.js")

    assert worker["Content-Type"].startswith("text/javascript")
    assert "no-cache" in worker["Cache-Control"]
    assert "/static/field/app.js" in worker.content.decode()


def test_the_manifest_installs_the_app(place: Town) -> None:
    manifest = Window().get("/field/manifest.webmanifest").json()

    assert (manifest["scope"], manifest["display"]) == ("/field/", "standalone")
    assert manifest["icons"]
