"""Alipay … signs what it asks, believes only what is signed over its very text."""

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from panshi.billing.channels import alipay, port, signing
from panshi.billing.channels.alipay import Alipay
from panshi.billing.channels.http import Call, Reply
from panshi.billing.tests.channel_keys import Wire, key

pytestmark = pytest.mark.plain
AT = datetime(2027, 6, 21, 4, tzinfo=UTC)


def says(method: str, answer: Mapping[str, Any], *, by: str = "CHANNEL") -> Callable[[Call], Reply]:
    inner = json.dumps(answer, ensure_ascii=False)
    signature = signing.sign(key(by), inner.encode())
    body = f'{{"{method.replace(".", "_")}_response":{inner},"sign":"{signature}"}}'
    return lambda _call: Reply(200, {}, body.encode())


def channel(*replies: Callable[[Call], Reply]) -> tuple[Alipay, Wire]:
    wire = Wire(*replies)
    made = Alipay(
        merchant="2088000000000001",
        app="2021000000000001",
        key=key("MERCHANT"),
        public_key=key("CHANNEL").public_key(),
        send=wire,
    )
    return made, wire


def _is_ours(fields: Mapping[str, str]) -> bool:
    kept = {name: value for name, value in fields.items() if name != "sign"}
    text = "&".join(f"{name}={kept[name]}" for name in sorted(kept))
    return signing.is_signed(key("MERCHANT").public_key(), text.encode(), fields["sign"])


@pytest.mark.parametrize(
    ("phone", "method"), [(True, "alipay.trade.wap.pay"), (False, "alipay.trade.page.pay")]
)
def test_the_address_is_the_order_signed(phone: bool, method: str) -> None:
    opened = channel()[0].create(
        port.Order(
            merchant_no="P1", amount=Decimal("300.10"), words="租金 & 押金", at=AT,
            notify_url="https://x/n", return_url="https://x/pay", phone=phone,
        )
    )  # fmt: skip
    assert opened.kind == "PAGE"
    fields = dict(parse_qsl(urlsplit(opened.target).query))
    assert (fields["method"], fields["timestamp"]) == (method, "2027-06-21 12:00:00")
    assert json.loads(fields["biz_content"])["total_amount"] == "300.10"
    assert _is_ours(fields)


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        ({"code": "10000", "trade_status": "TRADE_SUCCESS", "total_amount": "300.10"}, "PAID"),
        ({"code": "10000", "trade_status": "TRADE_FINISHED", "total_amount": "300.10"}, "PAID"),
        ({"code": "10000", "trade_status": "WAIT_BUYER_PAY", "total_amount": "300.10"}, "OPEN"),
        ({"code": "10000", "trade_status": "TRADE_CLOSED"}, "CLOSED"),
        ({"code": "10000", "trade_status": "TRADE_CLOSED", "send_pay_date": "2027-06-21 12:00:00"},
         "PAID"),
        ({"code": "40004", "sub_code": "ACQ.TRADE_NOT_EXIST"}, "UNKNOWN"),
    ],
)  # fmt: skip
def test_queries_an_order(answer: dict[str, str], state: str) -> None:
    made, wire = channel(says("alipay.trade.query", answer))
    assert made.query(merchant_no="P1", at=AT).state == state
    assert _is_ours(dict(parse_qsl(wire.calls[0].body.decode())))


def test_believes_no_answer_that_is_not_signed() -> None:
    paid = {"code": "10000", "trade_status": "TRADE_SUCCESS", "total_amount": "1.00"}
    true = says("alipay.trade.query", paid)(Call(method="", url="", headers={}))
    changed = Reply(200, {}, true.body.replace(b"1.00", b"9.00"))
    for reply in (
        says("alipay.trade.query", paid, by="MERCHANT"),
        says("alipay.trade.close", paid),
        lambda _call: changed,
        lambda _call: Reply(200, {}, b"<html>"),
        lambda _call: Reply(502, {}, true.body),
    ):
        with pytest.raises(port.ChannelSilent):
            channel(reply)[0].query(merchant_no="P1", at=AT)


def test_closes_what_is_there_and_what_is_not() -> None:
    method = "alipay.trade.close"
    gone = {"code": "40004", "sub_code": "ACQ.TRADE_NOT_EXIST"}
    paid = {"code": "40004", "sub_code": "ACQ.REASON_TRADE_STATUS_INVALID"}
    made, _wire = channel(says(method, {"code": "10000"}), says(method, gone), says(method, paid))
    made.close(merchant_no="P1", at=AT)
    made.close(merchant_no="P1", at=AT)
    with pytest.raises(port.ChannelRefused):
        made.close(merchant_no="P1", at=AT)


