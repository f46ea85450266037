"""The customers' pages: each shows its own to its customer, and nothing to a stranger."""

import re
from decimal import Decimal
from uuid import UUID

import pytest
from django.test import Client
from django.utils import timezone

from panshi.kit.tenancy import hq_actor, system_actor
from panshi.org.models import User
from panshi.service import queries as service
from panshi.service import services
from panshi.service.models import Booking, WorkOrder
from tests.town import Town
from tests.windows import Window


def window(user_id: UUID, language: str = "en") -> Client:
    return Window(User.objects.get(id=user_id), language=language)


@pytest.mark.parametrize(
    "path",
    ["", "vehicles/", "messages/", "me/", "book/", "orders/", "leases/", "talks/"],
)
def test_every_page_opens_for_a_customer_and_for_nobody_else(place: Town, path: str) -> None:
    assert window(place.customer_user).get(f"/portal/{path}").status_code == 200
    assert window(place.engineer).get(f"/portal/{path}").status_code == 404
    assert Client().get(f"/portal/{path}").status_code == 302


def test_home_shows_the_running_job_and_the_vehicle(place: Town) -> None:
    page = window(place.customer_user).get("/portal/").content.decode()

    assert "粤B·D12345" in page
    assert "Routine service" in page
    assert "黄志强" in page


def test_home_of_another_customer_shows_neither(place: Town) -> None:
    page = window(place.stranger_user).get("/portal/").content.decode()

    assert "D12345" not in page
    assert "黄志强" not in page


def test_a_strangers_records_are_not_found(place: Town) -> None:
    stranger = window(place.stranger_user)

    assert stranger.get(f"/portal/vehicles/{place.vehicle_id}/").status_code == 404
    assert stranger.get(f"/portal/orders/{place.work_order_id}/").status_code == 404
    assert stranger.get(f"/portal/book/service/?vehicle={place.vehicle_id}").status_code == 404
    cancel = stranger.post(f"/portal/orders/{place.work_order_id}/cancel/")
    assert cancel.status_code == 404
    review = stranger.post(f"/portal/orders/{place.work_order_id}/review/", {"stars": "1"})
    assert review.status_code == 404


def test_vehicle_page_shows_one_vehicle(place: Town) -> None:
    page = window(place.customer_user).get(f"/portal/vehicles/{place.vehicle_id}/")

    assert page.status_code == 200
    assert "38,412" in page.content.decode()


def _links(page: str, to: str) -> list[str]:
    found = re.findall(rf'href="(/portal/book/{to}/\?[^"]+)"', page)
    return [link.replace("&amp;", "&") for link in found]


def _fields(form: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="([a-z_]+)" value="([^"]*)"', form))


def test_booking_goes_from_vehicle_to_order_in_five_taps_without_a_script(place: Town) -> None:
    phone = window(place.stranger_user)
    before = WorkOrder.objects.count()

    page = phone.get("/portal/book/").content.decode()  # 1: the vehicle
    page = phone.get(_links(page, "service")[0]).content.decode()  # 2: the service
    assert "¥" in page
    link = next(link for link in _links(page, "place") if "ROUTINE_SERVICE" in link)
    page = phone.get(link).content.decode()  # 3: the place
    form = page[page.index('id="place-form"') :]
    near = re.findall(r'<option value="([^"]+)"', form)[0]
    sent = phone.post(
        "/portal/book/place/", _fields(form) | {"address": "科苑路 8 号", "near": near}
    )
    page = phone.get(sent["Location"] + "&day=").content.decode()
    slots = [part for part in page.split("<form")[1:] if 'name="starts_at"' in part]
    held = phone.post("/portal/book/time/", _fields(slots[-1]))  # 4: the time
    assert held.status_code == 302
    page = phone.get(held["Location"]).content.decode()
    form = page[page.index('class="foot"') :]
    done = phone.post("/portal/book/confirm/", _fields(form))  # 5: confirm
    again = phone.post("/portal/book/confirm/", _fields(form))

    assert done.status_code == 302
    assert done["Location"] == again["Location"]
    assert WorkOrder.objects.count() == before + 1
    booking = Booking.objects.get(customer_id=place.stranger_id)
    assert (booking.state, booking.address) == ("CONFIRMED", "科苑路 8 号")
    assert phone.get(done["Location"]).status_code == 200


def test_booking_refuses_a_typed_place_without_an_address(place: Town) -> None:
    asked = {"vehicle": str(place.vehicle_id), "item": "ROUTINE_SERVICE", "address": ""}

    page = window(place.customer_user).post("/portal/book/place/", asked)

    assert "Enter the address" in page.content.decode()


def test_confirm_shows_the_new_price_when_it_has_moved(place: Town) -> None:
    phone = window(place.stranger_user)
    offers = service.slot_offers(
        vehicle_id=place.stranger_vehicle, item_codes=("ROUTINE_SERVICE",), lon=114.06, lat=22.54,
        actor=system_actor(place.org_id), at=place.at,
    )  # fmt: skip
    slot = offers.offers[-1]
    asked = {
        "vehicle": str(place.stranger_vehicle), "item": "ROUTINE_SERVICE", "lon": "114.06",
        "lat": "22.54", "address": "科苑路 8 号", "starts_at": slot.window_start.isoformat(),
        "ends_at": slot.window_end.isoformat(), "key": "7f1f8b1e-7c1e-4b1a-9d53-3f6f3a2c9a10",
        "total": str(slot.total - Decimal(1)),
    }  # fmt: skip

    answer = phone.post("/portal/book/confirm/", asked)

    assert answer.status_code == 302
    assert "/portal/book/confirm/" in answer["Location"]
    assert not Booking.objects.filter(customer_id=place.stranger_id).exists()


