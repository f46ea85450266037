"""The contract of a lease: offered, signed by the customer, then by the operator; or on paper."""

from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from panshi.billing import services as billing
from panshi.crm import queries as crm
from panshi.kit import files, proofs
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb
from panshi.leasing import queries, signers
from panshi.leasing.contract import text_of
from panshi.leasing.events import (
    ContractApproved,
    ContractOpened,
    ContractSigned,
    ContractSignedByCustomer,
    ContractTookEffect,
    ContractVoided,
)
from panshi.leasing.models import (
    CONTRACT_LIFE,
    LEASE_LIFE,
    Contract,
    ContractKind,
    ContractState,
    ContractView,
    Lease,
    LeaseState,
)
from panshi.leasing.services.common import (
    SOURCE,
    Common,
    NotQualified,
    common,
    current_segment,
    locked_lease,
)
from panshi.org import queries as org


class SignatureInvalid(Refusal):
    pass


class ContractMissing(Refusal):
    pass


class ContractOffered(Refusal):
    pass


class ConsentMissing(Refusal):
    pass


@verb
def make_contract(*, lease_id: UUID, actor: Actor, at: datetime) -> ContractApproved:
    """Fix the paper of a reserved lease, byte by byte, and offer it to the customer to sign.

    Raises NotQualified, ContractOffered while another waits, contract.ClauseMissing, or
    IllegalMove unless the lease is reserved.
    """
    lease = locked_lease(lease_id, actor=actor, permission="leasing.make_contract")
    _must_be_signable(lease, actor)
    signer = signers.chosen()
    paper = signers.prepare(queries.contract_draft(lease_id=lease_id, actor=actor).content)
    kept = _keep(paper, lease, "draft", actor)
    contract = Contract.objects.create(
        org_id=lease.org_id,
        lease=lease,
        customer_id=lease.customer_id,
        number=Contract.objects.filter(lease=lease).count() + 1,
        kind=ContractKind.ELECTRONIC,
        text_version=text_of().version,
        signer=signer.code,
        reliable=signer.reliable,
        file_id=kept.id,
        sha256=kept.sha256,
        copies=[_copy(kept, "OFFERED", at)],
        offered_by_id=actor.id,
        offered_at=at,
    )
    return ContractApproved(**_about(contract, lease, actor, at), sha256=kept.sha256)


@verb
def open_contract(*, contract_id: UUID, actor: Actor, at: datetime) -> ContractOpened:
    """Note that somebody opens the present copy of a contract."""
    contract = _found(contract_id, actor)
    actor.must_be(contract.customer_id)
    if actor.customer_id is None:
        actor.must("leasing.view", contract.org_id)
    ContractView.objects.create(
        org_id=contract.org_id,
        contract=contract,
        customer_id=contract.customer_id,
        sha256=contract.sha256,
        by_id=actor.id,
        at=at,
    )
    return ContractOpened(**_about(contract, contract.lease, actor, at), sha256=contract.sha256)


@verb
def sign_contract(
    *, contract_id: UUID, consents: bool, proof: str, actor: Actor, at: datetime
) -> ContractSignedByCustomer:
    """Sign as the customer, who consents to the words shown and has confirmed who it is.

    Raises ConsentMissing, ContractMissing before it was opened, proofs.ProofMissing,
    SignatureInvalid, signers.SignerUnavailable, or IllegalMove.
    """
    contract, lease = _locked(contract_id, actor, "leasing.sign_contract")
    if not consents:
        raise ConsentMissing(_("Tick that you agree to sign electronically."))
    how = proofs.read(proof, user_id=actor.id, subject=contract.id)
    opened = ContractView.objects.filter(
        contract=contract, by_id=actor.id, sha256=contract.sha256
    ).order_by("at")
    first = opened.first()
    if first is None:
        raise ContractMissing(_("Open the contract and read it first."))
    contract.state = CONTRACT_LIFE.step(contract.state, ContractState.COUNTERSIGNING)
    contract.customer_signed_at = at
    customer = crm.customer_refs(ids=(lease.customer_id,), actor=actor)[lease.customer_id]
    _sign(
        contract,
        lease,
        signers.Signatory(field=signers.LESSEE, name=customer.name, subject=str(actor.id)),
        {"consent": text_of().consent, "proof": how, "opened_at": first.at.isoformat()},
        actor,
        at,
    )
    return ContractSignedByCustomer(**_about(contract, lease, actor, at), proof=how)


