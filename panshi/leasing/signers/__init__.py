"""Who signs papers electronically: the local demonstration, or a licensed provider's adapter.

PANSHI_SIGNER names a provider's adapter as `package.module:factory`; the factory answers a
`port.Signer`. No such adapter ships with Panshi, so nothing here offers a signature by a licensed
authority unless the operator installs one.
"""

import os
from collections.abc import Sequence
from importlib import import_module
from typing import Final

from panshi.leasing.signers.local import LocalSigner
from panshi.leasing.signers.port import (
    FIELDS,
    LESSEE,
    LESSOR,
    Finding,
    Signatory,
    Signed,
    Signer,
    SignerUnavailable,
)

__all__ = [
    "FIELDS",
    "LESSEE",
    "LESSOR",
    "Finding",
    "Signatory",
    "Signed",
    "Signer",
    "SignerUnavailable",
    "chosen",
    "examine",
    "prepare",
]
SETTING: Final = "PANSHI_SIGNER"


def chosen() -> Signer:
    """The signer of this installation. Raises ValueError when PANSHI_SIGNER names none."""
    name = os.environ.get(SETTING, "")
    if not name:
        return LocalSigner()
    module, colon, factory = name.partition(":")
    if not colon:
        raise ValueError(f"{SETTING} is written package.module:factory, not {name!r}")
    made: Signer = getattr(import_module(module), factory)()
    return made


# pyHanko takes a second to load: only who signs or examines waits for it.


def prepare(content: bytes) -> bytes:
    """Put the two empty signature fields upon the last page of a paper."""
    from panshi.leasing.signers import pades

    return pades.prepare(content)


def examine(content: bytes, *, roots: Sequence[bytes]) -> tuple[Finding, ...]:
    """Look at both fields, the lessee's first; `roots` (PEM) are the certificates to trust.

    Whatever goes wrong meanwhile makes them invalid.
    """
    from panshi.leasing.signers import pades

    return pades.examine(content, roots=roots)
