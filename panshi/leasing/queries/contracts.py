"""Questions about contracts: the paper, who signed it how, who looked at it, whether it holds."""

import hashlib
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import Q

from panshi.billing import queries as billing
from panshi.billing.queries import CreditTerms
from panshi.crm import queries as crm
from panshi.fleet import queries as fleet
from panshi.kit import files
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question
from panshi.leasing import signers
from panshi.leasing.contract import (
    ClauseMissing,
    ContractTerms,
    PurchasePrice,
    contract_pdf,
    text_of,
)
from panshi.leasing.models import (
    Contract,
    ContractKind,
    ContractState,
    ContractView,
    Lease,
    PurchaseTerms,
)
from panshi.leasing.queries import leases
from panshi.leasing.queries.changes import return_terms
from panshi.leasing.queries.owning import agreed_charges
from panshi.org import queries as org


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractRow:
    """One line of the list of contracts; `number` counts the contracts of a lease."""

    id: UUID
    lease_id: UUID
    lease_number: str
    number: int
    customer_name: str
    kind: ContractKind
    state: ContractState
    offered_at: datetime
    signed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractPage:
    rows: tuple[ContractRow, ...]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractCopy:
    """One copy by its bytes; `what` is OFFERED, LESSEE, LESSOR or SCAN."""

    what: str
    sha256: str
    size: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureEvidence:
    """How one side signed; only the customer consents, proves who it is and opens the paper."""

    field: str
    name: str
    by_name: str
    at: datetime
    certificate_serial: str
    certificate_sha256: str
    consent: str
    proof: str
    opened_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureFinding:
    """What the validator found of one side's signature; `words` say in English what failed."""

    field: str
    signer: str
    valid: bool
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractLook:
    by_name: str
    at: datetime
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractCard:
    """A contract with all that is kept of it; `reliable` as the signer says of itself."""

    row: ContractRow
    org_id: int
    customer_id: UUID
    text_version: str
    signer: str
    reliable: bool
    sha256: str
    customer_signed_at: datetime | None
    voided_at: datetime | None
    void_reason: str
    effective_at: datetime | None
    copies: tuple[ContractCopy, ...]
    evidence: tuple[SignatureEvidence, ...]
    report: tuple[SignatureFinding, ...]
    looks: tuple[ContractLook, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractVerdict:
    """Whether a contract holds: its bytes are those that were kept, and each signature is valid."""

    unchanged: bool
    findings: tuple[SignatureFinding, ...]

    @property
    def holds(self) -> bool:
        return self.unchanged and all(finding.valid for finding in self.findings)


@question
def contract_draft(*, lease_id: UUID, actor: Actor) -> leases.Picture:
    """What the contract of a lease would be as a PDF, in Chinese; nobody has signed it."""
    lease = Lease.objects.visible_to(actor).get(id=lease_id)
    row = leases.lease_rows([lease], actor)[0]
    customer = crm.customer_card(customer_id=row.customer_id, actor=actor)
    vehicles = fleet.vehicle_refs(
        vehicle_ids=(row.vehicle_id,) if row.vehicle_id else (), actor=actor
    )
    vehicle = next(iter(vehicles.values()), None)
    own = PurchaseTerms.objects.filter(lease=lease).first()
    terms = ContractTerms(
        number=row.number,
        lessor=org.node(node_id=lease.org_id, actor=actor).name,
        lessee=row.customer_name,
        id_masked=customer.id_masked,
        phone_masked=customer.phone_masked,
        plate=row.plate,
        vin=vehicle.vin if vehicle else "",
        model_name=row.model_name,
        battery_kwh=vehicle.battery_kwh if vehicle else None,
        first_day=row.starts_on,
        last_day=row.ends_on - timedelta(days=1),
        monthly_rent=row.monthly_rent,
        deposit=row.deposit,
        charges=agreed_charges(lease, own, actor),
        early_share=return_terms(lease).early_share,
        credit=_credit(row.starts_on),
        purchase=PurchasePrice(price=own.price, monthly_rate=own.monthly_rate, fee=own.fee)
        if own
        else None,
    )
    return leases.Picture(
        name=f"{row.number}.pdf", media_type="application/pdf", content=contract_pdf(terms)
    )


def _credit(on: date) -> CreditTerms:
    """What being late costs by a contract of this day. Raises ClauseMissing where nothing holds."""
    terms = billing.credit_terms(source_kind="leasing.lease", on=on)
    if terms is None:
        raise ClauseMissing("late payment")
    return terms


def _rows(found: list[Contract], actor: Actor) -> tuple[ContractRow, ...]:
    names = crm.names_of((c.customer_id for c in found), actor)
    return tuple(
        ContractRow(
            id=c.id,
            lease_id=c.lease_id,
            lease_number=c.lease.number,
            number=c.number,
            customer_name=names.get(c.customer_id, ""),
            kind=ContractKind(c.kind),
            state=ContractState(c.state),
            offered_at=c.offered_at,
            signed_at=c.signed_at,
        )
        for c in found
    )


_ORDERS = frozenset({"offered_at", "signed_at"})


@question
def contracts(
    *,
    actor: Actor,
    text: str = "",
    state: str = "",
    kind: str = "",
    order_by: str = "-offered_at",
    offset: int = 0,
    limit: int = 50,
) -> ContractPage:
    """Contracts by the number of their lease, their state and how they are signed.

    Raises ValueError for an order that is none.
    """
    if order_by.removeprefix("-") not in _ORDERS:
        raise ValueError(f"contracts cannot be ordered by {order_by}")
    rows = Contract.objects.visible_to(actor).select_related("lease")
    if text:
        rows = rows.filter(lease__number__icontains=text)
    if state:
        rows = rows.filter(state=state)
    if kind:
        rows = rows.filter(kind=kind)
    page = list(rows.order_by(order_by, "-id")[offset : offset + limit])
    return ContractPage(rows=_rows(page, actor), total=rows.count())


@question
def contract_of(*, lease_id: UUID, actor: Actor) -> ContractRow | None:
    """The contract of a lease that waits for signatures or is signed, if there is one."""
    found = (
        Contract.objects.visible_to(actor)
        .filter(Q(lease_id=lease_id) & ~Q(state=ContractState.VOID))
        .select_related("lease")
    )
    return next(iter(_rows(list(found), actor)), None)


@question
def contract_card(*, contract_id: UUID, actor: Actor) -> ContractCard:
    """One contract with its copies, the evidence of its signatures and who looked at it."""
    c = Contract.objects.visible_to(actor).select_related("lease").get(id=contract_id)
    looks = list(ContractView.objects.filter(contract=c).order_by("-at", "-id")[:100])
    people = {look.by_id for look in looks} | {UUID(entry["by"]) for entry in c.evidence}
    names = org.names_of(user_ids=tuple(people), actor=actor) if actor.customer_id is None else {}
    return ContractCard(
        row=_rows([c], actor)[0],
        org_id=c.org_id,
        customer_id=c.customer_id,
        text_version=c.text_version,
        signer=c.signer,
        reliable=c.reliable,
        sha256=c.sha256,
        customer_signed_at=c.customer_signed_at,
        voided_at=c.voided_at,
        void_reason=c.void_reason,
        effective_at=c.effective_at,
        copies=tuple(
            ContractCopy(
                what=copy["what"],
                sha256=copy["sha256"],
                size=copy["size"],
                at=datetime.fromisoformat(copy["at"]),
            )
            for copy in c.copies
        ),
        evidence=tuple(
            SignatureEvidence(
                field=entry["field"],
                name=entry["name"],
                by_name=names.get(UUID(entry["by"]), ""),
                at=datetime.fromisoformat(entry["at"]),
                certificate_serial=entry["certificate_serial"],
                certificate_sha256=entry["certificate_sha256"],
                consent=entry.get("consent", ""),
                proof=entry.get("proof", ""),
                opened_at=datetime.fromisoformat(entry["opened_at"])
                if "opened_at" in entry
                else None,
            )
            for entry in c.evidence
        ),
        report=tuple(
            SignatureFinding(
                field=found["field"],
                signer=found["signer"],
                valid=found["valid"],
                words=found["words"],
            )
            for found in c.report
        ),
        looks=tuple(
            ContractLook(by_name=names.get(look.by_id, ""), at=look.at, sha256=look.sha256)
            for look in looks
        ),
    )


@question
def contract_paper(*, contract_id: UUID, actor: Actor) -> leases.Picture:
    """The present copy of a contract. Raises ValueError when its bytes were changed on disk."""
    contract = Contract.objects.visible_to(actor).get(id=contract_id)
    return leases.picture_of(contract.file_id)


@question
def contract_verdict(*, contract_id: UUID, actor: Actor) -> ContractVerdict:
    """Examine the kept bytes once more: their sha256, and each signature by the validator.

    The certificates to trust are those that were kept as evidence when it was signed.
    """
    contract = Contract.objects.visible_to(actor).get(id=contract_id)
    content = files.path_of(contract.sha256).read_bytes()
    unchanged = hashlib.sha256(content).hexdigest() == contract.sha256
    if contract.kind == ContractKind.PAPER or not contract.evidence:
        return ContractVerdict(unchanged=unchanged, findings=())
    roots = {root for entry in contract.evidence for root in entry["roots"]}
    signed = {entry["field"] for entry in contract.evidence}
    found = signers.examine(content, roots=[root.encode() for root in sorted(roots)])
    return ContractVerdict(
        unchanged=unchanged,
        findings=tuple(
            SignatureFinding(field=f.field, signer=f.signer, valid=f.valid, words=f.words)
            for f in found
            if f.field in signed
        ),
    )


@question
def consent_text(*, actor: Actor) -> str:
    """The words a customer consents to when it signs electronically; Chinese, as the contract."""
    return text_of().consent
