"""Commands of the gateway: `panshi gateway`, `panshi ingest`, `panshi replay`."""

import asyncio
import os
import signal
import threading
from pathlib import Path
from typing import Any

import click


def _django() -> Any:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "panshi.config.settings")
    import django

    django.setup()
    from django.conf import settings

    return settings.HOME


@click.command()
@click.option("--bind", default="0.0.0.0", show_default=True, help="Address to listen on.")
@click.option("--gb-port", default=32960, show_default=True, help="Port of GB/T 32960.")
@click.option("--jt-port", default=8808, show_default=True, help="Port of JT/T 808.")
@click.option("--number", default=1, show_default=True, help="Number of this gateway's log.")
@click.option("--frame-bytes", default=4096, show_default=True, help="Longest frame taken.")
@click.option("--silence", default=300.0, show_default=True, help="Seconds until a mute line ends.")
@click.option("--incomplete", default=30.0, show_default=True, help="Seconds for half a frame.")
def gateway(
    bind: str,
    gb_port: int,
    jt_port: int,
    number: int,
    frame_bytes: int,
    silence: float,
    incomplete: float,
) -> None:
    """Let terminals in over TCP and answer what is safe on disk."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "panshi.config.settings")
    from logging.config import dictConfig

    import uvloop
    from django.conf import settings

    from panshi.gateway.lines import Limits
    from panshi.gateway.server import Options, serve
    from panshi.wire.log import LogLocked

    home = settings.HOME
    home.run.mkdir(parents=True, exist_ok=True)
    dictConfig(settings.LOGGING)
    options = Options(
        log_folder=home.log / str(number),
        snapshot=home.run / f"devices-{number}.json",
        secret=home.secret("blind"),
        gateway=number,
        bind=bind,
        gb_port=gb_port,
        jt_port=jt_port,
        limits=Limits(frame_bytes=frame_bytes, silence_s=silence, incomplete_s=incomplete),
    )
    try:
        uvloop.run(serve(options))
    except (LogLocked, OSError) as error:
        raise click.ClickException(f"The gateway cannot start: {error}") from error


@click.command()
@click.option("--number", default=1, show_default=True, help="Number of the gateway.")
@click.option("--live", "live_s", default=1.0, show_default=True, help="Seconds between updates.")
@click.option("--history", "history_s", default=60.0, show_default=True, help="Seconds a file.")
def ingest(number: int, live_s: float, history_s: float) -> None:
    """Bring the gateway's log into live state and history."""
    home = _django()
    from panshi.gateway.ingest import Options, serve

    stopping = threading.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: stopping.set())
    serve(
        Options(
            log_folder=home.log / str(number),
            history_folder=home.history,
            gateway=number,
            live_s=live_s,
            history_s=history_s,
        ),
        stopping,
    )


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=int, help="Default: 32960 for GB/T 32960, 8808 for JT/T 808.")
@click.option("--rate", default=100.0, show_default=True, help="Frames a second, all told.")
@click.option("--now", "now", is_flag=True, help="Give reports of GB/T 32960 the present time.")
def replay(file: Path, host: str, port: int | None, rate: float, now: bool) -> None:
    """Send recorded frames as their terminals would: signed in, one answer at a time.

    FILE holds JSON lines with `hex`, or hex frames, one a line.
    """
    import json

    from panshi.gateway.replay import run

    result = asyncio.run(run(file=file, host=host, port=port, rate=rate, now=now))
    click.echo(json.dumps(result, ensure_ascii=False, indent=2))
    if result["lines_lost"]:
        raise SystemExit(1)
