"""Calls to a channel … bring its answer as it came, and are never followed elsewhere."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from panshi.billing.channels import http, port
from panshi.billing.channels.http import Call

pytestmark = pytest.mark.plain


class _Channel(BaseHTTPRequestHandler):
    """Answers the status that the path names; a redirection leads to the path 200."""

    def do_GET(self) -> None:
        self.send_response(int(self.path[1:]))
        self.send_header("Location", "/200")
        self.send_header("Content-Length", "20")
        self.end_headers()
        self.wfile.write(b"x" * 20)

    def log_message(self, *_args: object) -> None:
        pass


@pytest.fixture
def base(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with HTTPServer(("127.0.0.1", 0), _Channel) as server:
        answering = Thread(target=server.serve_forever)
        answering.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        answering.join()


@pytest.mark.parametrize("status", [200, 302, 404, 500])
def test_the_answer_comes_whatever_its_status(base: str, status: int) -> None:
    reply = http.send(Call(method="GET", url=f"{base}/{status}", headers={}))
    assert (reply.status, reply.headers["location"], len(reply.body)) == (status, "/200", 20)


@pytest.mark.parametrize("status", [200, 500])
def test_an_answer_too_long_is_none(
    base: str, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "LARGEST", 19)
    with pytest.raises(port.ChannelSilent):
        http.send(Call(method="GET", url=f"{base}/{status}", headers={}))
