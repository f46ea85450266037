"""`panshi up`: all processes of one machine under the supervisor."""

import os
import sys
import urllib.request
from collections.abc import Callable, Mapping

from panshi.config import postgres, supervisor
from panshi.config.home import Home
from panshi.config.supervisor import Child

GB_PORT = 32960
JT_PORT = 8808


def _panshi(*words: str) -> list[str]:
    return [sys.executable, "-m", "panshi", *words]


def _answers(address: str) -> Callable[[], bool]:
    def ask() -> bool:
        try:
            with urllib.request.urlopen(address, timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    return ask


def children(*, demo: bool, port: int, bind: str, environment: Mapping[str, str]) -> list[Child]:
    """The processes beside the database, in the order of their start."""

    def child(
        name: str, *words: str, once: bool = False, ready: Callable[[], bool] | None = None
    ) -> Child:
        return Child(name=name, argv=_panshi(*words), env=environment, once=once, ready=ready)

    address = f"http://{bind}:{port}"
    posts = [child("migrate", "migrate", once=True)]
    if demo:
        posts.append(child("found", "demo", "found", once=True))
    posts += [
        child("handbook", "handbook", "import", once=True),
        child(
            "web", "web", "--port", str(port), "--bind", bind, ready=_answers(f"{address}/readyz")
        ),
        child("gateway", "gateway"),
        child("ingest", "ingest"),
        child("worker", "worker"),
    ]
    if demo:
        posts.append(child("life", "demo", "live"))
    posts.append(child("ready", "welcome", "--address", address, once=True))
    return posts


def run(home: Home, *, demo: bool, port: int, bind: str) -> int:
    """Supervise until told to stop; the exit code. Raises StartError with what to do."""
    environment = {"PANSHI_HOME": str(home.path)}
    if demo:
        # Nobody of the demo company has a telephone: its messages go nowhere and are answered.
        environment["PANSHI_SIMULATED_MESSAGES"] = "1"
    # Messages name the address where they are answered; who runs behind another one says so.
    environment["PANSHI_ORIGINS"] = os.environ.get("PANSHI_ORIGINS") or f"http://{bind}:{port}"
    posts = children(demo=demo, port=port, bind=bind, environment=environment)
    if "DATABASE_URL" in os.environ:
        with home.hold():
            home.prepare()
            return supervisor.run(posts, status_file=home.run / supervisor.STATUS_NAME)
    server = postgres.Server(home)
    server.prepare()
    try:
        return supervisor.run(
            [server.child(), *posts], status_file=home.run / supervisor.STATUS_NAME
        )
    finally:
        server.stop()
