"""The `panshi` command: every process and every tool under one name."""

import gc
import json
import os
import sys
from pathlib import Path
from typing import Any

import click

from panshi import __version__
from panshi.config import demo_commands, home, postgres, supervisor, tools
from panshi.config.home import StartError
from panshi.gateway import commands as terminals

DEFAULT_PORT = 8000


def _django() -> None:
    """Set Django up; only the commands that need the house pay for it.

    What loads is code and stays: no round of the garbage collector looks at it, then or later.
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "panshi.config.settings")
    import django

    gc.disable()
    django.setup()
    gc.freeze()
    gc.enable()


def _show(result: Any, as_json: bool) -> None:
    click.echo(json.dumps(result, ensure_ascii=False, default=str, indent=None if as_json else 2))


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
@click.option(
    "--home", "folder", type=click.Path(path_type=Path), help="The folder of everything on disk."
)
def main(folder: Path | None) -> None:
    """Panshi: the platform on which an electric logistics-vehicle business runs."""
    if folder is not None:
        os.environ["PANSHI_HOME"] = str(folder.resolve())


@main.command()
@click.option("--demo", is_flag=True, help="Found the demo company and let it live.")
@click.option("--port", default=DEFAULT_PORT, show_default=True, help="Port of the pages.")
@click.option("--bind", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--home", "folder", type=click.Path(path_type=Path), help="As before the command.")
def up(demo: bool, port: int, bind: str, folder: Path | None) -> None:
    """Run everything on this machine: database, web, gateway, ingest, worker."""
    from panshi.config import company

    if folder is not None:
        os.environ["PANSHI_HOME"] = str(folder.resolve())
    try:
        sys.exit(company.run(home.current(), demo=demo, port=port, bind=bind))
    except StartError as error:
        raise click.ClickException(str(error)) from error


@main.command()
@click.option("--port", default=DEFAULT_PORT, show_default=True)
@click.option("--bind", default="127.0.0.1", show_default=True)
def web(port: int, bind: str) -> None:
    """Serve console, portal, field app, API and live push."""
    import uvicorn

    _django()
    from panshi.config.heap import settle

    settle()
    uvicorn.run(
        "panshi.config.asgi:application",
        host=bind,
        port=port,
        loop="uvloop",
        lifespan="off",
        timeout_graceful_shutdown=2,
        access_log=False,
        log_config=None,
    )


@main.command()
def worker() -> None:
    """Deliver facts to their handlers; run schedules and long tasks."""
    _django()
    from panshi.config import worker as process

    process.run()


@main.command()
@click.option("--static/--no-static", default=True, help="Collect the static files too.")
def migrate(static: bool) -> None:
    """Bring database and static files to this version."""
    os.environ["PANSHI_DB_ROLE"] = "panshi_owner"
    _django()
    from django.core.management import call_command

    from panshi.config import migrating

    migrating.migrate()
    if static:
        call_command("collectstatic", verbosity=0, interactive=False)
    click.echo("The database and the static files are up to date.")


@main.command()
@click.argument("name")
@click.option(
    "--kind", type=click.Choice(["PLATFORM", "REGION", "OPERATOR", "TEAM"]), required=True
)
@click.option("--parent", type=int, help="Number of the node above; not for the platform.")
@click.option("--city", default="")
def createorg(name: str, kind: str, parent: int | None, city: str) -> None:
    """Create a node of the organisation tree and print its number."""
    _django()
    from panshi.config import founding

    click.echo(founding.create_org(name=name, kind=kind, parent=parent, city=city))


@main.command()
@click.argument("username")
@click.option("--org", type=int, required=True, help="Number of the node the person belongs to.")
@click.option("--name", "full_name", required=True)
@click.option("--role", "roles", multiple=True, required=True)
@click.password_option()
def createuser(
    username: str, org: int, full_name: str, roles: tuple[str, ...], password: str
) -> None:
    """Let a person sign in."""
    _django()
    from panshi.config import founding

    founding.create_user(
        username=username, org_id=org, full_name=full_name, roles=roles, password=password
    )
    click.echo(f"{username} can sign in.")


@main.command()
@click.argument("file", type=click.File("rb"), default="-")
def decode(file: Any) -> None:
    """Hex frames, one a line (or JSON lines with `hex`), to JSON lines; never a traceback."""
    from panshi.wire.decode import decode_lines

    lines = (line.decode("utf-8", "replace") for line in file)
    for answer in decode_lines(lines=lines):
        click.echo(json.dumps(answer, ensure_ascii=False))


@main.command(name="status")
def status_() -> None:
    """What the supervisor of this home says of its processes."""
    status = supervisor.read_status(home.current().run)
    if status is None:
        raise click.ClickException(f"Nothing runs in {home.current().path}. Start it: panshi up")
    for child in status.children:
        click.echo(f"{child.name:10} {child.state:9} pid {child.pid}  restarts {child.restarts}")


@main.command()
def psql() -> None:
    """Open the embedded database's own dsn as the owner: prints how to connect."""
    where = postgres.dsn(home.current(), "panshi_owner")
    click.echo(" ".join(f"{key}={value}" for key, value in where.items()))


for _command in (terminals.gateway, terminals.ingest, terminals.replay):
    main.add_command(_command)


main.add_command(demo_commands.group(_django))
main.add_command(demo_commands.welcome)
for _tool in tools.commands(_django):
    main.add_command(_tool)
