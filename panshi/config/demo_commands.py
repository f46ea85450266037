"""`panshi demo …` and `panshi welcome`: found the demo company, let it live, show how to get in."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import click

from panshi.config import home, supervisor

Prepare = Callable[[], None]


def group(prepare: Prepare) -> click.Group:
    """The demo's commands; `prepare` sets Django up for those that need it."""

    @click.group()
    def demo() -> None:
        """The demo company: invented people, real protocols, two years of business."""

    @demo.command()
    @click.option("--seed", default=20260101, show_default=True)
    def found(seed: int) -> None:
        """Found the company, unless this home has one already."""
        prepare()
        from panshi.demo import company

        try:
            company.found(seed=seed, say=click.echo)
        except company.FoundingInterrupted as error:
            raise click.ClickException(str(error)) from error

    @demo.command()
    def live() -> None:
        """Let vehicles drive and people act until stopped."""
        prepare()
        from panshi.demo import life

        life.run()

    @demo.command()
    @click.confirmation_option(prompt="Throw away everything in this home?")
    def reset() -> None:
        """Throw the whole home away: company, frames, files, keys. The next run founds anew."""
        here = home.current()
        if supervisor.read_status(here.run) is not None:
            raise click.ClickException(f"Stop it first: something runs in {here.path}.")
        for folder in {here.database_base, here.path}:
            shutil.rmtree(folder, ignore_errors=True)
        click.echo(f"{here.path} is empty now.")

    return demo


@click.command()
@click.option("--address", required=True)
def welcome(address: str) -> None:
    """Print the address and, for the demo company, a sign-in for each role."""
    click.echo(f"Panshi is ready: {address}")
    file: Path = home.current().run / "demo-sign-ins.json"
    if not file.is_file():
        click.echo("Found a company: panshi createorg NAME --kind PLATFORM, then panshi createuser")
        return
    click.echo(f"{'role':15} {'user name':12} {'password':14} where")
    for role, username, password, org_name in json.loads(file.read_text(encoding="utf-8")):
        click.echo(f"{role:15} {username:12} {password:14} {org_name}")
