"""The contract … says what the lease says, in Chinese letters of our own on any machine."""

import io
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse
from pypdf import PdfReader

from panshi.crm.models import Customer
from panshi.kit.money import in_capitals, yuan
from panshi.leasing import contract, queries
from panshi.leasing.models import Lease, ReturnTerms
from panshi.leasing.tests import make
from panshi.org.tests import make as org_make
from panshi.org.tests.window import window


def _read(lease: Lease) -> PdfReader:
    made = queries.contract_draft(lease_id=lease.id, actor=make.clerk(lease.org))
    return PdfReader(io.BytesIO(made.content))


def _text(reader: PdfReader) -> str:
    """Without breaks, which fall where the paper ends."""
    return "".join("".join(page.extract_text().split()) for page in reader.pages)


def test_names_the_parties_the_terms_and_every_charge() -> None:
    lease = make.drafted()
    by = make.clerk(lease.org)
    text = _text(_read(lease))
    card = queries.lease_card(lease_id=lease.id, actor=by).row
    quote = queries.quote(
        product_code="RENT_MONTHLY", monthly_rent=lease.monthly_rent, deposit=lease.deposit,
        starts_on=lease.starts_on, months=12, actor=by,
    )  # fmt: skip
    assert card.customer_name.replace(" ", "") in text
    assert card.plate.replace(" ", "") in text
    assert lease.number in text
    assert str(lease.ends_on - timedelta(days=1)) in text
    assert yuan(lease.monthly_rent).lstrip("¥ ") in text
    assert in_capitals(quote.total) in text
    assert text.count("第十二条") == 1
    assert "万分之5" in text
    for charge in quote.charges:
        assert f"{charge.amount:,.2f}" in text
    assert Customer.objects.get(id=lease.customer_id).phone not in text


def test_names_the_fee_for_an_early_end_by_the_terms_that_its_return_is_reckoned_by() -> None:
    lease = make.drafted()
    assert "另按剩余租金的20%支付补偿" in _text(_read(lease))
    ReturnTerms.objects.create(
        starts_on=lease.starts_on, early_share=Decimal("0.15"), early_months=1
    )
    assert "另按剩余租金的15%支付补偿" in _text(_read(lease))


def test_letters_are_embedded_whatever_fonts_the_machine_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FONTCONFIG_FILE", "/nonexistent")
    resources = [page["/Resources"] for page in _read(make.drafted()).pages]
    fonts = [
        font for some in resources for font in _dictionary(_dictionary(some)["/Font"]).values()
    ]
    assert fonts
    for font in fonts:
        (inner,) = _dictionary(font)["/DescendantFonts"]
        descriptor = _dictionary(_dictionary(inner)["/FontDescriptor"])
        assert "NotoSansSC" in descriptor["/FontName"]
        assert {"/FontFile2", "/FontFile3"} & set(descriptor)


def _dictionary(found: Any) -> Any:
    return found.get_object()


def test_the_same_lease_gives_the_same_paper() -> None:
    lease = make.drafted()
    by = make.clerk(lease.org)
    papers = {queries.contract_draft(lease_id=lease.id, actor=by).content for _ in range(2)}
    assert len(papers) == 1


def test_opens_from_the_lease_and_not_for_a_stranger() -> None:
    lease = make.drafted()
    url = reverse("leasing-contract", args=[lease.id])
    answer = window(lease.org, "SALES").get(url)
    assert answer["Content-Type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF-")
    assert window(org_make.operator(), "ADMINISTRATOR").get(url).status_code == 404


def test_a_text_without_a_required_clause_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contract, "REQUIRED", contract.REQUIRED | {"OATH"})
    with pytest.raises(contract.ClauseMissing, match="OATH"):
        contract.text_of()


@pytest.mark.plain
@pytest.mark.parametrize(
    ("number", "words"), [(1, "一"), (10, "十"), (11, "十一"), (20, "二十"), (99, "九十九")]
)
def test_clauses_are_counted_in_chinese(number: int, words: str) -> None:
    assert contract.numeral(number) == words


@pytest.mark.plain
@pytest.mark.parametrize("number", [0, 100, -1])
def test_numbers_out_of_range_are_refused(number: int) -> None:
    with pytest.raises(ValueError, match=str(number)):
        contract.numeral(number)
