"""Proof that a person has just confirmed who they are, for one act on one subject.

A door checks the password or the code of an authenticator and hands the proof to the verb, which
believes nobody's word for it. A proof holds five minutes.
"""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from django.core import signing
from django.utils.translation import gettext as _

from panshi.kit.refusals import Refusal

PASSWORD: Final = "PASSWORD"
AUTHENTICATOR: Final = "AUTHENTICATOR"
SESSION: Final = "proofs"
_SECONDS: Final = 300
_SALT: Final = "panshi.kit.proofs"


class ProofMissing(Refusal):
    """The person did not confirm who they are, or too long ago, or for something else."""


def give(*, user_id: UUID, subject: UUID, how: str) -> str:
    """The proof that a door gives after it has checked PASSWORD or AUTHENTICATOR."""
    return signing.dumps([str(user_id), str(subject), how], salt=_SALT)


def read(proof: str, *, user_id: UUID, subject: UUID) -> str:
    """How the person confirmed who they are. Raises ProofMissing."""
    try:
        whose, what, how = signing.loads(proof, salt=_SALT, max_age=_SECONDS)
    except (signing.BadSignature, ValueError) as error:
        raise ProofMissing(_("Confirm who you are once more.")) from error
    if (whose, what) != (str(user_id), str(subject)):
        raise ProofMissing(_("Confirm who you are once more."))
    return str(how)


def of_session(session: Mapping[str, Any], *, user_id: UUID, subject: UUID) -> str:
    """The proof that waits in a session for this act, or "" when there is none that holds."""
    proof = str(session.get(SESSION, {}).get(str(subject), ""))
    try:
        read(proof, user_id=user_id, subject=subject)
    except ProofMissing:
        return ""
    return proof
