"""WeChat Pay, API v3 in public-key mode, by its published protocol.

Tried against fixtures signed with keys of our own (`tests/test_wechat.py`), never yet against a
real merchant account.
"""

import csv
import hashlib
import io
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from urllib.parse import quote, urlsplit

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from django.utils.translation import gettext as _

from panshi.billing.channels import http, port, signing
from panshi.billing.channels.http import Call, Reply, Send
from panshi.billing.channels.port import (
    ChannelRefused,
    FileLine,
    Garbage,
    Notice,
    Opening,
    Order,
    Receipt,
    RefundOrder,
    RefundStanding,
    Standing,
)

SCHEME: Final = "WECHATPAY2-SHA256-RSA2048"
FRESH: Final = timedelta(minutes=5)
_ORDER_STATES: Final = {
    "SUCCESS": port.PAID,
    "REFUND": port.PAID,
    "NOTPAY": port.OPEN,
    "USERPAYING": port.OPEN,
    "CLOSED": port.CLOSED,
    "REVOKED": port.CLOSED,
    "PAYERROR": port.FAILED,
}
_REFUND_STATES: Final = {
    "SUCCESS": port.PAID,
    "PROCESSING": port.OPEN,
    "CLOSED": port.FAILED,
    "ABNORMAL": port.FAILED,
}


def _fen(amount: Decimal) -> int:
    return int(amount * 100)


def _yuan(fen: Any) -> Decimal:
    if isinstance(fen, bool) or not isinstance(fen, int):
        raise ValueError("an amount is a whole number of fen")
    return Decimal(fen) / 100


def _moment(words: Any) -> datetime | None:
    return datetime.fromisoformat(str(words)) if words else None


