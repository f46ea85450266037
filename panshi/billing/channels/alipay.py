"""Alipay's open platform (RSA2), by its published protocol.

Tried against fixtures signed with keys of our own (`tests/test_alipay.py`), never yet against a
real merchant account.
"""

import csv
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from django.utils.translation import gettext as _

from panshi.billing.channels import http, port, signing
from panshi.billing.channels.http import Call, Send
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
from panshi.kit.clock import SHANGHAI

_DONE: Final = "10000"
_NOT_THERE: Final = "ACQ.TRADE_NOT_EXIST"
_STATES: Final = {
    "WAIT_BUYER_PAY": port.OPEN,
    "TRADE_SUCCESS": port.PAID,
    "TRADE_FINISHED": port.PAID,
    "TRADE_CLOSED": port.CLOSED,
}
_LARGEST_FILE: Final = 256 * 1024 * 1024


def _moment(words: Any) -> datetime | None:
    """Alipay writes Beijing time without saying so."""
    return datetime.fromisoformat(str(words)).replace(tzinfo=SHANGHAI) if words else None


def _to_sign(fields: Mapping[str, str]) -> bytes:
    return "&".join(f"{name}={value}" for name, value in sorted(fields.items())).encode()


def _told(fields: Mapping[str, str]) -> bytes:
    """What a notice is signed over: all that came, empty values as well."""
    return _to_sign({k: v for k, v in fields.items() if k not in {"sign", "sign_type"}})


@dataclass(frozen=True, slots=True, kw_only=True)
class Alipay:
    """A merchant account: `merchant` is the seller's id, `app` the application's."""

    merchant: str
    app: str
    key: RSAPrivateKey
    public_key: RSAPublicKey
    base: str = "https://openapi.alipay.com/gateway.do"
    send: Send = http.send
    code: str = "ALIPAY"

    def create(self, order: Order) -> Opening:
        method, product = (
            ("alipay.trade.wap.pay", "QUICK_WAP_WAY")
            if order.phone
            else ("alipay.trade.page.pay", "FAST_INSTANT_TRADE_PAY")
        )
        told = {
            "out_trade_no": order.merchant_no,
            "total_amount": f"{order.amount:.2f}",
            "subject": order.words[:128],
            "product_code": product,
        }
        # The address itself is the order; Alipay hears of it when the payer opens it.
        fields = self._fields(
            method, told, order.at, notify_url=order.notify_url, return_url=order.return_url
        )
        return Opening(port.PAGE, f"{self.base}?{urlencode(fields)}")

    def query(self, *, merchant_no: str, at: datetime) -> Standing:
        answer = self._ask("alipay.trade.query", {"out_trade_no": merchant_no}, at)
        if answer.get("sub_code") == _NOT_THERE:
            return Standing(state=port.UNKNOWN)
        self._must_be_done(answer)
        state = _STATES.get(str(answer.get("trade_status")), port.UNKNOWN)
        if state == port.CLOSED and answer.get("send_pay_date"):
            state = port.PAID  # Closed because all of it was refunded.
        return Standing(
            state=state,
            amount=port.amount_of(answer["total_amount"]) if "total_amount" in answer else None,
            currency=str(answer.get("trans_currency", port.CNY)),
            channel_no=str(answer.get("trade_no", "")),
            paid_at=_moment(answer.get("send_pay_date")),
        )

    def close(self, *, merchant_no: str, at: datetime) -> None:
        answer = self._ask("alipay.trade.close", {"out_trade_no": merchant_no}, at)
        if answer.get("sub_code") != _NOT_THERE:
            self._must_be_done(answer)

    def refund(self, order: RefundOrder) -> RefundStanding:
        told = {
            "out_trade_no": order.merchant_no,
            "out_request_no": order.number,
            "refund_amount": f"{order.amount:.2f}",
            "refund_reason": order.words[:128],
        }
        answer = self._ask("alipay.trade.refund", told, order.at)
        if answer.get("code") != _DONE:
            words = f"{answer.get('sub_code', '')} {answer.get('sub_msg', '')}".strip()
            return RefundStanding(state=port.FAILED, words=words)
        number = str(answer.get("trade_no", ""))
        if answer.get("fund_change") == "Y":
            return RefundStanding(state=port.PAID, channel_no=number)
        # Asked before under this number: only the query says whether the money has left.
        asked = {"out_trade_no": order.merchant_no, "out_request_no": order.number}
        found = self._ask("alipay.trade.fastpay.refund.query", asked, order.at)
        done = found.get("refund_status") == "REFUND_SUCCESS"
        return RefundStanding(state=port.PAID if done else port.OPEN, channel_no=number)

    def parse_callback(self, *, headers: Mapping[str, str], body: bytes, at: datetime) -> Notice:
        try:
            pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=100)
            fields = dict(pairs)
            refund = bool(fields.get("refund_fee") and fields.get("out_biz_no"))
            number, signature = fields["notify_id"][:64], fields["sign"]
        except (ValueError, KeyError) as error:
            raise Garbage("no notice of Alipay") from error
        kind = port.REFUND if refund else port.PAYMENT
        forged = port.forged(number, kind)
        if len(pairs) != len(fields) or fields.get("sign_type") != "RSA2":
            return forged
        if not signing.is_signed(self.public_key, _told(fields), signature):
            return forged
        try:
            return Notice(
                notification_id=number,
                kind=kind,
                merchant_no=fields["out_trade_no"][:40],
                refund_no=fields["out_biz_no"][:40] if refund else "",
                amount=port.amount_of(fields["refund_fee" if refund else "total_amount"]),
                state=port.PAID if refund else _STATES.get(fields["trade_status"], port.UNKNOWN),
                channel_no=fields.get("trade_no", "")[:64],
                paid_at=_moment(fields.get("gmt_refund" if refund else "gmt_payment", "")[:19]),
                fault=self._fault(fields),
            )
        except (ValueError, KeyError):
            return forged

    def _fault(self, fields: Mapping[str, str]) -> str:
        if fields.get("seller_id", self.merchant) != self.merchant:
            return "MERCHANT"
        if fields.get("app_id") != self.app:
            return "APP"
        if fields.get("trans_currency", port.CNY) != port.CNY:
            return "CURRENCY"
        return ""

    def receipt(self, *, taken: bool) -> Receipt:
        return Receipt(200, "text/plain", "success" if taken else "fail")

    def daily_file(self, *, day: date, at: datetime) -> Sequence[FileLine]:
        told = {"bill_type": "trade", "bill_date": day.isoformat()}
        answer = self._ask("alipay.data.dataservice.bill.downloadurl.query", told, at)
        self._must_be_done(answer)
        address = str(answer["bill_download_url"]).replace("http://", "https://", 1)
        reply = self.send(Call(method="GET", url=address, headers={"User-Agent": "panshi"}))
        if reply.status != 200:
            raise http.silent()
        return read_file(reply.body)

    def _fields(
        self, method: str, told: Mapping[str, str], at: datetime, **more: str
    ) -> dict[str, str]:
        fields = {
            "app_id": self.app,
            "method": method,
            "format": "JSON",
            "charset": "utf-8",
            "sign_type": "RSA2",
            "timestamp": at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S"),
            "version": "1.0",
            "biz_content": json.dumps(told, ensure_ascii=False, separators=(",", ":")),
            **{name: value for name, value in more.items() if value},
        }
        return {**fields, "sign": signing.sign(self.key, _to_sign(fields))}

    def _ask(self, method: str, told: Mapping[str, str], at: datetime) -> Mapping[str, Any]:
        """Ask, and see that the answer is signed over the very text it came as."""
        body = urlencode(self._fields(method, told, at)).encode()
        kind = "application/x-www-form-urlencoded;charset=utf-8"
        reply = self.send(
            Call(method="POST", url=self.base, headers={"Content-Type": kind}, body=body)
        )
        name = f'"{method.replace(".", "_")}_response":'
        try:
            text = reply.body.decode()
            start = text.index(name) + len(name)
            answer, end = json.JSONDecoder().raw_decode(text, start)
            signature = str(json.loads(text).get("sign", ""))
        except ValueError as error:
            raise http.silent() from error
        signed = signing.is_signed(self.public_key, text[start:end].encode(), signature)
        if reply.status != 200 or not isinstance(answer, dict) or not signed:
            raise http.silent()
        return answer

    def _must_be_done(self, answer: Mapping[str, Any]) -> None:
        if answer.get("code") != _DONE:
            words = {"words": f"{answer.get('sub_code', '')} {answer.get('sub_msg', '')}".strip()}
            raise ChannelRefused(_("Alipay refuses: %(words)s") % words)


