"""The sheet of staff by which an operator's people move in, and that the register writes."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from panshi.kit.personal import mask_phone
from panshi.kit.sheets import Column, Sheet, Wrong, choice, code, day, text, words_of

KIND: Final = "STAFF"
# Administrators are not made by a sheet.
_POSTS: Final = {
    "经营决策": "DECISION_MAKER",
    "财务": "FINANCE",
    "销售": "SALES",
    "运营": "OPERATIONS",
    "调度": "DISPATCHER",
    "服务工程师": "ENGINEER",
    "仓库": "WAREHOUSE",
    "场站交付": "YARD",
    "培训": "TRAINER",
    "审计": "AUDITOR",
}
_POST_WORDS: Final = _POSTS | {
    "负责人": "DECISION_MAKER", "总经理": "DECISION_MAKER", "店长": "DECISION_MAKER",
    "会计": "FINANCE", "出纳": "FINANCE", "财务专员": "FINANCE",
    "客户经理": "SALES", "销售专员": "SALES", "运营专员": "OPERATIONS", "运营经理": "OPERATIONS",
    "调度员": "DISPATCHER", "工程师": "ENGINEER", "维修工程师": "ENGINEER",
    "维修技师": "ENGINEER", "技师": "ENGINEER", "仓管": "WAREHOUSE", "库管": "WAREHOUSE",
    "仓库管理员": "WAREHOUSE", "交车员": "YARD", "场站": "YARD", "场地": "YARD",
    "培训师": "TRAINER", "讲师": "TRAINER", "稽核": "AUDITOR", "内审": "AUDITOR",
}  # fmt: skip
# What certificates are called, and their codes; another one keeps its own words.
_PAPERS: Final = {
    "低压电工证": "HV_ELECTRICIAN",
    "电工证": "HV_ELECTRICIAN",
    "高压电工证": "HV_ELECTRICIAN",
    "高压作业证": "HV_ELECTRICIAN",
    "特种作业操作证(电工)": "HV_ELECTRICIAN",
}
_PAPER_OF: Final = {"HV_ELECTRICIAN": "低压电工证"}
_PHONE: Final = re.compile(r"1\d{10}")


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffSheetRow:
    """One member of staff, known by telephone; with one certificate, if there is any."""

    name: str
    phone: str
    post: str
    node: str
    joined_on: date | None = None
    certificate: str = ""
    valid_until: date | None = None


POSTS: Final = frozenset(_POSTS.values())
_code = code(longest=20)
_paper = text(longest=40)


def is_phone(words: str) -> bool:
    """Whether somebody signs in by a telephone number."""
    return _PHONE.fullmatch(words) is not None


def _telephone(raw: Any) -> str:
    phone = re.sub(r"[\s-]", "", _code(raw)).removeprefix("+86")
    if not is_phone(phone):
        raise Wrong(_("A telephone number has 11 digits and begins with 1."))
    return phone


def _certificate(raw: Any) -> str:
    words: str = _paper(raw)
    return _PAPERS.get(words.replace("（", "(").replace("）", ")"), words)


SHEET: Final = Sheet(
    name="员工",
    columns=(
        Column(
            key="name",
            header="姓名",
            aliases=("员工姓名", "名字"),
            required=True,
            read=text(longest=60),
            example="王芳",
        ),
        Column(
            key="phone",
            header="手机号",
            aliases=("手机", "手机号码", "联系电话", "电话"),
            required=True,
            read=_telephone,
            mask=mask_phone,
            help=lazy("It is the name to sign in by, once somebody gives a password."),
            example="13800000000",
        ),
        Column(
            key="post",
            header="岗位",
            aliases=("职务", "职位", "角色"),
            required=True,
            read=choice(_POST_WORDS),
            options=tuple(_POSTS),
            shown=words_of(_POSTS).get,
            help=lazy("What somebody may do follows from it."),
            example="服务工程师",
        ),
        Column(
            key="node",
            header="所属机构",
            aliases=("机构", "所属公司", "部门", "运营商"),
            required=True,
            read=text(longest=120),
            help=lazy("The name of your organisation or of one below it."),
            example="杭州运营中心",
        ),
        Column(
            key="joined_on",
            header="入职日期",
            aliases=("入职时间", "入职日"),
            read=day,
            example="2025-03-01",
        ),
        Column(
            key="certificate",
            header="证书",
            aliases=("证书名称", "资格证书", "持证"),
            read=_certificate,
            shown=lambda kind: _PAPER_OF.get(kind, kind),
            example="低压电工证",
        ),
        Column(
            key="valid_until",
            header="证书到期",
            aliases=("证书到期日", "证书有效期", "有效期至"),
            read=day,
            help=lazy("Needed with a certificate."),
            example="2028-03-01",
        ),
    ),
)