def test_gives_back_once_however_often_it_asks() -> None:
    ask, look = "alipay.trade.refund", "alipay.trade.fastpay.refund.query"
    order = port.RefundOrder(
        number="R1",
        merchant_no="P1",
        amount=Decimal("1.00"),
        paid=Decimal("300.10"),
        words="多付",
        at=AT,
    )
    made, wire = channel(
        says(ask, {"code": "10000", "fund_change": "Y", "trade_no": "42"}),
        says(ask, {"code": "10000", "fund_change": "N", "trade_no": "42"}),
        says(look, {"code": "10000", "refund_status": "REFUND_SUCCESS"}),
        says(ask, {"code": "10000", "fund_change": "N", "trade_no": "42"}),
        says(look, {"code": "10000"}),
        says(ask, {"code": "40004", "sub_code": "ACQ.SELLER_BALANCE_NOT_ENOUGH"}),
    )
    assert [made.refund(order).state for _ in range(4)] == ["PAID", "PAID", "OPEN", "FAILED"]
    told = dict(parse_qsl(wire.calls[0].body.decode()))
    assert json.loads(told["biz_content"])["out_request_no"] == "R1"


PAID = {
    "notify_id": "N-1",
    "notify_type": "trade_status_sync",
    "app_id": "2021000000000001",
    "seller_id": "2088000000000001",
    "out_trade_no": "P1",
    "trade_no": "42",
    "trade_status": "TRADE_SUCCESS",
    "total_amount": "300.10",
    "gmt_payment": "2027-06-21 12:00:00",
    "subject": "租金 & 押金=1",
    "passback_params": "",
}


def notice(fields: Mapping[str, str], *, by: str = "CHANNEL", **after: str) -> bytes:
    text = "&".join(f"{name}={fields[name]}" for name in sorted(fields))
    sign = signing.sign(key(by), text.encode())
    return urlencode({**fields, "sign": sign, "sign_type": "RSA2", **after}).encode()


def read(body: bytes) -> port.Notice:
    return channel()[0].parse_callback(headers={}, body=body, at=AT)


def test_reads_a_notice_of_a_payment_and_of_a_refund() -> None:
    found = read(notice(PAID))
    assert (found.fault, found.merchant_no, found.amount) == ("", "P1", Decimal("300.10"))
    assert (found.state, found.paid_at) == ("PAID", AT)
    back = read(
        notice(
            {
                **PAID,
                "refund_fee": "1.00",
                "out_biz_no": "R1",
                "gmt_refund": "2027-06-21 12:00:00.123",
            }
        )
    )
    assert (back.kind, back.refund_no, back.amount) == ("REFUND", "R1", Decimal(1))


def test_tells_a_fault() -> None:
    assert read(notice(PAID, total_amount="0.01")).fault == "FORGED"
    assert read(notice(PAID, by="MERCHANT")).fault == "FORGED"
    assert read(notice(PAID, sign_type="RSA")).fault == "FORGED"
    assert read(notice(PAID) + b"&total_amount=0.01").fault == "FORGED"
    assert read(notice({**PAID, "seller_id": "1"})).fault == "MERCHANT"
    assert read(notice({**PAID, "app_id": "1"})).fault == "APP"
    assert read(notice({**PAID, "trans_currency": "USD"})).fault == "CURRENCY"
    assert read(notice({**PAID, "total_amount": "NaN"})).fault == "FORGED"


@pytest.mark.parametrize("body", [b"", b"{}", b"a=b", b"notify_id=1", b"\xff", b"&" * 500])
def test_throws_garbage_away(body: bytes) -> None:
    with pytest.raises(port.Garbage):
        read(body)


def test_reads_the_days_file() -> None:
    words = (
        "#支付宝业务明细查询\r\n#账号：[2088000000000001]\r\n"
        "支付宝交易号,商户订单号,业务类型,完成时间,订单金额（元）,服务费（元）,退款批次号/请求号\r\n"
        "42\t,P1\t,交易,2027-06-20 10:00:00,300.10,-1.80,\r\n"
        "42\t,P1\t,退款,2027-06-20 11:00:00,-1.00,0.00,R1\r\n"
        "#业务明细列表结束\r\n"
    )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as made:
        made.writestr("20880_业务明细.csv", words.encode("gb18030"))
    where = {"code": "10000", "bill_download_url": "http://dwbillcenter.alipay.com/x.zip"}
    method = "alipay.data.dataservice.bill.downloadurl.query"
    adapter, wire = channel(says(method, where), lambda _call: Reply(200, {}, packed.getvalue()))
    lines = adapter.daily_file(day=date(2027, 6, 20), at=AT)
    assert wire.calls[1].url.startswith("https://")
    assert [(x.kind, x.number, x.amount, x.fee) for x in lines] == [
        ("PAYMENT", "P1", Decimal("300.10"), Decimal("1.80")),
        ("REFUND", "R1", Decimal("1.00"), Decimal(0)),
    ]
    with pytest.raises(port.ChannelRefused):
        alipay.read_file(b"no zip")