@verb
def countersign_contract(*, contract_id: UUID, actor: Actor, at: datetime) -> ContractSigned:
    """Sign for the operator what the customer has signed; the deposit is demanded.

    Raises NotQualified, SignatureInvalid, signers.SignerUnavailable, or IllegalMove.
    """
    contract, lease = _locked(contract_id, actor, "leasing.countersign_contract")
    contract.state = CONTRACT_LIFE.step(contract.state, ContractState.SIGNED)
    contract.signed_at = at
    lessor = org.node(node_id=lease.org_id, actor=actor).name
    _sign(
        contract,
        lease,
        signers.Signatory(field=signers.LESSOR, name=lessor, subject=str(actor.id)),
        {},
        actor,
        at,
    )
    return _signed(contract, lease, actor, at)


@verb
def file_paper_contract(
    *, lease_id: UUID, scan: bytes, name: str, actor: Actor, at: datetime
) -> ContractSigned:
    """Keep the scan of a contract that both sides signed on paper; the deposit is demanded.

    Raises NotQualified, ContractOffered while one waits for a signature, files.FileTooLarge,
    files.FileNotAccepted, or IllegalMove unless the lease is reserved.
    """
    lease = locked_lease(lease_id, actor=actor, permission="leasing.file_paper_contract")
    _must_be_signable(lease, actor)
    kept = _keep(scan, lease, "scan", actor, name=name)
    contract = Contract.objects.create(
        org_id=lease.org_id,
        lease=lease,
        customer_id=lease.customer_id,
        number=Contract.objects.filter(lease=lease).count() + 1,
        kind=ContractKind.PAPER,
        state=ContractState.SIGNED,
        text_version=text_of().version,
        file_id=kept.id,
        sha256=kept.sha256,
        copies=[_copy(kept, "SCAN", at)],
        offered_by_id=actor.id,
        offered_at=at,
        customer_signed_at=at,
        signed_at=at,
    )
    return _signed(contract, lease, actor, at)


@verb
def void_contract(*, contract_id: UUID, reason: str, actor: Actor, at: datetime) -> ContractVoided:
    """Withdraw an offered contract before both have signed. Raises IllegalMove afterwards."""
    contract, lease = _locked(contract_id, actor, "leasing.void_contract")
    _withdraw(contract, reason, at)
    return ContractVoided(**_about(contract, lease, actor, at), reason=reason)


@verb
def put_contract_in_force(*, contract_id: UUID, actor: Actor, at: datetime) -> ContractTookEffect:
    """Note that the vehicle is used under this contract from now on."""
    contract, lease = _locked(contract_id, actor, "leasing.activate_lease")
    contract.effective_at = at
    contract.save(update_fields=["effective_at"])
    return ContractTookEffect(**_about(contract, lease, actor, at))


def withdraw_contract(lease: Lease, *, reason: str, at: datetime) -> None:
    """Withdraw what waits for signatures when its lease is given up."""
    waiting = Contract.objects.select_for_update().filter(
        lease=lease, state__in=[ContractState.OFFERED, ContractState.COUNTERSIGNING]
    )
    for contract in waiting:
        _withdraw(contract, reason, at)


def _withdraw(contract: Contract, reason: str, at: datetime) -> None:
    contract.state = CONTRACT_LIFE.step(contract.state, ContractState.VOID)
    contract.voided_at, contract.void_reason = at, reason.strip()[:200]
    contract.save(update_fields=["state", "voided_at", "void_reason"])


def _found(contract_id: UUID, actor: Actor) -> Contract:
    return Contract.objects.visible_to(actor).select_related("lease").get(id=contract_id)


def _locked(contract_id: UUID, actor: Actor, permission: str) -> tuple[Contract, Lease]:
    """The lease first, then its contract: the order in which every verb locks them."""
    lease = locked_lease(_found(contract_id, actor).lease_id, actor=actor, permission=permission)
    return Contract.objects.select_for_update().get(id=contract_id), lease


