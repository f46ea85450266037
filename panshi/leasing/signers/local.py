"""The signer of a demonstration: an authority of this installation's own, known to nobody else.

Each signature gets a key and a certificate of its own, and the key is forgotten at once. That
proves that a document is unchanged since, not who signed it: so every stamp says 演示签章.
"""

import os
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.conf import settings

from panshi.kit import typeset
from panshi.kit.clock import SHANGHAI
from panshi.leasing.signers.port import Signatory, Signed

_STAMP: Final = Path(__file__).parents[1] / "stamp.typ"
_YEARS: Final = timedelta(days=3653)
_BEFORE: Final = timedelta(days=1)
_SIDES: Final = {"LESSOR": "甲方（出租人）", "LESSEE": "乙方（承租人）"}
_EPOCH: Final = datetime(2020, 1, 1, tzinfo=UTC)


class LocalSigner:
    """Signs with a certificate of the installation's own demonstration authority."""

    code = "LOCAL"
    reliable = False

    def sign(self, *, content: bytes, by: Signatory, at: datetime) -> Signed:
        # pyHanko takes a second to load: only who signs waits for it.
        from panshi.leasing.signers import pades

        authority, authority_key = _authority()
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = (
            x509.CertificateBuilder()
            .subject_name(
                _named(by.name[:64], (NameOID.USER_ID, by.subject), (NameOID.TITLE, by.field))
            )
            .issuer_name(authority.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(at - _BEFORE)
            .not_valid_after(at + _YEARS)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs_papers=True), critical=True)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()),
                critical=False,
            )
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
            )
            .sign(authority_key, hashes.SHA256())
        )
        serial = f"{certificate.serial_number:X}"
        stamp = typeset.pdf(
            _STAMP,
            {
                "mark": "演示签章",
                "lines": [
                    f"{_SIDES[by.field]}：{by.name}",
                    f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}",
                    f"证书 {serial[:20]}",
                    "仅证明文件未被改动，不是可靠的电子签名",
                ],
            },
        )
        signed = pades.sign(
            content=content,
            field=by.field,
            stamp=stamp,
            certificate=certificate,
            key=key,
            chain=(authority,),
            at=at,
        )
        return Signed(
            content=signed,
            certificate_serial=serial,
            certificate_sha256=certificate.fingerprint(hashes.SHA256()).hex(),
        )

    def roots(self) -> tuple[bytes, ...]:
        authority, _key = _authority()
        return (authority.public_bytes(serialization.Encoding.PEM),)


def _named(common_name: str, *more: tuple[x509.ObjectIdentifier, str]) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
            *(x509.NameAttribute(oid, value) for oid, value in more),
        ]
    )


def _usage(*, signs_papers: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=signs_papers,
        content_commitment=signs_papers,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=not signs_papers,
        crl_sign=not signs_papers,
        encipher_only=False,
        decipher_only=False,
    )


def _authority() -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """The authority of this installation, made at first use beside the other keys."""
    file = settings.HOME.keys / "signing-authority.pem"
    if not file.exists():
        _found_authority(file)
    content = file.read_bytes()
    key = serialization.load_pem_private_key(content, password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError(f"{file} holds a key of another kind")
    return x509.load_pem_x509_certificate(content), key


def _found_authority(file: Path) -> None:
    """Write key and certificate whole; of two processes that found at once, the first wins."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = _named(f"Panshi demonstration authority {settings.HOME.mark}")
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_EPOCH)
        .not_valid_after(_EPOCH + 4 * _YEARS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_papers=False), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor, draft = tempfile.mkstemp(dir=file.parent)
    with os.fdopen(descriptor, "wb") as opened:
        opened.write(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        opened.write(certificate.public_bytes(serialization.Encoding.PEM))
    try:
        os.link(draft, file)
    except FileExistsError:
        return
    finally:
        Path(draft).unlink()
