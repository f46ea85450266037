"""Pages of restraints … show the guards in green and red, take approvals, set vehicles free."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from django.urls import reverse

from panshi.leasing.models import RestraintRequest
from panshi.leasing.tests.test_restraint import answer, climb, hand_over, leased, limited
from panshi.notify import channels
from panshi.notify.channels import Simulated
from panshi.notify.models import Message
from panshi.org.tests.window import page, window
from panshi.telematics.models import Command, Restriction


@pytest.fixture(autouse=True)
def _phones() -> Iterator[None]:
    with channels.standing_in(Simulated("SMS")):
        yield


def command_of(request: RestraintRequest) -> UUID:
    assert request.command_id is not None
    return request.command_id


def test_a_lease_in_arrears_shows_what_holds_and_refuses_with_the_whole_list() -> None:
    lease = leased()
    climb(lease, 3)
    client = window(lease.org, "OPERATIONS")
    assert reverse("leasing-restraint", args=[lease.id]) in page(
        client.get(reverse("leasing-lease", args=[lease.id]))
    )
    shown = page(client.get(reverse("leasing-restraint", args=[lease.id])))
    assert "The notice was delivered long enough ago" in shown or "通知已送达足够时间" in shown
    refused = client.post(
        reverse("leasing-restraint-ask", args=[lease.id]), {"kind": "LIMIT", "reason": "欠租"}
    )
    assert refused.status_code == 409
    assert not RestraintRequest.objects.filter(lease=lease).exists()


def test_an_approval_and_a_release_are_pressed_on_pages() -> None:
    lease, request, at = limited()
    command_id = command_of(request)
    client = window(lease.org, "OPERATIONS")
    listed = page(client.get(reverse("telematics-commands")))
    assert str(command_id) in listed
    page(client.get(reverse("telematics-command", args=[command_id])))
    sent_at = hand_over(lease, at)
    answer(command_id, "SPEED_LIMIT", sent_at)
    vehicle_id = Restriction.objects.get(command_id=command_id).vehicle_id
    assert client.post(reverse("telematics-set-free", args=[vehicle_id])).status_code == 302
    assert Command.objects.filter(vehicle_id=vehicle_id, kind="RELEASE").exists()
    page(client.get(reverse("leasing-restraint", args=[lease.id])))


def test_the_delivery_record_and_the_templates_are_pages() -> None:
    lease = leased()
    climb(lease, 1)
    client = window(lease.org, "OPERATIONS")
    text = Message.objects.filter(org=lease.org, channel="SMS", state="DELIVERED")[0]
    assert str(text.id) in page(client.get(reverse("notify-deliveries")))
    assert "SIM-" in page(client.get(reverse("notify-delivery", args=[text.id])))
    assert "{amount}" in page(client.get(reverse("notify-templates")))
    path = reverse("notify-preferences")
    page(client.get(path))
    given = {"first": "SMS", "quiet_from": "22:00", "quiet_to": "", "language": "zh-hans"}
    assert client.post(path, given).status_code == 422
    assert client.post(path, {**given, "quiet_to": "07:00"}).status_code == 302
