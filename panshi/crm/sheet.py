"""The customer sheet that operators fill in, and that the register writes."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from django.utils.translation import gettext_lazy as lazy

from panshi.crm import rules
from panshi.kit.personal import mask_id, mask_phone
from panshi.kit.sheets import Column, Sheet, choice, code, day, money, text, words_of

KIND: Final = "CUSTOMERS"
_KINDS: Final = {"个人": "PERSON", "企业": "COMPANY"}
_KIND_WORDS: Final = _KINDS | {"公司": "COMPANY", "单位": "COMPANY", "自然人": "PERSON"}
_SETTLEMENTS: Final = {"预付": "PREPAID", "月结": "MONTHLY", "季结": "QUARTERLY"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerSheetRow:
    """One row of the sheet."""

    kind: str
    name: str
    id_no: str
    phone: str
    contact: str = ""
    licence_expires_on: date | None = None
    tax_title: str = ""
    tax_no: str = ""
    settlement: str = ""
    credit_limit: Decimal | None = None
    city: str = ""
    note: str = ""


_code = code(longest=40)


def _folded(raw: Any) -> str:
    return rules.fold(_code(raw))


_KIND_OF: Final = words_of(_KINDS)
_SETTLEMENT_OF: Final = words_of(_SETTLEMENTS)

SHEET: Final = Sheet(
    name="客户",
    columns=(
        Column(
            key="kind",
            header="客户类型",
            aliases=("类型",),
            required=True,
            read=choice(_KIND_WORDS),
            options=tuple(_KINDS),
            shown=_KIND_OF.get,
            example="企业",
        ),
        Column(
            key="name",
            header="客户名称",
            aliases=("姓名", "名称", "公司名称"),
            required=True,
            read=text(longest=80),
            example="杭州顺达城配物流有限公司",
        ),
        Column(
            key="id_no",
            header="证件号码/统一社会信用代码",
            aliases=("证件号码", "身份证号", "统一社会信用代码", "客户证件号"),
            required=True,
            read=_folded,
            help=lazy("18 characters; format the column as text, or Excel loses digits."),
            example="91330106MA0000001X",
            mask=mask_id,
        ),
        Column(key="contact", header="联系人", read=text(longest=40)),
        Column(
            key="phone",
            header="手机号",
            aliases=("手机", "电话", "联系电话"),
            required=True,
            read=_folded,
            help=lazy("A mobile number; for a company a landline with its area code will do."),
            example="13805710001",
            mask=mask_phone,
        ),
        Column(key="licence_expires_on", header="驾驶证到期", read=day),
        Column(key="tax_title", header="开票抬头", read=text(longest=100)),
        Column(key="tax_no", header="税号", read=code(longest=20)),
        Column(
            key="settlement",
            header="结算方式",
            read=choice(_SETTLEMENTS),
            options=tuple(_SETTLEMENTS),
            shown=_SETTLEMENT_OF.get,
        ),
        Column(key="credit_limit", header="授信额度(元)", aliases=("授信额度",), read=money),
        Column(key="city", header="所在城市", aliases=("城市",), read=text(longest=40)),
        Column(key="note", header="备注", read=text(longest=400)),
    ),
)
