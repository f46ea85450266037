"""The payer and the weather at the simulated channel: pays, forges, doubles, shuffles, alters."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from random import Random
from typing import Any
from uuid import uuid4

from panshi.billing.channels import port, simulated


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """A notice as it travels: the channel's code, the headers, the raw body."""

    channel: str
    headers: Mapping[str, str]
    body: bytes


def posted(*, sign: bool = True, **fields: Any) -> Posted:
    """A notice with these fields, signed as the simulated channel signs."""
    told = {
        "notification_id": uuid4().hex,
        "kind": port.PAYMENT,
        "currency": port.CNY,
        "merchant": simulated.MERCHANT,
        "app": simulated.APP,
        "state": port.PAID,
        **fields,
    }
    body = json.dumps(told, sort_keys=True, default=str).encode()
    signature = simulated.signature(body) if sign else "0" * 64
    return Posted(channel="SIM", headers={simulated.SIGNATURE: signature}, body=body)


def paid(*, merchant_no: str, amount: Decimal, at: datetime) -> Posted:
    """Somebody pays, even an order that was closed: the channel books it and tells us."""
    with simulated.books() as kept:
        kept.execute(
            "INSERT INTO orders VALUES (?, ?, 'PAID', ?)"
            " ON CONFLICT (number) DO UPDATE SET state = 'PAID', amount = excluded.amount,"
            " paid_at = excluded.paid_at",
            [merchant_no, str(amount), at.isoformat()],
        )
    return posted(merchant_no=merchant_no, amount=str(amount), at=at.isoformat())


def refunded(*, number: str, merchant_no: str, amount: Decimal, at: datetime) -> Posted:
    """The channel tells that it paid a refund back."""
    return posted(
        kind=port.REFUND,
        refund_no=number,
        merchant_no=merchant_no,
        amount=str(amount),
        at=at.isoformat(),
    )


def altered(notice: Posted, *, sign: bool = False, **fields: Any) -> Posted:
    """The notice with other fields: by a forger, or signed, as if the channel itself erred."""
    told = {**json.loads(notice.body), **fields}
    body = json.dumps(told, sort_keys=True, default=str).encode()
    headers = {simulated.SIGNATURE: simulated.signature(body)} if sign else notice.headers
    return replace(notice, headers=headers, body=body)


def storm(notices: Iterable[Posted], random: Random) -> list[Posted]:
    """The notices doubled, some forged besides, late and in any order."""
    sent = []
    for notice in notices:
        sent += [notice] * random.choice((1, 1, 2, 3))
        if random.random() < 0.2:
            sent.append(altered(notice, amount="0.01"))
    random.shuffle(sent)
    return sent
