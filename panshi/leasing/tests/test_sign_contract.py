"""Sign contract … first the customer, then the operator; one changed byte and it does not hold."""

import random
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import pem, x509
from django.db import DatabaseError, transaction
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from panshi.billing import queries as billing
from panshi.kit import files, proofs
from panshi.kit.refusals import IllegalMove, NotPermitted
from panshi.leasing import queries, services, signers
from panshi.leasing.models import Contract, ContractState, ContractView, Lease, LeaseState
from panshi.leasing.tests import make, signing


def _roots() -> tuple[bytes, ...]:
    return signers.chosen().roots()


def test_both_sign_one_after_the_other_and_the_deposit_is_demanded() -> None:
    lease = make.drafted()
    contract_id = signing.signed_by_both(lease)

    contract = Contract.objects.get(id=contract_id)
    lease.refresh_from_db()
    assert (contract.state, lease.state) == (ContractState.SIGNED, LeaseState.SIGNED)
    assert lease.signed_at == make.NOON
    (bill,) = billing.bills_of_source(
        source_kind=services.SOURCE, source_id=lease.id, actor=make.clerk(lease.org)
    )
    assert (bill.kind, bill.total) == ("DEPOSIT", lease.deposit)


def test_each_signature_begins_with_the_copy_before_and_all_copies_are_kept() -> None:
    lease = make.drafted()
    contract_id = signing.signed_by_both(lease)

    copies = queries.contract_card(contract_id=contract_id, actor=make.clerk(lease.org)).copies
    first, second, third = (files.path_of(copy.sha256).read_bytes() for copy in copies)
    assert [copy.what for copy in copies] == ["OFFERED", "LESSEE", "LESSOR"]
    assert second.startswith(first)
    assert third.startswith(second)


def test_the_evidence_says_who_agreed_to_what_when_and_how() -> None:
    lease = make.drafted()
    contract_id = signing.signed_by_customer(lease)

    (entry,) = queries.contract_card(contract_id=contract_id, actor=make.clerk(lease.org)).evidence
    assert entry.consent == queries.consent_text(actor=make.clerk(lease.org))
    assert "§" not in entry.consent
    assert (entry.proof, entry.at, entry.opened_at) == ("PASSWORD", make.NOON, make.NOON)
    assert len(entry.certificate_sha256) == 64


def test_pyhankos_own_validator_accepts_both_signatures(tmp_path: Path) -> None:
    lease = make.drafted()
    content = signing.content(lease, signing.signed_by_both(lease))
    paper = tmp_path / "contract.pdf"
    paper.write_bytes(content)

    roots = [x509.Certificate.load(pem.unarmor(root)[2]) for root in _roots()]
    with paper.open("rb") as opened:
        signatures = PdfFileReader(opened).embedded_signatures
        assert [s.field_name for s in signatures] == ["LESSEE", "LESSOR"]
        for signature in signatures:
            trust = ValidationContext(trust_roots=roots, moment=make.NOON)
            assert validate_pdf_signature(signature, trust).bottom_line


def _signed_ranges(content: bytes) -> list[tuple[bytes, bytes]]:
    """For each signature the bytes it covers and its container, read without pyHanko."""
    found = []
    at = 0
    while (at := content.find(b"/ByteRange [", at)) >= 0:
        end = content.index(b"]", at)
        a, b, c, d = map(int, content[at + len(b"/ByteRange [") : end].split())
        container = bytes.fromhex(content[a + b + 1 : c - 1].decode())
        found.append((content[a : a + b] + content[c : c + d], container))
        at = end
    return found


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed here")
@pytest.mark.parametrize("changed", [False, True])
def test_openssl_agrees(tmp_path: Path, changed: bool) -> None:
    lease = make.drafted()
    content = signing.content(lease, signing.signed_by_both(lease))
    (tmp_path / "root.pem").write_bytes(b"".join(_roots()))
    ranges = _signed_ranges(content)
    assert len(ranges) == 2
    for covered, container in ranges:
        if changed:
            covered = covered.replace(b"%PDF-1.7", b"%PDF-1.6", 1)
        (tmp_path / "covered").write_bytes(covered)
        (tmp_path / "signature.der").write_bytes(container)
        answer = subprocess.run(
            ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", "signature.der",
             "-content", "covered", "-CAfile", "root.pem", "-purpose", "any",
             "-attime", str(int(make.NOON.timestamp())), "-out", "out"],
            cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (answer.returncode == 0) is not changed, answer.stderr


