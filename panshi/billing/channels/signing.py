"""RSA signatures and the sealed part of notices, as WeChat Pay and Alipay define them."""

import base64
import binascii
from pathlib import Path

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key


def private_key(path: Path) -> RSAPrivateKey:
    """Read a PEM file. Raises OSError, or ValueError when it is no RSA private key."""
    key = load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, RSAPrivateKey):
        raise ValueError(f"{path} holds no RSA private key")
    return key


def public_key(path: Path) -> RSAPublicKey:
    """Read a PEM file. Raises OSError, or ValueError when it is no RSA public key."""
    key = load_pem_public_key(path.read_bytes())
    if not isinstance(key, RSAPublicKey):
        raise ValueError(f"{path} holds no RSA public key")
    return key


def sign(key: RSAPrivateKey, text: bytes) -> str:
    return base64.b64encode(key.sign(text, PKCS1v15(), SHA256())).decode()


def is_signed(key: RSAPublicKey, text: bytes, signature: str) -> bool:
    try:
        key.verify(base64.b64decode(signature, validate=True), text, PKCS1v15(), SHA256())
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def unseal(key: bytes, *, nonce: str, sealed: str, about: str) -> bytes:
    """Open the AES-256-GCM part of a notice. Raises ValueError when it was not sealed for us."""
    try:
        return AESGCM(key).decrypt(nonce.encode(), base64.b64decode(sealed), about.encode())
    except (InvalidTag, binascii.Error) as error:
        raise ValueError("the sealed part does not open") from error
