"""A lease on its customer's phone: deposit, plan of charges, handover; a stranger finds nothing."""

import io

from django.utils import timezone
from pypdf import PdfReader

from panshi.kit.clock import local_day
from panshi.leasing import queries as leasing
from panshi.leasing import services as acts
from panshi.leasing.tests import make
from panshi.leasing.tests import test_owning as owning
from panshi.leasing.tests import test_quotes as quotes
from panshi.org.tests import make as org_make
from panshi.portal.tests.phones import phone_of


def test_the_deposit_is_asked_for_and_paid_from_the_lease() -> None:
    lease = make.signed()
    phone = phone_of(lease, lease.customer_id)

    page = phone.get(f"/portal/leases/{lease.id}/")

    assert "Pay the deposit" in page.content.decode()
    bill = page.context["deposit_bill"]
    started = phone.post("/portal/bills/pay/", {"bill": str(bill.id)})
    phone.post(started["Location"])
    paid = phone.get(f"/portal/leases/{lease.id}/").content.decode()
    assert "Pay the deposit" not in paid


def test_a_running_lease_shows_its_rents_and_its_handover() -> None:
    lease = make.active()
    phone = phone_of(lease, lease.customer_id)

    text = phone.get(f"/portal/leases/{lease.id}/").content.decode()

    for words in ("1,000.00", "3,000.00", "2026-06-21 – 2026-06-30", "2,000.0", "王芳"):
        assert words in text
    bill = next(c for c, *_ in phone.get(f"/portal/leases/{lease.id}/").context["charges"])
    shown = phone.get(f"/portal/bills/{bill.bill_id}/").content.decode()
    assert "¥3,000.00 a month ÷ 30 days × 10 days" in shown


def test_the_contract_is_read_and_signed_on_the_phone() -> None:
    lease = make.drafted()
    phone = phone_of(lease, lease.customer_id)
    offered = acts.make_contract(lease_id=lease.id, actor=make.clerk(lease.org), at=make.NOON)
    page, paper = (f"/portal/leases/{lease.id}/{part}/" for part in ("sign", "contract"))

    assert page in phone.get(f"/portal/leases/{lease.id}/").content.decode()
    asked = phone.get(page).content.decode()
    sure = f"/sign-in/confirm/{offered.contract_id}/"
    assert sure in asked
    assert phone.post(sure, {"secret": "guessed", "next": page}).status_code == 422
    assert phone.post(page, {"consents": "yes"}).status_code == 422
    assert phone.post(sure, {"secret": "Lvtu-2027-wuliu", "next": page})["Location"] == page
    answer = {"consents": "yes"}
    assert "read it first" in phone.post(page, answer).content.decode()
    read = PdfReader(io.BytesIO(phone.get(paper).content))
    text = "".join(sheet.extract_text() for sheet in read.pages)
    assert lease.number in text
    assert lease.org.name.replace(" ", "") in text.replace(" ", "")
    assert phone.post(page, {}).status_code == 422
    consent = leasing.consent_text(actor=make.clerk(lease.org))
    assert consent in phone.get(page).content.decode()
    assert phone.post(page, answer).status_code == 302
    assert "You have signed" in phone.get(f"/portal/leases/{lease.id}/").content.decode()
    card = leasing.contract_card(contract_id=offered.contract_id, actor=make.clerk(lease.org))
    assert [entry.proof for entry in card.evidence] == ["PASSWORD"]


def test_a_vehicle_is_made_ones_own_from_the_phone() -> None:
    node, day = org_make.operator(), str(local_day(timezone.now()))
    lease, by = owning.running_today(node)
    phone, own = phone_of(lease, lease.customer_id), f"/portal/leases/{lease.id}/own/"
    assert own in phone.get(f"/portal/leases/{lease.id}/").content.decode()
    assert "field-error" in phone.get(own, {"on": "2001-01-01"}).content.decode()

    shown = phone.get(own, {"on": day})

    quote = leasing.quote_buy_out(lease_id=lease.id, on=local_day(timezone.now()), actor=by)
    assert f"{quote.payoff.amount:,}" in shown.content.decode()
    assert phone.post(own, {"on": day, "agreed": "another"}).status_code == 409
    assert phone.post(own, {"on": day, "agreed": quote.digest}).status_code == 302
    assert "Asked for on" in phone.get(own).content.decode()
    (wish,) = leasing.lease_card(lease_id=lease.id, actor=by).requests
    assert wish.kind == "PURCHASE"
    acts.buy_out(lease_id=lease.id, on=local_day(timezone.now()), actor=by, at=timezone.now())
    assert "Look at the bill and pay" in phone.get(own).content.decode()
    other = make.active()
    assert phone_of(other, other.customer_id).get(own).status_code == 404


def test_a_strangers_lease_is_not_found() -> None:
    lease, other = make.active(), make.active()
    stranger = phone_of(other, other.customer_id)
    assert stranger.get(f"/portal/leases/{lease.id}/").status_code == 404
    assert stranger.get(f"/portal/leases/{lease.id}/contract/").status_code == 404
    assert stranger.get(f"/portal/leases/{lease.id}/sign/").status_code == 404


def test_a_quote_is_accepted_on_the_phone() -> None:
    quotes.book()
    quote = quotes.drafted()
    phone = phone_of(make.drafted(org=quote.org), quote.customer_id)
    assert phone.get(f"/portal/quotes/{quote.id}/").status_code == 404
    acts.send_quote(
        quote_id=quote.id, hold_hours=24, actor=make.clerk(quote.org), at=timezone.now()
    )
    assert "/portal/quotes/" in phone.get("/portal/leases/").content.decode()
    assert str(quote.id) in phone.get("/portal/quotes/").content.decode()
    assert "3,000.00" in phone.get(f"/portal/quotes/{quote.id}/").content.decode()
    accepted = phone.post(f"/portal/quotes/{quote.id}/accept/")
    assert accepted["Location"].startswith("/portal/leases/")
    assert phone.get(accepted["Location"]).status_code == 200


def test_a_strangers_quote_is_not_found() -> None:
    quotes.book()
    quote = quotes.sent(quotes.drafted())
    other = make.drafted()
    stranger = phone_of(other, other.customer_id)
    assert stranger.get(f"/portal/quotes/{quote.id}/").status_code == 404
    for act in ("accept", "decline"):
        assert stranger.post(f"/portal/quotes/{quote.id}/{act}/").status_code == 404
