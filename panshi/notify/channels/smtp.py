"""E-mail by the operator's own mail server."""

import smtplib
from collections.abc import Sequence
from datetime import datetime
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Final

from panshi.notify.channels.port import (
    ChannelRefused,
    ChannelSilent,
    Handed,
    NewReceipt,
    Outgoing,
)

_WAIT_S: Final = 15.0


class Smtp:
    """Sends over SMTP with TLS. A mail server takes a letter and says no more: no receipts."""

    code = "EMAIL"
    tells_delivery = False

    def __init__(
        self, *, host: str, port: int, sender: str, user: str, password: str, tls: bool = True
    ) -> None:
        self._host, self._port, self._sender = host, port, sender
        self._user, self._password, self._tls = user, password, tls

    def send(self, message: Outgoing) -> str:
        if not parseaddr(message.address)[1]:
            raise ChannelRefused("BAD_ADDRESS")
        letter = EmailMessage()
        letter["From"], letter["To"] = self._sender, message.address
        letter["Subject"] = " ".join(message.subject.split())
        letter["Message-ID"] = f"<{message.key}@{self._sender.rpartition('@')[2]}>"
        letter.set_content(message.body or message.subject)
        try:
            with smtplib.SMTP(self._host, self._port, timeout=_WAIT_S) as server:
                if self._tls:
                    server.starttls()
                if self._user:
                    server.login(self._user, self._password)
                server.send_message(letter)
        except smtplib.SMTPRecipientsRefused as problem:
            raise ChannelRefused("DEAD_ADDRESS") from problem
        except (OSError, smtplib.SMTPException) as problem:
            raise ChannelSilent(type(problem).__name__) from problem
        return str(letter["Message-ID"])

    def receipts(self, handed: Sequence[Handed], *, at: datetime) -> list[NewReceipt]:
        return []
