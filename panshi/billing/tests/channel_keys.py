"""Keys of our own and the other side of a channel's wire, for tests of its adapter."""

import json
from collections.abc import Callable
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

from panshi.billing.channels.http import Call, Reply


@cache
def key(name: str) -> RSAPrivateKey:
    """A fresh key for each name of this run: MERCHANT signs for us, CHANNEL for the channel."""
    return generate_private_key(public_exponent=65537, key_size=2048)


class Wire:
    """Takes the adapter's calls, keeps them, and answers each by the next of `replies`."""

    def __init__(self, *replies: Callable[[Call], Reply]) -> None:
        self.calls: list[Call] = []
        self._replies = list(replies)

    def __call__(self, call: Call) -> Reply:
        self.calls.append(call)
        return self._replies.pop(0)(call)

    @property
    def told(self) -> dict[str, Any]:
        """The JSON of the last call."""
        found: dict[str, Any] = json.loads(self.calls[-1].body)
        return found
