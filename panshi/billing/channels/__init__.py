"""Payment channels behind one port: those that are configured here are offered, no others.

WeChat Pay and Alipay come from the environment (see the room's README); the simulated channel is
offered while no real one is, unless PANSHI_SIMULATED_PAY says 0 or 1.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Final

from django.utils.translation import gettext as _

from panshi.billing.channels import signing
from panshi.billing.channels.alipay import Alipay
from panshi.billing.channels.port import (
    ChannelNotOffered,
    ChannelRefused,
    ChannelSilent,
    PayChannel,
)
from panshi.billing.channels.simulated import Simulated
from panshi.billing.channels.wechat import WeChat

__all__ = [
    "ChannelNotOffered",
    "ChannelRefused",
    "ChannelSilent",
    "PayChannel",
    "of",
    "offered",
    "standing_in",
]
_WECHAT: Final = "PANSHI_WECHAT_"
_ALIPAY: Final = "PANSHI_ALIPAY_"
_stand_ins: ContextVar[Mapping[str, PayChannel] | None] = ContextVar("stand_ins", default=None)
_made: dict[str, PayChannel] = {}


def offered() -> Mapping[str, PayChannel]:
    """The configured channels by code. Raises ValueError or OSError when a key cannot be read."""
    stand_ins = _stand_ins.get()
    if stand_ins is not None:
        return stand_ins
    if not _made:
        _made.update(_configured(os.environ))
    return _made


def of(code: str) -> PayChannel:
    """The channel of a code. Raises ChannelNotOffered."""
    found = offered().get(code)
    if found is None:
        raise ChannelNotOffered(_("This way of paying is not offered here."))
    return found


@contextmanager
def standing_in(*channels: PayChannel) -> Iterator[None]:
    """Offer these channels alone: for rehearsals, with keys and gateways of one's own."""
    token = _stand_ins.set({channel.code: channel for channel in channels})
    try:
        yield
    finally:
        _stand_ins.reset(token)


def _configured(environment: Mapping[str, str]) -> dict[str, PayChannel]:
    found: dict[str, PayChannel] = {}
    if environment.get(f"{_WECHAT}MERCHANT"):
        given = _values(environment, _WECHAT)
        found["WECHAT"] = WeChat(
            merchant=given["MERCHANT"],
            app=given["APP"],
            serial=given["SERIAL"],
            key=signing.private_key(Path(given["KEY_FILE"])),
            public_key_id=given["PUBLIC_KEY_ID"],
            public_key=signing.public_key(Path(given["PUBLIC_KEY_FILE"])),
            sealing_key=Path(given["SEALING_KEY_FILE"]).read_bytes().strip(),
        )
    if environment.get(f"{_ALIPAY}APP"):
        given = _values(environment, _ALIPAY)
        found["ALIPAY"] = Alipay(
            merchant=given["MERCHANT"],
            app=given["APP"],
            key=signing.private_key(Path(given["KEY_FILE"])),
            public_key=signing.public_key(Path(given["PUBLIC_KEY_FILE"])),
        )
    said = environment.get("PANSHI_SIMULATED_PAY", "")
    if said == "1" or (said != "0" and not found):
        found["SIM"] = Simulated()
    return found


_NEEDED: Final = {
    _WECHAT: (
        "MERCHANT", "APP", "SERIAL", "KEY_FILE", "PUBLIC_KEY_ID", "PUBLIC_KEY_FILE",
        "SEALING_KEY_FILE",
    ),
    _ALIPAY: ("MERCHANT", "APP", "KEY_FILE", "PUBLIC_KEY_FILE"),
}  # fmt: skip


def _values(environment: Mapping[str, str], prefix: str) -> dict[str, str]:
    missing = [prefix + name for name in _NEEDED[prefix] if not environment.get(prefix + name)]
    if missing:
        raise ValueError(f"a payment channel is half configured; missing: {', '.join(missing)}")
    return {name: environment[prefix + name] for name in _NEEDED[prefix]}