def test_one_flipped_byte_fails_wherever_it_is() -> None:
    lease = make.drafted()
    contract_id = signing.signed_by_both(lease)
    content = signing.content(lease, contract_id)
    by = make.clerk(lease.org)
    assert all(found.valid for found in signers.examine(content, roots=_roots()))
    stored = files.path_of(Contract.objects.get(id=contract_id).sha256)
    places = random.Random(7).sample(range(len(content)), 25)
    try:
        for place in places:
            flipped = bytearray(content)
            flipped[place] ^= 1
            stored.write_bytes(bytes(flipped))
            assert not queries.contract_verdict(contract_id=contract_id, actor=by).holds, place
    finally:
        stored.write_bytes(content)
    assert queries.contract_verdict(contract_id=contract_id, actor=by).holds


def test_a_byte_flipped_in_what_is_signed_fails_by_the_signature_alone() -> None:
    lease = make.drafted()
    content = signing.content(lease, signing.signed_by_both(lease))
    ((covered, _container), _last) = _signed_ranges(content)
    gap = content.index(b"/Contents <")
    for place in random.Random(8).sample(range(gap), 15):
        flipped = bytearray(content)
        flipped[place] ^= 1
        found = signers.examine(bytes(flipped), roots=_roots())
        assert not any(finding.valid for finding in found), place
    assert len(covered) > gap


def test_what_is_appended_or_hidden_does_not_hold() -> None:
    lease = make.drafted()
    content = signing.content(lease, signing.signed_by_both(lease))
    assert not all(f.valid for f in signers.examine(content + b"\n%more\n", roots=_roots()))
    room = content.rindex(b"0000>")
    hidden = content[:room] + b"00AB>" + content[room + 5 :]
    assert not all(f.valid for f in signers.examine(hidden, roots=_roots()))


@pytest.mark.plain
@pytest.mark.parametrize("content", [b"", b"%PDF-1.7", b"\x00" * 99])
def test_whatever_cannot_be_read_is_invalid(content: bytes) -> None:
    found = signers.examine(content, roots=())
    assert [(f.field, f.valid) for f in found] == [("LESSEE", False), ("LESSOR", False)]


def test_a_certificate_of_another_authority_is_not_trusted() -> None:
    lease = make.drafted()
    content = signing.content(lease, signing.signed_by_both(lease))
    found = signers.examine(content, roots=())
    assert not any(f.valid for f in found)


def test_the_operator_does_not_sign_first() -> None:
    lease = make.drafted()
    contract_id = signing.opened(lease)
    with pytest.raises(IllegalMove):
        services.countersign_contract(
            contract_id=contract_id, actor=make.clerk(lease.org), at=make.NOON
        )


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        ({"consents": False}, services.ConsentMissing),
        ({"proof": "made up"}, proofs.ProofMissing),
        ({"proof": None}, proofs.ProofMissing),
    ],
)
def test_needs_consent_and_a_proof_for_this_very_contract(
    given: dict[str, Any], refusal: type[Exception]
) -> None:
    lease = make.drafted()
    contract_id = signing.opened(lease)
    if given.get("proof", "") is None:
        given = {"proof": signing.proof(lease.id)}
    asked = {"consents": True, "proof": signing.proof(contract_id), **given}
    with pytest.raises(refusal):
        services.sign_contract(
            contract_id=contract_id, actor=signing.customer_of(lease), at=make.NOON, **asked
        )
    assert Contract.objects.get(id=contract_id).state == ContractState.OFFERED