def _must_be_signable(lease: Lease, actor: Actor) -> None:
    LEASE_LIFE.step(lease.state, LeaseState.SIGNED)
    _must_be_qualified(lease, actor)
    if Contract.objects.filter(lease=lease).exclude(state=ContractState.VOID).exists():
        raise ContractOffered(_("A contract of this lease waits already; withdraw it first."))


def _must_be_qualified(lease: Lease, actor: Actor) -> None:
    customer = crm.customer_refs(ids=(lease.customer_id,), actor=actor)[lease.customer_id]
    if not customer.qualified:
        raise NotQualified(
            _("%s has no approved qualification yet.") % customer.name,
            way_out=f"/crm/customers/{lease.customer_id}/",
        )


def _sign(
    contract: Contract,
    lease: Lease,
    by: signers.Signatory,
    words: dict[str, str],
    actor: Actor,
    at: datetime,
) -> None:
    """Add a signature, believe it only when the validator does, and keep copy and evidence."""
    signer = signers.chosen()
    if signer.code != contract.signer:
        raise signers.SignerUnavailable(
            _("This contract was offered with another signer. Withdraw it and offer it anew.")
        )
    before = files.read(files.StoredFile.objects.get(id=contract.file_id))
    made = signer.sign(content=before, by=by, at=at)
    report = signers.examine(made.content, roots=signer.roots())
    signed = {entry["field"] for entry in contract.evidence} | {by.field}
    faults = [f"{f.field}: {f.words}" for f in report if f.field in signed and not f.valid]
    if faults or not made.content.startswith(before):
        raise SignatureInvalid(
            _("The signature does not hold (%s). Nothing was signed.") % ", ".join(faults)
        )
    kept = _keep(made.content, lease, by.field.lower(), actor)
    contract.file_id, contract.sha256 = kept.id, kept.sha256
    contract.copies = [*contract.copies, _copy(kept, by.field, at)]
    contract.evidence = [
        *contract.evidence,
        {
            "field": by.field,
            "name": by.name,
            "by": by.subject,
            "at": at.isoformat(),
            "certificate_serial": made.certificate_serial,
            "certificate_sha256": made.certificate_sha256,
            "roots": [root.decode() for root in signer.roots()],
            **words,
        },
    ]
    contract.report = [
        {**asdict(f), "signed_at": f.signed_at.isoformat() if f.signed_at else None}
        for f in report
        if f.field in signed
    ]
    contract.save()


def _signed(contract: Contract, lease: Lease, actor: Actor, at: datetime) -> ContractSigned:
    _must_be_qualified(lease, actor)
    lease.state = LEASE_LIFE.step(lease.state, LeaseState.SIGNED)
    lease.signed_at = at
    lease.save(update_fields=["state", "signed_at"])
    about = _about(contract, lease, actor, at)
    if lease.deposit:
        billing.demand_deposit(
            source_kind=SOURCE,
            source_id=lease.id,
            customer_id=lease.customer_id,
            vehicle_id=about["vehicle_id"],
            amount=lease.deposit,
            actor=actor,
            at=at,
        )
    return ContractSigned(**about, deposit=lease.deposit, kind=contract.kind)


def _keep(
    content: bytes, lease: Lease, what: str, actor: Actor, *, name: str = ""
) -> files.StoredFile:
    return files.store(
        content=content,
        name=name or f"{lease.number}-{what}.pdf",
        org_id=lease.org_id,
        customer_id=lease.customer_id,
        actor=actor,
    )


def _copy(kept: files.StoredFile, what: str, at: datetime) -> dict[str, Any]:
    return {
        "what": what, "file_id": str(kept.id), "sha256": kept.sha256, "size": kept.size,
        "at": at.isoformat(),
    }  # fmt: skip


class _ContractCommon(Common):
    contract_id: UUID


def _about(contract: Contract, lease: Lease, actor: Actor, at: datetime) -> _ContractCommon:
    segment = current_segment(lease)
    return {**common(lease, segment, actor=actor, at=at), "contract_id": contract.id}
