"""Contracts at the desk: offered, countersigned, examined; or the scan of a paper."""

from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from panshi.leasing import services
from panshi.leasing.models import Contract, LeaseState
from panshi.leasing.tests import make, signing
from panshi.org.tests import make as org_make
from panshi.org.tests.window import window


def test_a_contract_is_offered_countersigned_and_examined() -> None:
    lease = make.drafted()
    sales = window(lease.org, "SALES")
    page = reverse("leasing-lease", args=[lease.id])
    make_url = reverse("leasing-contract-make", args=[lease.id])
    assert make_url in sales.get(page).content.decode()
    assert sales.post(make_url).status_code == 302
    contract = Contract.objects.get()
    assert "Waits for the customer" in sales.get(page).content.decode()
    actor = signing.customer_of(lease)
    services.open_contract(contract_id=contract.id, actor=actor, at=make.NOON)
    services.sign_contract(
        contract_id=contract.id,
        consents=True,
        proof=signing.proof(contract.id),
        actor=actor,
        at=make.NOON,
    )
    sign = reverse("leasing-countersign", args=[contract.id])
    assert sign in sales.get(page).content.decode()
    assert sales.post(sign).status_code == 302
    lease.refresh_from_db()
    assert lease.state == LeaseState.SIGNED

    paper = sales.get(reverse("leasing-contract", args=[lease.id]))
    assert paper.content.startswith(b"%PDF-")
    record = reverse("leasing-contract-record", args=[contract.id])
    shown = sales.get(record).content.decode()
    assert "演示签章" in shown
    assert "Password, asked once more" in shown
    assert "王芳" in shown  # Who opened the paper.
    verify = reverse("leasing-contract-verify", args=[contract.id])
    assert "every signature holds" in sales.post(verify).content.decode()
    assert lease.number in sales.get(reverse("leasing-contracts")).content.decode()
    stranger = window(org_make.operator(), "ADMINISTRATOR")
    for url in (record, reverse("leasing-contract-paper", args=[contract.id])):
        assert stranger.get(url).status_code == 404


def test_a_paper_contract_is_kept_by_its_scan() -> None:
    lease = make.drafted()
    sales = window(lease.org, "SALES")
    url = reverse("leasing-contract-scan", args=[lease.id])
    assert sales.get(url).status_code == 200
    wrong = SimpleUploadedFile("scan.pdf", b"no picture at all")
    assert sales.post(url, {"scan": wrong}).status_code == 422
    assert sales.post(url, {}).status_code == 422
    scan = SimpleUploadedFile("scan.pdf", make.SCAN)
    assert sales.post(url, {"scan": scan}).status_code == 302
    lease.refresh_from_db()
    assert lease.state == LeaseState.SIGNED
