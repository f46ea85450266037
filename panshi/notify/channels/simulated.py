"""A channel that reaches nobody and answers as a provider would, for demos and rehearsals."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from panshi.notify.channels.port import ChannelRefused, Handed, NewReceipt, Outgoing

TAKES_S: Final = 3
DEAD: Final = "0000"
SILENT: Final = "9999"


class Simulated:
    """Delivers after three seconds. An address that ends in 0000 is dead, one in 9999 stays mute;
    one without any digit or sign is refused at once."""

    tells_delivery = True

    def __init__(self, code: str) -> None:
        self.code = code

    def send(self, message: Outgoing) -> str:
        if not message.address.strip():
            raise ChannelRefused("NO_ADDRESS")
        return f"SIM-{message.key}"

    def receipts(self, handed: Sequence[Handed], *, at: datetime) -> list[NewReceipt]:
        found = []
        for one in handed:
            done_at = one.sent_at + timedelta(seconds=TAKES_S)
            name = one.address.partition("@")[0]
            if done_at > at or name.endswith(SILENT):
                continue
            dead = name.endswith(DEAD)
            found.append(
                NewReceipt(
                    channel=self.code,
                    provider_id=one.provider_id,
                    receipt_id=f"{one.provider_id}-R",
                    word="FAILED" if dead else "DELIVERED",
                    detail="DEAD_ADDRESS" if dead else "",
                    happened_at=done_at,
                )
            )
        return found
