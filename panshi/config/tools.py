"""Tools of the command line: handbook, benchmarks, indicators; moving in and out."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from panshi.config import home, moving, postgres
from panshi.config.home import Home

Prepare = Callable[[], None]
BENCHES = ("ingest", "billing", "log")


def commands(prepare: Prepare) -> list[click.Command]:
    """All tools; `prepare` sets Django up for those that need it."""
    return [_handbook(prepare), _bench(prepare), _indicators(prepare), *moving.commands(prepare)]


def _handbook(prepare: Prepare) -> click.Group:
    @click.group()
    def handbook() -> None:
        """The operations encyclopedia as files."""

    @handbook.command(name="import")
    @click.argument("folder", type=click.Path(exists=True, path_type=Path), required=False)
    def bring_in(folder: Path | None) -> None:
        """Bring a folder of content in; without FOLDER the content that ships."""
        prepare()
        from django.utils import timezone

        from panshi.handbook import content_command, content_files

        try:
            fact = content_command.bring_in(folder or content_files.SHIPPED, at=timezone.now())
        except LookupError:
            click.echo("There is no platform yet; the handbook comes with it.")
            return
        click.echo(f"Handbook: {fact.added} added, {fact.changed} changed, {fact.same} the same.")

    @handbook.command()
    @click.argument("folder", type=click.Path(path_type=Path))
    @click.option("--edition", default="", help="Its number; by default the one in force.")
    def export(folder: Path, edition: str) -> None:
        """Write an edition into a folder."""
        prepare()
        from panshi.handbook import content_command

        click.echo(f"{content_command.export(folder, number=edition)} files")

    @handbook.command()
    @click.argument("folder", type=click.Path(exists=True, path_type=Path), required=False)
    @click.option("--registry", is_flag=True, help="Against verbs and facts too.")
    def check(folder: Path | None, registry: bool) -> None:
        """Check content; exit 1 with findings."""
        prepare()
        from panshi.handbook import content_command, content_files

        report = content_command.check(folder or content_files.SHIPPED, with_registry=registry)
        for finding in report.findings:
            click.echo(f"{finding}")
        click.echo(
            f"{report.written} nodes written, {report.unwritten} being written, "
            f"{len(report.findings)} findings"
        )
        sys.exit(1 if report.findings else 0)

    @handbook.command()
    @click.argument("before")
    @click.argument("after")
    def diff(before: str, after: str) -> None:
        """Compare two folders or edition numbers, the heaviest change first."""
        prepare()
        from panshi.handbook import content_command

        for change in content_command.diff(before, after):
            click.echo(str(change))

    return handbook


def _bench(prepare: Prepare) -> click.Command:
    @click.command()
    @click.argument("name", type=click.Choice(BENCHES))
    @click.option("--seconds", default=60.0, show_default=True, help="How long to hold the load.")
    @click.option("--connections", default=2000, show_default=True, help="ingest: terminals.")
    @click.option("--rate", default=3000.0, show_default=True, help="ingest: messages a second.")
    @click.option("--plans", default=30_000, show_default=True, help="billing: leases.")
    @click.option("--inside", is_flag=True, hidden=True)
    def bench(
        name: str, seconds: float, connections: int, rate: float, plans: int, inside: bool
    ) -> None:
        """Measure beside a baseline, in a home of its own; the result as JSON."""
        if not inside:
            sys.exit(_in_scratch_home(sys.argv[1:]))
        prepare()
        click.echo(json.dumps(_measure(name, seconds, connections, rate, plans), default=str))

    return bench


def _measure(name: str, seconds: float, connections: int, rate: float, plans: int) -> Any:
    if name == "log":
        from panshi.bench.log import measure_log

        return measure_log(home.current().path / "bench", seconds)
    from panshi.config import founding

    founding.create_org(name="Bench", kind="PLATFORM", parent=None, city="杭州")
    if name == "billing":
        from panshi.bench.billing import measure_billing

        return measure_billing(plans)
    from panshi.bench.ingest import measure_ingest

    return measure_ingest(connections=connections, rate=rate, seconds=seconds)


def _in_scratch_home(words: list[str]) -> int:
    """Run the same command inside a fresh home with a server of its own; then throw it away."""
    with tempfile.TemporaryDirectory(prefix="panshi-bench-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)
        scratch = Home(Path(folder))
        environment = {**os.environ, "PANSHI_HOME": folder}
        with postgres.Server(scratch) as server:
            server.bootstrap()
            panshi = [sys.executable, "-m", "panshi"]
            subprocess.run(
                [*panshi, "migrate", "--no-static"], env=environment, check=True, stdout=sys.stderr
            )
            return subprocess.run([*panshi, *words, "--inside"], env=environment).returncode


def _indicators(prepare: Prepare) -> click.Group:
    @click.group()
    def indicators() -> None:
        """The cockpit's figures."""

    @indicators.command()
    @click.option("--days", default=30, show_default=True)
    def check(days: int) -> None:
        """Recompute what was counted from its source rows; exit 1 where they differ."""
        prepare()
        from django.utils import timezone

        from panshi.cockpit import queries
        from panshi.kit.clock import local_day
        from panshi.kit.tenancy import hq_actor

        today = local_day(timezone.now())
        found = queries.check_indicators(
            since=today - timedelta(days=days), until=today + timedelta(days=1), actor=hq_actor()
        )
        for difference in found:
            click.echo(str(difference))
        click.echo(f"{len(found)} differences in {days} days")
        sys.exit(1 if found else 0)

    return indicators
