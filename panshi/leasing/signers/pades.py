"""PAdES by pyHanko: signature fields on a paper, signatures in them, and whether they hold."""

import asyncio
import io
import tempfile
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, Final, TypeVar

from asn1crypto import keys as asn1_keys
from asn1crypto import pem
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pyhanko.pdf_utils.content import ImportedPdfPage
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.ades.api import CAdESSignedAttrSpec
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter, append_signature_field
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner
from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes, SimpleSigner
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko.stamp import StaticStampStyle
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

from panshi.leasing.signers.port import FIELDS, LESSEE, LESSOR, Finding

_MM: Final = 72 / 25.4
_A4_HIGH: Final = 297.0
# Where contract.typ draws the boxes, in mm from the left and the top of its last page.
_BOXES: Final = {LESSOR: (22.0, 82.0), LESSEE: (110.0, 82.0)}
_BOX: Final = (78.0, 42.0)
_RESERVED: Final = 16_384
T = TypeVar("T")


def _awaited(make: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine to its end, be it called from within a running loop or not."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        return pool.submit(lambda: asyncio.run(make())).result()


def prepare(content: bytes) -> bytes:
    """Put the two empty signature fields upon the last page of a paper."""
    paper = io.BytesIO(content)
    writer = IncrementalPdfFileWriter(paper)
    for name in FIELDS:
        append_signature_field(
            writer,
            SigFieldSpec(name, on_page=-1, box=_box(name)),
        )
    writer.write_in_place()
    return paper.getvalue()


def _box(name: str) -> tuple[int, int, int, int]:
    """The corners of a box in points, from the left and the bottom of the page."""
    (left, top), (wide, high) = _BOXES[name], _BOX
    low, up = _A4_HIGH - top - high, _A4_HIGH - top
    return round(left * _MM), round(low * _MM), round((left + wide) * _MM), round(up * _MM)


def sign(
    *,
    content: bytes,
    field: str,
    stamp: bytes,
    certificate: x509.Certificate,
    key: ec.EllipticCurvePrivateKey,
    chain: Sequence[x509.Certificate],
    at: datetime,
) -> bytes:
    """Sign one field as an incremental update; what stood before stays byte by byte."""
    signer = SimpleSigner(
        signing_cert=_certificate(certificate),
        signing_key=asn1_keys.PrivateKeyInfo.load(
            key.private_bytes(
                serialization.Encoding.DER,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        ),
        cert_registry=SimpleCertificateStore.from_certs(map(_certificate, chain)),
    )
    paper = io.BytesIO(content)
    with tempfile.NamedTemporaryFile(suffix=".pdf") as seen:
        seen.write(stamp)
        seen.flush()
        session = PdfSigner(
            PdfSignatureMetadata(
                field_name=field,
                md_algorithm="sha256",
                subfilter=SigSeedSubFilter.PADES,
                cades_signed_attr_spec=CAdESSignedAttrSpec(),
            ),
            signer=signer,
            stamp_style=StaticStampStyle(background=ImportedPdfPage(seen.name), border_width=0),
        ).init_signing_session(IncrementalPdfFileWriter(paper), existing_fields_only=True)
        session.system_time = at
        waiting = session.prepare_tbs_document(
            validation_info=None, bytes_reserved=_RESERVED, appearance_text_params={}
        )
        digest, _written = waiting.digest_tbs_document(in_place=True)
    _awaited(
        lambda: waiting.perform_signature(
            document_digest=digest.document_digest,
            pdf_cms_signed_attrs=PdfCMSSignedAttributes(
                signing_time=at, cades_signed_attrs=CAdESSignedAttrSpec()
            ),
        )
    )
    return paper.getvalue()


def _certificate(certificate: x509.Certificate) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(certificate.public_bytes(serialization.Encoding.DER))


def examine(content: bytes, *, roots: Sequence[bytes]) -> tuple[Finding, ...]:
    """Look at both fields, the lessee's first. Whatever goes wrong meanwhile makes them invalid."""
    try:
        return _awaited(lambda: _examined(content, roots))
    except Exception as error:  # A paper that cannot be read has no signature that holds.
        words = f"{type(error).__name__}: {error}"
        return tuple(
            Finding(field=name, signer="", signed_at=None, valid=False, words=words)
            for name in FIELDS
        )


async def _examined(content: bytes, roots: Sequence[bytes]) -> tuple[Finding, ...]:
    reader = PdfFileReader(io.BytesIO(content), strict=True)
    found = {signature.field_name: signature for signature in reader.embedded_signatures}
    if len(found) != len(reader.embedded_signatures) or set(found) - set(FIELDS):
        raise ValueError("a signature that does not belong to this paper")
    return tuple([await _looked_at(name, found.get(name), roots, len(found)) for name in FIELDS])


async def _looked_at(name: str, signature: Any, roots: Sequence[bytes], count: int) -> Finding:
    if signature is None:
        return Finding(field=name, signer="", signed_at=None, valid=False, words="not signed")
    signed_at = signature.self_reported_timestamp
    status = await async_validate_pdf_signature(
        signature,
        signer_validation_context=ValidationContext(
            trust_roots=[asn1_x509.Certificate.load(pem.unarmor(root)[2]) for root in roots],
            allow_fetching=False,
            moment=signed_at,
        ),
    )
    last = FIELDS.index(name) == count - 1
    faults = [
        words
        for words, wrong in (
            ("the signed bytes were changed", not status.intact),
            ("the signature does not fit its certificate", not status.valid),
            ("the certificate is not trusted here", not status.trusted),
            ("something stands behind the last signature",
             last and status.coverage != SignatureCoverageLevel.ENTIRE_FILE),
            ("the signature covers only a part",
             status.coverage < SignatureCoverageLevel.ENTIRE_REVISION),
            ("the paper was changed after this signature",
             (status.modification_level or ModificationLevel.OTHER)
             > ModificationLevel.FORM_FILLING),
            ("bytes are hidden behind the signature", _hides_bytes(signature.pkcs7_content)),
        )
        if wrong
    ]  # fmt: skip
    if not faults and not status.bottom_line:
        faults.append("the validator does not accept it")
    certificate = signature.signer_cert
    return Finding(
        field=name,
        signer=certificate.subject.native.get("common_name", "") if certificate else "",
        signed_at=signed_at,
        valid=not faults,
        words="; ".join(faults),
    )


def _hides_bytes(container: bytes) -> bool:
    """Whether anything but zeros fills the room that the signature left of what was reserved."""
    long_form = container[1] & 0x7F if container[1] & 0x80 else 0
    size = int.from_bytes(container[2 : 2 + long_form]) if long_form else container[1]
    return any(container[2 + long_form + size :])