@dataclass(frozen=True, slots=True, kw_only=True)
class WeChat:
    """A merchant account; `sealing_key` is the 32 bytes of its API v3 key."""

    merchant: str
    app: str
    serial: str
    key: RSAPrivateKey
    public_key_id: str
    public_key: RSAPublicKey
    sealing_key: bytes
    base: str = "https://api.mch.weixin.qq.com"
    send: Send = http.send
    code: str = "WECHAT"

    def create(self, order: Order) -> Opening:
        told: dict[str, Any] = {
            "mchid": self.merchant,
            "appid": self.app,
            "description": order.words[:60],
            "out_trade_no": order.merchant_no,
            "notify_url": order.notify_url,
            "amount": {"total": _fen(order.amount), "currency": port.CNY},
        }
        if order.phone:
            told["scene_info"] = {"payer_client_ip": order.payer_ip, "h5_info": {"type": "Wap"}}
            answer = self._ask("POST", "/v3/pay/transactions/h5", told, at=order.at)
            return Opening(port.PAGE, f"{answer['h5_url']}&redirect_url={quote(order.return_url)}")
        answer = self._ask("POST", "/v3/pay/transactions/native", told, at=order.at)
        return Opening(port.CODE, str(answer["code_url"]))

    def query(self, *, merchant_no: str, at: datetime) -> Standing:
        path = f"/v3/pay/transactions/out-trade-no/{quote(merchant_no)}?mchid={self.merchant}"
        reply = self._call("GET", path, b"", at=at)
        if reply.status == 404:
            return Standing(state=port.UNKNOWN)
        answer = self._read(reply)
        amount = answer.get("amount", {})
        return Standing(
            state=_ORDER_STATES.get(str(answer.get("trade_state")), port.UNKNOWN),
            amount=_yuan(amount["total"]) if "total" in amount else None,
            currency=str(amount.get("currency", port.CNY)),
            channel_no=str(answer.get("transaction_id", "")),
            paid_at=_moment(answer.get("success_time")),
        )

    def close(self, *, merchant_no: str, at: datetime) -> None:
        path = f"/v3/pay/transactions/out-trade-no/{quote(merchant_no)}/close"
        self._ask("POST", path, {"mchid": self.merchant}, at=at)

    def refund(self, order: RefundOrder) -> RefundStanding:
        told = {
            "out_trade_no": order.merchant_no,
            "out_refund_no": order.number,
            "reason": order.words[:70],
            "notify_url": order.notify_url,
            "amount": {
                "refund": _fen(order.amount),
                "total": _fen(order.paid),
                "currency": port.CNY,
            },
        }
        answer = self._ask("POST", "/v3/refund/domestic/refunds", told, at=order.at)
        status = str(answer.get("status"))
        return RefundStanding(
            state=_REFUND_STATES.get(status, port.OPEN),
            channel_no=str(answer.get("refund_id", "")),
            words=status,
        )

    def parse_callback(self, *, headers: Mapping[str, str], body: bytes, at: datetime) -> Notice:
        told = {name.lower(): value for name, value in headers.items()}
        try:
            outer = json.loads(body)
            number, event = str(outer["id"])[:64], str(outer["event_type"])
            sealed = outer["resource"]
            parts = {
                "nonce": str(sealed["nonce"]),
                "sealed": str(sealed["ciphertext"]),
                "about": str(sealed.get("associated_data", "")),
            }
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise Garbage("no notice of WeChat Pay") from error
        kind = port.REFUND if event.startswith("REFUND") else port.PAYMENT
        forged = port.forged(number, kind)
        if not self._signed(told, body):
            # The channel also sends wrong signatures on purpose, to see that they are refused.
            return forged
        try:
            inner = json.loads(signing.unseal(self.sealing_key, **parts))
            notice = self._notice(number, kind, inner)
        except (ValueError, KeyError, TypeError, AttributeError):
            return forged
        if fault := self._fault(told, inner, at):
            return replace(notice, fault=fault)
        return notice

    def _notice(self, number: str, kind: str, inner: Mapping[str, Any]) -> Notice:
        amount = inner["amount"]
        refund = kind == port.REFUND
        states = _REFUND_STATES if refund else _ORDER_STATES
        return Notice(
            notification_id=number,
            kind=kind,
            merchant_no=str(inner["out_trade_no"])[:40],
            refund_no=str(inner["out_refund_no"])[:40] if refund else "",
            amount=_yuan(amount["refund" if refund else "total"]),
            state=states.get(
                str(inner["refund_status" if refund else "trade_state"]), port.UNKNOWN
            ),
            channel_no=str(inner["refund_id" if refund else "transaction_id"])[:64],
            paid_at=_moment(inner.get("success_time")),
        )

    def _fault(self, told: Mapping[str, str], inner: Mapping[str, Any], at: datetime) -> str:
        if abs(at.timestamp() - float(told["wechatpay-timestamp"])) > FRESH.total_seconds():
            return "STALE"
        if inner.get("mchid") != self.merchant:
            return "MERCHANT"
        if inner.get("appid", self.app) != self.app:  # A notice of a refund names no app.
            return "APP"
        if inner["amount"].get("currency", port.CNY) != port.CNY:
            return "CURRENCY"
        return ""

    def receipt(self, *, taken: bool) -> Receipt:
        words = "" if taken else json.dumps({"code": "FAIL", "message": "not accepted"})
        return Receipt(204 if taken else 400, "application/json", words)

    def daily_file(self, *, day: date, at: datetime) -> Sequence[FileLine]:
        answer = self._ask("GET", f"/v3/bill/tradebill?bill_date={day}&bill_type=ALL", None, at=at)
        where = urlsplit(str(answer["download_url"]))
        # The file itself comes unsigned; its digest stood in a signed answer.
        reply = self._call("GET", f"{where.path}?{where.query}", b"", at=at)
        digest = hashlib.sha1(reply.body, usedforsecurity=False).hexdigest()
        if reply.status != 200 or digest != answer.get("hash_value"):
            raise http.silent()
        return read_file(reply.body)

    def _ask(
        self, method: str, path: str, told: Mapping[str, Any] | None, *, at: datetime
    ) -> Mapping[str, Any]:
        body = b"" if told is None else json.dumps(told, ensure_ascii=False).encode()
        return self._read(self._call(method, path, body, at=at))

    def _call(self, method: str, path: str, body: bytes, *, at: datetime) -> Reply:
        stamp, nonce = str(int(at.timestamp())), secrets.token_hex(16).upper()
        text = "\n".join((method, path, stamp, nonce, "")).encode() + body + b"\n"
        fields = {
            "mchid": self.merchant,
            "nonce_str": nonce,
            "signature": signing.sign(self.key, text),
            "timestamp": stamp,
            "serial_no": self.serial,
        }
        said = ",".join(f'{name}="{value}"' for name, value in fields.items())
        return self.send(
            Call(
                method=method,
                url=f"{self.base}{path}",
                headers={
                    "Authorization": f"{SCHEME} {said}",
                    "Content-Type": "application/json",
                    "Accept": "application/json",
                    "User-Agent": "panshi",
                    "Wechatpay-Serial": self.public_key_id,
                },
                body=body,
            )
        )

    def _read(self, reply: Reply) -> Mapping[str, Any]:
        """The answer, once its signature is seen to be the channel's."""
        if 200 <= reply.status < 300 and not self._signed(reply.headers, reply.body):
            raise http.silent()
        try:
            answer = json.loads(reply.body or b"{}")
        except ValueError as error:
            raise http.silent() from error
        if reply.status >= 500 or not isinstance(answer, dict):
            raise http.silent()
        if reply.status >= 300:
            words = {"words": f"{answer.get('code', reply.status)} {answer.get('message', '')}"}
            raise ChannelRefused(_("WeChat Pay refuses: %(words)s") % words)
        return answer

    def _signed(self, headers: Mapping[str, str], body: bytes) -> bool:
        stamp = headers.get("wechatpay-timestamp", "")
        if headers.get("wechatpay-serial") != self.public_key_id or not stamp.isdecimal():
            return False
        text = "\n".join((stamp, headers.get("wechatpay-nonce", ""), "")).encode() + body + b"\n"
        return signing.is_signed(self.public_key, text, headers.get("wechatpay-signature", ""))


def read_file(content: bytes) -> list[FileLine]:
    """The lines of a trade bill (ALL): payments and refunds, each cell led by a backtick.

    Raises ChannelRefused when a column that we need is missing.
    """
    rows = csv.reader(io.StringIO(content.decode("utf-8-sig")))
    heads = next(rows, [])
    wanted = (
        "交易时间",
        "商户订单号",
        "交易状态",
        "应结订单金额",
        "商户退款单号",
        "退款金额",
        "手续费",
    )
    port.must_have(heads, wanted)
    at = {name: heads.index(name) for name in wanted}
    lines = []
    for number, row in enumerate(rows, start=2):
        if not row or not row[0].startswith("`"):
            break  # The totals follow, under headers of their own.
        cell = {name: row[place].removeprefix("`") for name, place in at.items()}
        refund = cell["交易状态"] == "REFUND"
        lines.append(
            FileLine(
                line=number,
                kind=port.REFUND if refund else port.PAYMENT,
                number=cell["商户退款单号" if refund else "商户订单号"],
                amount=Decimal(cell["退款金额" if refund else "应结订单金额"]),
                fee=Decimal(cell["手续费"]),
                on=date.fromisoformat(cell["交易时间"][:10]),
            )
        )
    return lines
