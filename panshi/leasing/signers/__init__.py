"""Who signs papers electronically: the local demonstration, or a licensed provider's adapter.

PANSHI_SIGNER names a provider's adapter as `package.module:factory`; the factory answers a
`port.Signer`. No such adapter ships with Panshi, so nothing here offers a signature by a licensed
authority unless the operator installs one.
"""

import os
from importlib import import_module
from typing import Final

from panshi.leasing.signers.local import LocalSigner
from panshi.leasing.signers.port import (
    FIELDS,
    LESSEE,
    LESSOR,
    Signatory,
    Signed,
    Signer,
    SignerUnavailable,
)

__all__ = [
    "FIELDS",
    "LESSEE",
    "LESSOR",
    "Signatory",
    "Signed",
    "Signer",
    "SignerUnavailable",
    "chosen",
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
