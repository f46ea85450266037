"""WeChat Pay … signs what it asks, believes what is signed, opens what is sealed for it."""

import base64
import hashlib
import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from panshi.billing.channels import port, signing, wechat
from panshi.billing.channels.http import Call, Reply
from panshi.billing.channels.wechat import WeChat
from panshi.billing.tests.channel_keys import Wire, key

pytestmark = pytest.mark.plain
AT = datetime(2027, 6, 21, 4, tzinfo=UTC)
SEAL = b"0123456789abcdef0123456789abcdef"
STAMP = str(int(AT.timestamp()))


def signed(body: bytes, *, stamp: str = STAMP, by: str = "CHANNEL") -> dict[str, str]:
    text = f"{stamp}\nNONCE\n".encode() + body + b"\n"
    return {
        "wechatpay-timestamp": stamp,
        "wechatpay-nonce": "NONCE",
        "wechatpay-serial": "PUB_KEY_ID_1",
        "wechatpay-signature": signing.sign(key(by), text),
    }


def says(answer: Mapping[str, Any] | None, status: int = 200) -> Callable[[Call], Reply]:
    body = b"" if answer is None else json.dumps(answer).encode()
    return lambda _call: Reply(status, signed(body), body)


def channel(*replies: Callable[[Call], Reply]) -> tuple[WeChat, Wire]:
    wire = Wire(*replies)
    made = WeChat(
        merchant="1900000001",
        app="wx0000000000000001",
        serial="SERIAL1",
        key=key("MERCHANT"),
        public_key_id="PUB_KEY_ID_1",
        public_key=key("CHANNEL").public_key(),
        sealing_key=SEAL,
        send=wire,
    )
    return made, wire


def order(**more: Any) -> port.Order:
    return port.Order(
        merchant_no="P1", amount=Decimal("300.10"), words="租金", at=AT, notify_url="https://x/n",
        **more,
    )  # fmt: skip


def test_asks_in_fen_and_signs_the_very_bytes() -> None:
    made, wire = channel(says({"code_url": "weixin://pay?x=1"}))
    assert made.create(order()) == port.Opening("CODE", "weixin://pay?x=1")
    call = wire.calls[0]
    assert wire.told["amount"] == {"total": 30010, "currency": "CNY"}
    fields = dict(re.findall(r'(\w+)="([^"]*)"', call.headers["Authorization"]))
    text = f"POST\n/v3/pay/transactions/native\n{fields['timestamp']}\n{fields['nonce_str']}\n"
    assert signing.is_signed(
        key("MERCHANT").public_key(), text.encode() + call.body + b"\n", fields["signature"]
    )
    assert call.headers["Wechatpay-Serial"] == "PUB_KEY_ID_1"


def test_brings_a_phone_to_its_page() -> None:
    made, _wire = channel(says({"h5_url": "https://wx.tenpay.com/h5?p=1"}))
    opened = made.create(order(phone=True, payer_ip="1.2.3.4", return_url="https://x/pay/1"))
    assert opened.kind == "PAGE"
    assert opened.target.endswith("&redirect_url=https%3A//x/pay/1")


@pytest.mark.parametrize(
    ("state", "standing"),
    [("SUCCESS", "PAID"), ("REFUND", "PAID"), ("NOTPAY", "OPEN"), ("USERPAYING", "OPEN"),
     ("CLOSED", "CLOSED"), ("REVOKED", "CLOSED"), ("PAYERROR", "FAILED"), ("NEW", "UNKNOWN")],
)  # fmt: skip
def test_queries_an_order(state: str, standing: str) -> None:
    answer = {
        "trade_state": state,
        "transaction_id": "42",
        "success_time": "2027-06-21T12:00:00+08:00",
        "amount": {"total": 30010, "currency": "CNY"},
    }
    found = channel(says(answer))[0].query(merchant_no="P1", at=AT)
    assert (found.state, found.amount, found.paid_at) == (standing, Decimal("300.10"), AT)


def test_knows_of_no_such_order() -> None:
    made, _wire = channel(says({"code": "ORDER_NOT_EXIST"}, 404))
    assert made.query(merchant_no="P1", at=AT).state == "UNKNOWN"


@pytest.mark.parametrize("fault", ["unsigned", "by another", "changed", "not json", "busy"])
def test_believes_no_answer_that_is_not_signed(fault: str) -> None:
    body = json.dumps({"trade_state": "SUCCESS"}).encode()
    reply = {
        "unsigned": Reply(200, {}, body),
        "by another": Reply(200, signed(body, by="MERCHANT"), body),
        "changed": Reply(200, signed(b"{}"), body),
        "not json": Reply(200, signed(b"<html>"), b"<html>"),
        "busy": Reply(500, signed(body), body),
    }[fault]
    with pytest.raises(port.ChannelSilent):
        channel(lambda _call: reply)[0].query(merchant_no="P1", at=AT)


def test_closes_and_shows_a_refusal() -> None:
    made, wire = channel(
        lambda _call: Reply(204, signed(b""), b""), says({"code": "ORDERPAID"}, 400)
    )
    made.close(merchant_no="P1", at=AT)
    assert wire.calls[0].url.endswith("/P1/close")
    with pytest.raises(port.ChannelRefused, match="ORDERPAID"):
        made.close(merchant_no="P1", at=AT)


