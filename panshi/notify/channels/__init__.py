"""Message channels behind one port: those that are configured here are offered, no others.

E-mail comes from PANSHI_SMTP_* (see the room's README). Simulated channels reach nobody, so they
are offered only where PANSHI_SIMULATED_MESSAGES says 1.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Final

from panshi.notify.channels.port import (
    ChannelRefused,
    ChannelSilent,
    Handed,
    MessageChannel,
    NewReceipt,
    Outgoing,
)
from panshi.notify.channels.simulated import Simulated
from panshi.notify.channels.smtp import Smtp

__all__ = [
    "ChannelRefused",
    "ChannelSilent",
    "Handed",
    "MessageChannel",
    "NewReceipt",
    "Outgoing",
    "Simulated",
    "offered",
    "standing_in",
]
_SMTP: Final = "PANSHI_SMTP_"
_OUTSIDE: Final = ("WECHAT", "SMS", "EMAIL")
_stand_ins: ContextVar[Mapping[str, MessageChannel] | None] = ContextVar("stand_ins", default=None)
_made: dict[str, MessageChannel] = {}


def offered() -> Mapping[str, MessageChannel]:
    """The configured channels by code, first choice first; the app itself is not among them.

    Raises ValueError or OSError when one is half configured.
    """
    stand_ins = _stand_ins.get()
    if stand_ins is not None:
        return stand_ins
    if not _made:
        _made.update(_configured(os.environ))
    return _made


@contextmanager
def standing_in(*channels: MessageChannel) -> Iterator[None]:
    """Offer these channels alone: for rehearsals."""
    token = _stand_ins.set({channel.code: channel for channel in channels})
    try:
        yield
    finally:
        _stand_ins.reset(token)


def _configured(environment: Mapping[str, str]) -> dict[str, MessageChannel]:
    found: dict[str, MessageChannel] = {}
    if environment.get("PANSHI_SIMULATED_MESSAGES") == "1":
        found |= {code: Simulated(code) for code in _OUTSIDE}
    if host := environment.get(f"{_SMTP}HOST"):
        sender = environment.get(f"{_SMTP}FROM", "")
        if "@" not in sender:
            raise ValueError(f"{_SMTP}HOST needs {_SMTP}FROM, the address letters come from")
        password_file = environment.get(f"{_SMTP}PASSWORD_FILE")
        found["EMAIL"] = Smtp(
            host=host,
            port=int(environment.get(f"{_SMTP}PORT", "587")),
            sender=sender,
            user=environment.get(f"{_SMTP}USER", ""),
            password=Path(password_file).read_text().strip() if password_file else "",
            tls=environment.get(f"{_SMTP}TLS", "1") != "0",
        )
    return found
