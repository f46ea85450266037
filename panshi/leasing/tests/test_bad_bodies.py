"""A body that does not fit is refused by its fields, in the language that its sender reads."""

import json
from types import SimpleNamespace
from typing import Any, cast
from uuid import uuid4

import pytest
from django.db import IntegrityError
from psycopg.errors import CheckViolation, Diagnostic

from panshi.billing.tests.test_outgoing import lines
from panshi.kit import http_api
from panshi.leasing.models import Lease
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make
from panshi.org.tests.window import Window, window

TERMS = {
    "customer_id": str(uuid4()), "vehicle_id": str(uuid4()), "product_code": "RENT_MONTHLY",
    "monthly_rent": "2860", "deposit": "5720", "starts_on": "2027-03-18", "months": 12,
}  # fmt: skip
CREDIT = {"bill_id": str(uuid4()), "reason": "更正"}
SOME = str(uuid4())
REMEDIES = {
    "number": ("请发送数字，如 2980.00", "Send a number such as 2980.00"),
    "whole": ("请发送整数", "Send a whole number"),
    "id": ("请发送记录的标识", "Send the identifier of a record"),
    "day": ("请发送存在的日期", "Send a day that exists"),
    "list": ("请发送列表", "Send a list"),
    "json": ("请求体不是 JSON", "The body is no JSON"),
    "missing": ("缺少此项", "This is missing"),
    "unknown": ("没有这个字段", "There is no such field"),
}
# An endpoint, what is sent to it, the field that is named, and its remedy.
BODIES: list[tuple[str, object, str, str]] = [
    ("leasing/draft_lease", TERMS | {"monthly_rent": "3,000元"}, "monthly_rent", "number"),
    ("leasing/draft_lease", TERMS | {"deposit": "NaN"}, "deposit", "number"),
    ("leasing/draft_lease", TERMS | {"months": "1.5"}, "months", "whole"),
    ("leasing/draft_lease", TERMS | {"starts_on": "2027-02-29"}, "starts_on", "day"),
    ("leasing/activate_lease", {}, "lease_id", "missing"),
    ("leasing/activate_lease", {"lease_id": SOME, "x": 1}, "x", "unknown"),
    ("billing/credit_bill", CREDIT | {"lines": [{"line_id": SOME, "gross": "x"}]},
        "lines[0].gross", "number"),
    ("billing/credit_bill", CREDIT | {"lines": "all"}, "lines", "list"),
    ("fleet/make_ready", {"vehicle_id": "沪A"}, "vehicle_id", "id"),
    ("crm/register_customer", "{", "", "json"),
]  # fmt: skip


class _Broken(CheckViolation):
    """What the database says when a row breaks one of its rules."""

    @property
    def diag(self) -> Diagnostic:
        return cast(Diagnostic, SimpleNamespace(constraint_name="a_credit_says_why"))


@pytest.fixture
def node() -> OrgNode:
    return org_make.operator()


def desk_of(node: OrgNode) -> Window:
    """Somebody whose only word of a language is what each request accepts."""
    desk = window(node, "OPERATIONS", "FINANCE")
    del desk.cookies["django_language"]
    return desk


def send(desk: Window, name: str, body: object, language: str, **headers: Any) -> Any:
    sent = body if isinstance(body, str) else json.dumps(body)
    return desk.post(
        f"/api/v1/{name}", sent, content_type="application/json",
        HTTP_ACCEPT_LANGUAGE=language, **headers,
    )  # fmt: skip


@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize(("name", "body", "field", "remedy"), BODIES)
def test_a_body_is_refused_by_its_field_and_a_remedy(
    node: OrgNode, name: str, body: object, field: str, remedy: str, language: str
) -> None:
    answer = send(desk_of(node), name, body, language)
    assert answer.status_code == 422
    said = answer.json()
    assert (said["refused"], said["way_out"]) == ("BodyDoesNotFit", "")
    (found,) = said["fields"]
    assert found["field"] == field
    assert found["words"].startswith(REMEDIES[remedy][language == "en"])
    assert f"{field}: {found['words']}" in said["words"] or not field
    assert not Lease.objects.exists()


def test_every_field_of_a_question_is_named(node: OrgNode) -> None:
    desk = desk_of(node)
    answer = desk.get(
        "/api/v1/leasing/lease_card", {"lease_id": "x", "y": "1"}, HTTP_ACCEPT_LANGUAGE="zh"
    )
    assert answer.status_code == 422
    assert [one["field"] for one in answer.json()["fields"]] == ["lease_id", "y"]
    many = send(desk, "billing/credit_bill", CREDIT | {"lines": [{}] * 30}, "zh")
    assert len(many.json()["fields"]) == 20


@pytest.mark.parametrize(
    ("language", "words"), [("zh", "这里没有“FUN”"), ("en", "There is no “FUN”")]
)
def test_a_value_that_names_nothing_is_named(node: OrgNode, language: str, words: str) -> None:
    (line,) = lines(node, ("2027-06-21", "-1200.00", "杭州物业", "", "租金"))
    answer = send(
        desk_of(node), "billing/class_outgoing", {"line_id": str(line.id), "cost": "FUN"}, language
    )
    assert answer.status_code == 422
    (found,) = answer.json()["fields"]
    assert (found["field"], found["words"].startswith(words)) == ("cost", True)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_is_not_found_or_not_signed_in_is_told_alike(node: OrgNode, language: str) -> None:
    body = {"lease_id": str(uuid4())}
    missing = send(desk_of(node), "leasing/activate_lease", body, language)
    assert (missing.status_code, missing.json()["refused"]) == (404, "NoSuchRecord")
    key = send(desk_of(node), "leasing/activate_lease", body, language, HTTP_IDEMPOTENCY_KEY="7")
    assert (key.status_code, key.json()["refused"]) == (422, "BodyDoesNotFit")
    stranger = send(Window(), "leasing/activate_lease", body, language)
    assert (stranger.status_code, stranger.json()["refused"]) == (401, "SignInNeeded")
    for answer in (missing, key, stranger):
        chinese = any("\u4e00" <= sign <= "\u9fff" for sign in answer.json()["words"])
        assert chinese == (language == "zh")


@pytest.mark.parametrize(
    ("language", "words"),
    [("zh-CN", "规则代号：a_credit_says_why"), ("en", "the rule “a credit says why”")],
)
def test_a_rule_of_the_database_is_told_without_foreign_sentences(
    node: OrgNode, monkeypatch: pytest.MonkeyPatch, language: str, words: str
) -> None:
    def broken(**given: Any) -> None:
        raise IntegrityError from _Broken()

    monkeypatch.setattr(http_api, "once", broken)
    answer = send(desk_of(node), "leasing/activate_lease", {"lease_id": SOME}, language)
    assert answer.status_code == 422
    assert words in answer.json()["words"]
