"""Tools of the command line: handbook, benchmarks, indicators; moving in and out."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
import psycopg

from panshi.config import home, moving, postgres, roles
from panshi.config.home import Home

Prepare = Callable[[], None]
BENCHES = (
    "ingest",
    "billing",
    "ledger",
    "finance-board",
    "compliance",
    "documents",
    "dunning",
    "import",
    "tenancy",
    "log",
    "history",
    "matching",
    "pages",
    "lease-race",
    "callbacks",
    "search",
    "runs",
)


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
        from panshi.handbook import content_check, content_files

        known = None
        if registry:
            prepare()
            from panshi.handbook import registry as house

            known = house.read()
        report = content_check.check(folder or content_files.SHIPPED, registry=known)
        for finding in report.findings:
            click.echo(f"{finding}")
        click.echo(
            f"{report.written} nodes written, {report.unwritten} being written, "
            f"{len(report.findings)} findings"
        )
        sys.exit(1 if report.findings else 0)

    @handbook.command()
    @click.argument("folder", type=click.Path(exists=True, path_type=Path), required=False)
    def worst(folder: Path | None) -> None:
        """Name the texts most alike, and those with the least that is new."""
        from panshi.handbook import content_check, content_files

        alike, new = content_check.worst(folder or content_files.SHIPPED)
        for pair in alike:
            click.echo(f"{pair.share:.1%} alike: {pair.one} and {pair.other}")
        for share, slug in new:
            click.echo(f"{share:.0%} new beside its category: {slug}")
        sys.exit(1 if new and new[0][0] < content_check.LEAST_NEW else 0)

    @handbook.command()
    @click.argument("slug")
    def bpmn(slug: str) -> None:
        """Print the procedure of a node as BPMN 2.0 XML."""
        from panshi.handbook import content_check, content_files

        try:
            click.echo(content_check.bpmn(slug, content_files.SHIPPED), nl=False)
        except LookupError as error:
            raise click.UsageError(str(error)) from error

    @handbook.command()
    @click.argument("slugs", nargs=-1)
    @click.option("--all", "whole", is_flag=True, help="Every procedure of the edition in force.")
    @click.option("--runs", type=click.IntRange(min=1), default=99, help="At most, of each.")
    def play(slugs: tuple[str, ...], whole: bool, runs: int) -> None:
        """Play procedures along all their branches through the verbs and keep nothing of it."""
        if bool(slugs) == whole:
            raise click.UsageError("name procedures, or say --all")
        prepare()
        from django.utils import timezone

        from panshi.handbook import content_command

        found = content_command.play(slugs, runs=runs, at=timezone.now())
        for words in content_command.told_of(found):
            click.echo(words)
        sys.exit(1 if any(one.trouble for one in found) else 0)

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
    @click.option("--plans", default=30_000, show_default=True, help="Leases, vehicles or facts.")
    @click.option("--requests", default=60, show_default=True, help="pages: for each page.")
    @click.option(
        "--keep",
        type=click.Path(path_type=Path),
        help="pages: a home to found the company in, or to find it in again.",
    )
    @click.option("--json", "as_json", is_flag=True, help="On one line.")
    @click.option("--inside", is_flag=True, hidden=True)
    def bench(
        name: str,
        seconds: float,
        connections: int,
        rate: float,
        plans: int,
        requests: int,
        keep: Path | None,
        as_json: bool,
        inside: bool,
    ) -> None:
        """Measure beside a baseline, in a home of its own; the result as JSON."""
        if not inside:
            sys.exit(_in_a_home(sys.argv[1:], keep.resolve() if keep else None))
        prepare()
        if name == "pages":
            result = _measure_pages(requests)
        else:
            result = _measure(name, seconds, connections, rate, plans)
        click.echo(json.dumps(result, default=str, indent=None if as_json else 2))
        if "missed" in result:
            click.echo(f"goals missed: {'; '.join(result['missed']) or 'none'}", err=True)

    return bench


def _measure(name: str, seconds: float, connections: int, rate: float, plans: int) -> Any:
    if name == "log":
        from panshi.bench.log import measure_log

        return measure_log(_scratch(), seconds)
    if name == "history":
        from panshi.bench.history import measure_history

        return measure_history(_scratch())
    if name == "ledger":
        from panshi.bench.ledger import measure_ledger

        return measure_ledger(plans)
    if name == "matching":
        from panshi.bench.matching import measure_matching

        return measure_matching(lines=1000, bills=20_000)
    if name == "ingest":
        from panshi.bench.ingest import measure_ingest

        return measure_ingest(connections=connections, rate=rate, seconds=seconds)
    return _measure_founded(name, plans)


def _scratch() -> Path:
    """Room for files on the disk of the home, which is the one that is measured."""
    folder = home.current().path / "bench"
    folder.mkdir(exist_ok=True)
    return folder


def _measure_founded(name: str, plans: int) -> Any:
    """The benchmarks that need a platform, which they found."""
    from panshi.config import founding

    founding.create_org(name="Bench", kind="PLATFORM", parent=None, city="杭州")
    if name == "billing":
        from panshi.bench.billing import measure_billing

        return measure_billing(plans)
    if name == "compliance":
        from panshi.bench.compliance import measure_compliance

        return measure_compliance(plans)
    if name == "documents":
        from panshi.bench.documents import measure_documents

        return measure_documents()
    if name == "dunning":
        from panshi.bench.dunning import measure_dunning

        return measure_dunning(plans)
    if name == "import":
        from panshi.bench.importing import measure_import

        return measure_import(plans)
    if name == "tenancy":
        from panshi.bench.tenancy import measure_tenancy

        return measure_tenancy(plans)
    if name == "finance-board":
        from panshi.bench.ledger import measure_board

        return measure_board(plans)
    if name == "callbacks":
        from panshi.bench.callbacks import measure_callbacks

        return measure_callbacks()
    if name == "search":
        from panshi.bench.finding import measure_search

        return measure_search()
    if name == "runs":
        from panshi.bench.starting_runs import measure_runs

        where = postgres.dsn(home.current(), postgres.SUPERUSER)
        with psycopg.connect(**where, autocommit=True) as superuser:
            return measure_runs(plans, superuser)
    from panshi.bench.lease_race import measure_lease_race

    return measure_lease_race()


def _measure_pages(requests: int) -> Any:
    from django.utils import timezone

    from panshi.bench import pages
    from panshi.bench.company import Size
    from panshi.config.heap import settle

    def say(words: str) -> None:
        click.echo(words, err=True)

    where = home.current()
    if not pages.is_founded():
        pages.found(size=Size(), at=timezone.now(), say=say, shards=2, unguarded=_unguarded(where))
        with psycopg.connect(**postgres.dsn(where, roles.OWNER), autocommit=True) as owner:
            owner.execute("VACUUM (ANALYZE)")
        say("vacuumed")
    settle()  # As the server of the pages does.
    return pages.measure_pages(requests=requests, say=say)


@contextmanager
def _unguarded(where: Home) -> Iterator[None]:
    """Let the pages' login write without keys and triggers, in the benchmark's own server."""
    setting = f"ALTER ROLE {roles.WEB} {{}} session_replication_role"
    with psycopg.connect(**postgres.dsn(where, postgres.SUPERUSER), autocommit=True) as superuser:
        superuser.execute(f"{setting.format('SET')} = replica")
        try:
            yield
        finally:
            superuser.execute(setting.format("RESET"))


def _in_a_home(words: list[str], keep: Path | None) -> int:
    """Run the same command inside a home with a server of its own, thrown away unless kept."""
    with ExitStack() as opened:
        if keep is None:
            temporary = tempfile.TemporaryDirectory(
                prefix="panshi-bench-", ignore_cleanup_errors=True
            )
            folder = Path(opened.enter_context(temporary))
            folder.chmod(0o711)
        else:
            folder = keep
            folder.mkdir(mode=0o711, parents=True, exist_ok=True)
        environment = {**os.environ, "PANSHI_HOME": str(folder)}
        server = opened.enter_context(postgres.Server(Home(folder)))
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