def test_needs_the_paper_to_be_opened_before() -> None:
    lease = make.drafted()
    contract_id = signing.offered(lease)
    with pytest.raises(services.ContractMissing):
        services.sign_contract(
            contract_id=contract_id,
            consents=True,
            proof=signing.proof(contract_id),
            actor=signing.customer_of(lease),
            at=make.NOON,
        )


def test_another_customer_does_not_sign() -> None:
    lease, other = make.drafted(), make.drafted()
    contract_id = signing.opened(lease)
    thief = signing.customer_of(other)
    with pytest.raises((NotPermitted, Contract.DoesNotExist)):
        services.sign_contract(
            contract_id=contract_id,
            consents=True,
            proof=signing.proof(contract_id),
            actor=thief,
            at=make.NOON,
        )


def test_every_view_is_kept_and_stays() -> None:
    lease = make.drafted()
    contract_id = signing.offered(lease)
    for actor in (signing.customer_of(lease), make.clerk(lease.org)):
        services.open_contract(contract_id=contract_id, actor=actor, at=make.NOON)
    assert ContractView.objects.filter(contract_id=contract_id).count() == 2
    with pytest.raises(DatabaseError), transaction.atomic():
        ContractView.objects.filter(contract_id=contract_id).update(by_id=lease.id)


def test_what_both_signed_stays_and_what_one_signed_is_not_lost() -> None:
    lease = make.drafted()
    contract_id = signing.signed_by_customer(lease)
    row = Contract.objects.filter(id=contract_id)
    with pytest.raises(DatabaseError), transaction.atomic():
        row.update(evidence=[])
    services.countersign_contract(
        contract_id=contract_id, actor=make.clerk(lease.org), at=make.NOON
    )
    with pytest.raises(DatabaseError), transaction.atomic():
        row.update(sha256="0" * 64)


def test_a_withdrawn_contract_makes_room_for_another() -> None:
    lease = make.drafted()
    first = signing.offered(lease)
    with pytest.raises(services.ContractOffered):
        signing.offered(lease)
    services.void_contract(
        contract_id=first, reason="租期有误", actor=make.clerk(lease.org), at=make.NOON
    )
    second = signing.signed_by_both(lease)
    assert Contract.objects.get(id=first).state == ContractState.VOID
    assert Contract.objects.get(id=second).number == 2


def test_a_cancelled_lease_withdraws_its_contract() -> None:
    lease = make.drafted()
    contract_id = signing.signed_by_customer(lease)
    services.cancel_lease(lease_id=lease.id, reason="客户改期", actor=make.clerk(lease.org),
                          at=make.NOON)  # fmt: skip
    assert Contract.objects.get(id=contract_id).state == ContractState.VOID


def test_a_contract_on_paper_is_kept_as_its_scan_and_takes_effect_at_the_start() -> None:
    lease: Lease = make.active()
    contract = Contract.objects.get(lease=lease)
    by = make.clerk(lease.org)
    assert (contract.kind, contract.effective_at) == ("PAPER", lease.active_from)
    assert queries.contract_paper(contract_id=contract.id, actor=by).content == make.SCAN
    assert queries.contract_verdict(contract_id=contract.id, actor=by).holds


def test_a_provider_is_only_there_when_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (signers.chosen().code, signers.chosen().reliable) == ("LOCAL", False)
    monkeypatch.setenv("PANSHI_SIGNER", "provider")
    with pytest.raises(ValueError, match="factory"):
        signers.chosen()


def test_a_contract_offered_with_another_signer_is_not_signed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lease = make.drafted()
    contract_id = signing.opened(lease)
    Contract.objects.filter(id=contract_id).update(signer="OTHER")
    with pytest.raises(signers.SignerUnavailable):
        services.sign_contract(
            contract_id=contract_id,
            consents=True,
            proof=signing.proof(contract_id),
            actor=signing.customer_of(lease),
            at=make.NOON,
        )


def test_the_signer_named_in_the_environment_signs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PANSHI_SIGNER", "panshi.leasing.tests.provider:Provider")
    lease = make.drafted()
    contract_id = signing.signed_by_both(lease)
    contract = Contract.objects.get(id=contract_id)
    assert (contract.signer, contract.reliable) == ("PROVIDER", True)
