"""A provider's adapter as an operator would install it: the local signer under another name."""

from panshi.leasing.signers.local import LocalSigner


class Provider(LocalSigner):
    code = "PROVIDER"
    reliable = True
