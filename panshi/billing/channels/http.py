"""Calls to a channel over HTTPS: bounded in time and size, never followed elsewhere."""

import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext as _

from panshi.billing.channels.port import ChannelSilent

SECONDS: Final = 10
LARGEST: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Reply:
    """`headers` have lower-case names."""

    status: int
    headers: Mapping[str, str]
    body: bytes


Send = Callable[[Call], Reply]


class _AsItCame(urllib.request.HTTPErrorProcessor):
    """Hands over the answer whatever its status: a redirection is not followed, no error raised."""

    def http_response(self, request: Any, response: Any) -> Any:
        return response

    def https_response(self, request: Any, response: Any) -> Any:
        return response


_OPENER: Final = urllib.request.build_opener(_AsItCame)


def silent() -> ChannelSilent:
    return ChannelSilent(_("The payment channel does not answer. Try again in a minute."))


def send(call: Call) -> Reply:
    """Put a call to the channel. Raises ChannelSilent when no answer comes in ten seconds."""
    if not call.url.startswith(("https://", "http://127.0.0.1")):
        raise ValueError(f"{call.url} is not reached over HTTPS")
    request = urllib.request.Request(
        call.url, data=call.body or None, headers=dict(call.headers), method=call.method
    )
    try:
        with _OPENER.open(request, timeout=SECONDS) as answer:
            return _reply(answer)
    except (OSError, ValueError) as error:
        raise silent() from error


def _reply(answer: Any) -> Reply:
    body: bytes = answer.read(LARGEST + 1)
    if len(body) > LARGEST:
        raise ValueError("the channel's answer is too long")
    headers = {name.lower(): value for name, value in answer.headers.items()}
    return Reply(int(answer.status), headers, body)
