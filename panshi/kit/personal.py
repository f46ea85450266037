"""Personal data: AES-256-GCM at rest, an HMAC index to find it by, a mask to show it by."""

import hashlib
import hmac
import os
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.db import models

_NONCE = 12


def _key(name: str) -> bytes:
    secret: bytes = settings.HOME.secret(name)
    return hashlib.sha256(secret).digest()


def seal(text: str) -> bytes:
    """Encrypt a text; the answer is nonce, cipher text and tag."""
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(_key("data")).encrypt(nonce, text.encode(), None)


def seal_all(texts: Iterable[str]) -> Iterator[bytes]:
    """Encrypt many texts as `seal` does one, reading the key once."""
    cipher = AESGCM(_key("data"))
    for text in texts:
        nonce = os.urandom(_NONCE)
        yield nonce + cipher.encrypt(nonce, text.encode(), None)


def unseal(sealed: bytes) -> str:
    """Decrypt; raises cryptography.exceptions.InvalidTag when the bytes were changed."""
    return AESGCM(_key("data")).decrypt(sealed[:_NONCE], sealed[_NONCE:], None).decode()


def blind_index(text: str, *, purpose: str) -> str:
    """Return 64 hex digits by which an equal text is found again, without telling the text."""
    normal = "".join(text.split()).upper()
    return hmac.new(_key("blind"), f"{purpose}\0{normal}".encode(), hashlib.sha256).hexdigest()


if TYPE_CHECKING:
    _TextInBytes = models.Field[str, str]
else:
    _TextInBytes = models.BinaryField


class SealedField(_TextInBytes):
    """A text that the database holds only encrypted."""

    description = "Encrypted text"

    def from_db_value(self, value: bytes | memoryview | None, *_: Any) -> str | None:
        if value is None:
            return None
        # A column that was never filled holds no bytes, which is no text.
        return unseal(bytes(value)) if len(value) else ""

    def get_prep_value(self, value: Any) -> Any:
        return seal(value) if isinstance(value, str) else value

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        return super().get_db_prep_value(self.get_prep_value(value), connection, prepared=True)

    def to_python(self, value: Any) -> Any:
        return value

    def value_to_string(self, obj: models.Model) -> str:
        return str(self.value_from_object(obj))


def mask_phone(phone: str) -> str:
    """138****5678; a short number shows its last two digits."""
    return f"{phone[:3]}****{phone[-4:]}" if len(phone) >= 8 else f"****{phone[-2:]}"


def mask_address(address: str) -> str:
    """w***@example.com, 138****5678: an e-mail address, or what stands for one elsewhere."""
    name, at, domain = address.partition("@")
    return f"{name[:1]}***@{domain}"[:60] if at else mask_phone(address)


def mask_id(number: str) -> str:
    return (
        f"{number[:4]}{'*' * max(len(number) - 8, 4)}{number[-4:]}" if len(number) > 8 else "****"
    )


def mask_name(name: str) -> str:
    return name[:1] + "*" * max(len(name) - 1, 1) if name else ""
