"""Contracts brought to their signatures: what both sides do, one after the other."""

from dataclasses import replace
from uuid import UUID

from panshi.kit import proofs
from panshi.kit.tenancy import Actor
from panshi.leasing import queries, services
from panshi.leasing.models import Lease
from panshi.leasing.tests.make import NOON, clerk
from panshi.org.tests import make as org_make

SOMEBODY = UUID(int=77)


def customer_of(lease: Lease) -> Actor:
    """The customer of a lease, signed in."""
    staff = org_make.actor(lease.org, "leasing.sign_contract", "leasing.open_contract")
    return replace(staff, id=SOMEBODY, customer_id=lease.customer_id)


def offered(lease: Lease) -> UUID:
    return services.make_contract(lease_id=lease.id, actor=clerk(lease.org), at=NOON).contract_id


def opened(lease: Lease) -> UUID:
    contract_id = offered(lease)
    services.open_contract(contract_id=contract_id, actor=customer_of(lease), at=NOON)
    return contract_id


def signed_by_customer(lease: Lease) -> UUID:
    contract_id = opened(lease)
    services.sign_contract(
        contract_id=contract_id,
        consents=True,
        proof=proof(contract_id),
        actor=customer_of(lease),
        at=NOON,
    )
    return contract_id


def signed_by_both(lease: Lease) -> UUID:
    contract_id = signed_by_customer(lease)
    services.countersign_contract(contract_id=contract_id, actor=clerk(lease.org), at=NOON)
    return contract_id


def proof(subject: UUID, *, how: str = proofs.PASSWORD) -> str:
    return proofs.give(user_id=SOMEBODY, subject=subject, how=how)


def content(lease: Lease, contract_id: UUID) -> bytes:
    return queries.contract_paper(contract_id=contract_id, actor=clerk(lease.org)).content
