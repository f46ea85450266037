"""Dialects of orders: neither standard has a portable limiter, so each make says it its own way.

An adapter is frozen data and two functions: `encode` writes the order, `understands` reads the
terminal's answer. A terminal takes restricting orders only through one that was proven on a bench.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from panshi.wire import gb32960, jtt808
from panshi.wire.clock import wire_time
from panshi.wire.columns import GB32960, JTT808
from panshi.wire.layout import Values

SPEED_LIMIT, START_INHIBIT, RELEASE = "SPEED_LIMIT", "START_INHIBIT", "RELEASE"
QUERY_LOCATION = "QUERY_LOCATION"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What a terminal said to an order: whether it took it, and the state it says it is in now.

    `state` is the order whose effect holds, or empty when the answer does not tell.
    """

    taken: bool
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapter:
    """Orders as one make of terminal takes them; `controls` and `parameter` are its own numbers."""

    code: str
    protocol: str
    controls: Mapping[str, int]
    parameter: int = 0

    def takes(self, kind: str) -> bool:
        """Whether this dialect has words for an order."""
        return kind in self.controls or (kind == QUERY_LOCATION and self.protocol == JTT808)

    def encode(
        self,
        *,
        kind: str,
        limit_kmh: int | None,
        identity: str,
        edition: int,
        serial: int,
        at: datetime,
    ) -> bytes:
        """The order as a frame for this terminal. Raises WireError, KeyError for another order."""
        value = f"{limit_kmh or 0:02x}"
        if self.protocol == JTT808:
            if kind == QUERY_LOCATION:
                return _jt(jtt808.QUERY_LOCATION, {}, identity, edition, serial)
            word = f"{self.controls[kind]:02x}{value}"
            body: Values = {"params": [{"id": f"{self.parameter:08x}", "hex": word}]}
            return _jt(jtt808.SET_PARAMETERS, body, identity, edition, serial)
        return gb32960.encode(
            message=gb32960.Message(
                edition=edition,
                command=gb32960.CONTROL,
                vin=identity,
                body={
                    "time": wire_time(at=at),
                    "control": self.controls[kind],
                    "params_raw": value,
                },
            )
        )

    def understands(self, *, frame: bytes) -> Answered | None:
        """The answer in a frame; None when it is none of this dialect. Raises WireError."""
        if self.protocol == JTT808:
            body = jtt808.read(frame=frame).body
            if "ack_serial" not in body:
                return None
            return Answered(taken=body.get("result") == 0, state="")
        if frame[2] != gb32960.CONTROL:
            return None
        data = frame[gb32960.HEADER_SIZE : -1]
        by_number = {number: kind for kind, number in self.controls.items()}
        echoed = by_number.get(data[6], "") if len(data) > 6 else ""
        return Answered(taken=frame[3] == gb32960.SUCCESS, state=echoed)


def _jt(msg_id: int, body: Values, identity: str, edition: int, serial: int) -> bytes:
    return jtt808.encode(
        message=jtt808.Message(
            msg_id=msg_id, edition=edition, phone=identity, serial=serial, body=body
        )
    )


ADAPTERS: Final[Mapping[str, Adapter]] = {
    adapter.code: adapter
    for adapter in (
        Adapter(
            code="PANSHI_GB",
            protocol=GB32960,
            controls={SPEED_LIMIT: 0x90, START_INHIBIT: 0x91, RELEASE: 0x92},
        ),
        Adapter(
            code="PANSHI_JT",
            protocol=JTT808,
            controls={SPEED_LIMIT: 0x01, START_INHIBIT: 0x02, RELEASE: 0x00},
            parameter=0xF0A0,
        ),
    )
}
