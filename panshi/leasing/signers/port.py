"""What whoever signs papers electronically must be able to do."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from panshi.kit.refusals import Refusal

LESSOR = "LESSOR"
LESSEE = "LESSEE"
FIELDS = (LESSEE, LESSOR)  # In this order they sign.


class SignerUnavailable(Refusal):
    """The signer that this installation was set up with cannot be reached or is half set up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signatory:
    """Who signs: `field` is LESSOR or LESSEE, `subject` names the account behind the name."""

    field: str
    name: str
    subject: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A document with one more signature, and the certificate that it was made with."""

    content: bytes
    certificate_serial: str
    certificate_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What was found of one signature field; `words` name what failed, in English."""

    field: str
    signer: str
    signed_at: datetime | None
    valid: bool
    words: str


class Signer(Protocol):
    """Adds a signature of a signatory to a PDF whose signature fields stand ready.

    `reliable` says whether a licensed authority vouches for the person; without one a signature
    shows that the document is unchanged, and no more.
    """

    code: str
    reliable: bool

    def sign(self, *, content: bytes, by: Signatory, at: datetime) -> Signed:
        """Append the signature as an incremental update. Raises SignerUnavailable."""

    def roots(self) -> tuple[bytes, ...]:
        """The certificates (PEM) in which the signatures of this signer end."""