@pytest.mark.parametrize(
    ("status", "state"),
    [("SUCCESS", "PAID"), ("PROCESSING", "OPEN"), ("ABNORMAL", "FAILED"), ("CLOSED", "FAILED")],
)
def test_gives_back(status: str, state: str) -> None:
    made, wire = channel(says({"status": status, "refund_id": "77"}))
    said = made.refund(
        port.RefundOrder(
            number="R1",
            merchant_no="P1",
            amount=Decimal("1.00"),
            paid=Decimal("300.10"),
            words="多付",
            at=AT,
        )
    )
    assert (said.state, said.channel_no) == (state, "77")
    assert wire.told["amount"] == {"refund": 100, "total": 30010, "currency": "CNY"}


def notice(
    inner: Mapping[str, Any], *, event: str = "TRANSACTION.SUCCESS", seal: bytes = SEAL
) -> bytes:
    words = json.dumps(inner).encode()
    sealed = AESGCM(seal).encrypt(b"abcdefghijkl", words, b"transaction")
    return json.dumps(
        {
            "id": "EV-1",
            "event_type": event,
            "resource_type": "encrypt-resource",
            "resource": {
                "algorithm": "AEAD_AES_256_GCM",
                "ciphertext": base64.b64encode(sealed).decode(),
                "nonce": "abcdefghijkl",
                "associated_data": "transaction",
            },
        }
    ).encode()


PAID: dict[str, Any] = {
    "mchid": "1900000001",
    "appid": "wx0000000000000001",
    "out_trade_no": "P1",
    "transaction_id": "42",
    "trade_state": "SUCCESS",
    "success_time": "2027-06-21T12:00:00+08:00",
    "amount": {"total": 30010, "currency": "CNY"},
}


def read(body: bytes, headers: Mapping[str, str] | None = None, at: datetime = AT) -> port.Notice:
    given = signed(body) if headers is None else headers
    return channel()[0].parse_callback(headers=given, body=body, at=at)


def test_reads_a_notice_of_a_payment_and_of_a_refund() -> None:
    found = read(notice(PAID))
    assert (found.fault, found.merchant_no, found.amount) == ("", "P1", Decimal("300.10"))
    assert (found.state, found.paid_at, found.channel_no) == ("PAID", AT, "42")
    inner = {
        "mchid": "1900000001", "out_trade_no": "P1", "out_refund_no": "R1", "refund_id": "77",
        "refund_status": "SUCCESS", "amount": {"total": 30010, "refund": 100},
    }  # fmt: skip
    back = read(notice(inner, event="REFUND.SUCCESS"))
    assert (back.kind, back.refund_no, back.amount) == ("REFUND", "R1", Decimal(1))


def test_tells_a_fault() -> None:
    body = notice(PAID)
    changed = body.replace(b"EV-1", b"EV-2")
    assert read(changed, signed(body)).fault == "FORGED"
    assert read(body, signed(body, by="MERCHANT")).fault == "FORGED"
    assert read(body, {}).fault == "FORGED"
    assert read(notice(PAID, seal=b"x" * 32)).fault == "FORGED"
    assert read(body, at=AT + timedelta(minutes=6)).fault == "STALE"
    assert read(notice({**PAID, "mchid": "1"})).fault == "MERCHANT"
    assert read(notice({**PAID, "appid": "wx2"})).fault == "APP"
    dollars = {"total": 30010, "currency": "USD"}
    assert read(notice({**PAID, "amount": dollars})).fault == "CURRENCY"
    # The channel's own probe: a right form, a wrong signature.
    probe = {**signed(body), "wechatpay-signature": "WECHATPAY/SIGNTEST/x"}
    assert read(body, probe).fault == "FORGED"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b'{"id": 1, "event_type": 2}', b"\xff"])
def test_throws_garbage_away(body: bytes) -> None:
    with pytest.raises(port.Garbage):
        read(body, {})


FILE = (
    "\ufeff交易时间,商户订单号,交易状态,应结订单金额,商户退款单号,退款金额,手续费\r\n"
    "`2027-06-20 10:00:00,`P1,`SUCCESS,`300.10,`0,`0.00,`1.80000\r\n"
    "`2027-06-20 11:00:00,`P1,`REFUND,`0.00,`R1,`1.00,`-0.01000\r\n"
    "总交易单数,应结订单总金额\r\n`2,`300.10\r\n"
)


def test_fetches_the_days_file_by_its_digest() -> None:
    body = FILE.encode()
    where = {
        "download_url": "https://api.mch.weixin.qq.com/v3/billdownload/file?token=t",
        "hash_type": "SHA1",
        "hash_value": hashlib.sha1(body, usedforsecurity=False).hexdigest(),
    }
    made, wire = channel(says(where), lambda _call: Reply(200, {}, body))
    lines = made.daily_file(day=date(2027, 6, 20), at=AT)
    assert [(x.kind, x.number, x.amount, x.fee) for x in lines] == [
        ("PAYMENT", "P1", Decimal("300.10"), Decimal("1.80")),
        ("REFUND", "R1", Decimal("1.00"), Decimal("-0.01")),
    ]
    assert wire.calls[1].url.endswith("/v3/billdownload/file?token=t")
    made, _wire = channel(says(where), lambda _call: Reply(200, {}, body + b"x"))
    with pytest.raises(port.ChannelSilent):
        made.daily_file(day=date(2027, 6, 20), at=AT)
    with pytest.raises(port.ChannelRefused):
        wechat.read_file("交易时间,金额\r\n".encode())