def _booked(place: Town) -> UUID:
    at, house = place.at, system_actor(place.org_id)
    offers = service.slot_offers(
        vehicle_id=place.stranger_vehicle, item_codes=("ROUTINE_SERVICE",), lon=114.06, lat=22.54,
        actor=house, at=at,
    )  # fmt: skip
    return services.confirm_booking(
        vehicle_id=place.stranger_vehicle, customer_id=place.stranger_id,
        item_codes=("ROUTINE_SERVICE",), address="科苑路 8 号", lon=114.06, lat=22.54,
        starts_at=offers.offers[-1].window_start, actor=hq_actor(place.org_id), at=at,
    ).work_order_id  # fmt: skip


def test_a_booking_is_given_up_once(place: Town) -> None:
    order_id = _booked(place)
    phone = window(place.stranger_user)
    assert "Cancel the booking" in phone.get(f"/portal/orders/{order_id}/").content.decode()

    phone.post(f"/portal/orders/{order_id}/cancel/")

    assert WorkOrder.objects.get(id=order_id).state == "CANCELLED"
    page = phone.get(f"/portal/orders/{order_id}/").content.decode()
    assert "free of charge" in page
    assert "data-confirm" not in page


def test_order_page_names_what_comes_next(place: Town) -> None:
    page = window(place.customer_user).get(f"/portal/orders/{place.work_order_id}/")

    words = page.content.decode()
    assert "The engineer has accepted" in words
    assert "福田区深南大道 6008 号" in words
    assert "Expected arrival" in words


def test_a_review_needs_stars_and_a_finished_job(place: Town) -> None:
    phone = window(place.customer_user)

    unstarred = phone.post(f"/portal/orders/{place.work_order_id}/review/", {"stars": "9"})
    early = phone.post(f"/portal/orders/{place.work_order_id}/review/", {"stars": "5"})

    assert unstarred.status_code == 302
    assert early.status_code == 409


def test_the_progress_link_shows_the_job_without_sign_in(place: Town) -> None:
    token = service.progress_link(work_order_id=place.work_order_id, actor=hq_actor())

    page = Window().get(f"/p/{token}/")

    assert page.status_code == 200
    words = page.content.decode()
    assert "黄志强" in words
    assert "顺达" not in words
    assert 'content="60"' in words
    assert page["Cache-Control"].find("no-store") >= 0


def test_a_forged_progress_link_is_over(place: Town) -> None:
    token = service.progress_link(work_order_id=place.work_order_id, actor=hq_actor())

    assert Window().get(f"/p/{token[:-2]}xx/").status_code == 410


def test_language_stands_on_the_page(place: Town) -> None:
    page = window(place.customer_user, "zh-hans").get("/portal/me/").content.decode()

    assert 'lang="zh-hans"' in page
    assert "退出" in page


def test_messages_are_marked_read(place: Town) -> None:
    from panshi.notify import queries as notify
    from panshi.notify import services as notify_acts

    boss = hq_actor(place.org_id)
    notify_acts.send_messages(
        org_id=place.org_id,
        messages=[
            notify_acts.NewMessage(
                subject="工程师已出发",
                source_kind="t",
                source_id="1",
                customer_id=place.customer_id,
                link=f"/portal/orders/{place.work_order_id}/",
            )
        ],
        actor=boss,
        at=place.at,
    )
    phone = window(place.customer_user)
    assert "工程师已出发" in phone.get("/portal/messages/").content.decode()
    assert (
        "工程师已出发" not in window(place.stranger_user).get("/portal/messages/").content.decode()
    )

    phone.post("/portal/messages/read/")

    page = phone.get("/portal/messages/").content.decode()
    assert "Mark all read" not in page
    assert notify.unread_count(actor=boss) == 0


def test_a_customer_asks_reads_the_answer_and_asks_for_a_person(place: Town) -> None:
    me = window(place.customer_user)
    assert me.post("/portal/talks/new/", {"text": " "}).headers["Location"] == "/portal/talks/"
    begun = me.post("/portal/talks/new/", {"text": "充电口打不开怎么办？"}).headers["Location"]
    assert "充电口打不开怎么办？" in me.get(begun).content.decode()
    assert me.post(f"{begun}person/").status_code == 302
    thread = UUID(begun.split("/")[-2])
    staff = system_actor(User.objects.get(id=place.customer_user).org_id)
    services.take_conversation(conversation_id=thread, actor=staff, at=timezone.now())
    services.post_message(
        customer_id=place.customer_id, conversation_id=thread, text="请先断电", actor=staff,
        at=timezone.now(),
    )  # fmt: skip
    page = me.get(begun).content.decode()
    assert "请先断电" in page
    assert "I want to speak with a person" not in page
    assert me.post(f"{begun}say/", {"text": "好的"}).status_code == 302
    assert window(place.stranger_user).get(begun).status_code == 404
    assert window(place.stranger_user).post(f"{begun}say/", {"text": "?"}).status_code == 404
