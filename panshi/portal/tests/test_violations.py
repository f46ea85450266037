"""Violations on a customer's phone: one's own are told and disputed, a stranger's not found."""

from datetime import timedelta
from uuid import UUID

from django.core.files.uploadedfile import SimpleUploadedFile

from panshi.kit.tenancy import hq_actor
from panshi.leasing import queries as leasing
from panshi.leasing.tests import make
from panshi.leasing.tests.test_violations import entered
from panshi.portal.tests.phones import phone_of

PHOTO = b"\xff\xd8\xff the vehicle stood in the yard"


def test_a_violation_is_seen_and_disputed_with_a_photo() -> None:
    lease = make.active()
    row = entered(lease, make.NOON + timedelta(days=1))
    phone = phone_of(lease, lease.customer_id)
    at = f"/portal/violations/{row.id}/"

    assert at in phone.get("/portal/violations/").content.decode()
    assert "200.00" in phone.get(at).content.decode()
    phone.post(at + "dispute/", {"words": " "})
    row.refresh_from_db()
    assert row.state == "NOTIFIED"
    wrong = SimpleUploadedFile("virus.exe", b"MZ no photo")
    assert phone.post(at + "dispute/", {"words": "不是我", "photos": wrong}).status_code == 302
    row.refresh_from_db()
    assert row.state == "NOTIFIED"
    photo = SimpleUploadedFile("yard.jpg", PHOTO)
    assert phone.post(at + "dispute/", {"words": "车在院里", "photos": photo}).status_code == 302
    row.refresh_from_db()
    assert row.state == "DISPUTED"
    text = phone.get(at).content.decode()
    assert "车在院里" in text
    (said,) = leasing.violation_card(violation_id=row.id, actor=hq_actor()).disputes
    file_id = UUID(said.file_ids[0])
    assert phone.get(f"{at}evidence/{file_id}/").content == PHOTO


def test_a_strangers_violation_is_not_found() -> None:
    lease = make.active()
    row = entered(lease, make.NOON + timedelta(days=1))
    other = make.active(org=lease.org)
    phone = phone_of(other, other.customer_id)

    assert phone.get(f"/portal/violations/{row.id}/").status_code == 404
    assert phone.post(f"/portal/violations/{row.id}/dispute/", {"words": "x"}).status_code == 404
    assert str(row.id) not in phone.get("/portal/violations/").content.decode()