def read_file(content: bytes) -> list[FileLine]:
    """The lines of a trade file: a zip whose details are CSV in GB18030 below lines led by #.

    Raises ChannelRefused when it is no such file or a column that we need is missing.
    """
    wanted = (
        "商户订单号",
        "业务类型",
        "完成时间",
        "订单金额（元）",
        "服务费（元）",
        "退款批次号/请求号",
    )
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            name = next(n for n in packed.namelist() if _plain(n).endswith("业务明细.csv"))
            if packed.getinfo(name).file_size > _LARGEST_FILE:
                raise ValueError("the file unpacks to more than can be read")
            text = packed.read(name).decode("gb18030")
    except (zipfile.BadZipFile, StopIteration, ValueError, OSError) as error:
        raise ChannelRefused(_("This is no daily file of Alipay.")) from error
    numbered = [
        (number, [cell.strip() for cell in row])
        for number, row in enumerate(csv.reader(io.StringIO(text)), start=1)
        if row and not row[0].startswith("#")
    ]
    heads = numbered[0][1] if numbered else []
    port.must_have(heads, wanted)
    lines = []
    for number, row in numbered[1:]:
        cell = dict(zip(heads, row, strict=False))
        refund = cell["业务类型"] == "退款"
        lines.append(
            FileLine(
                line=number,
                kind=port.REFUND if refund else port.PAYMENT,
                number=cell["退款批次号/请求号" if refund else "商户订单号"],
                amount=abs(port.amount_of(cell["订单金额（元）"])),
                fee=-port.amount_of(cell["服务费（元）"]),
                on=date.fromisoformat(cell["完成时间"][:10]),
            )
        )
    return lines


def _plain(name: str) -> str:
    """The name inside a zip written in GBK without its flag."""
    try:
        return name.encode("cp437").decode("gb18030")
    except ValueError:
        return name
