"""Break one rule at a time, and see that the test named for it fails.

    make mutants                         all of them
    python -m tools.mutants ties lock    these only
    python -m tools.mutants --changed    those whose file or test differs from origin/main
    python -m tools.mutants --list       what there is

A test that still passes with its rule broken proves nothing: the mutant survived, and the exit code
is 1. A mutant replaces text that stands exactly once in one file of a copy of the house, or it is
SQL run on a copy of the database that the migrations make. One PostgreSQL serves all runs, and the
tests must pass unbroken first.
"""

import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from psycopg import sql

from tests import environment
from tests.environment import GUEST

ROOT: Final = Path(__file__).resolve().parent.parent

TIMEOUT: Final = 600
BASE: Final = "origin/main"
BROKEN: Final = "panshi_broken"
_LEFT_OUT: Final = shutil.ignore_patterns(
    ".git", ".venv", "node_modules", "__pycache__", ".*_cache", "artifacts", "docs"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """A rule, where it stands, what is put in its place, and the test that has to notice.

    `sql` breaks what the database keeps; then `old` and `new` are not used.
    """

    name: str
    rule: str
    file: str
    test: str
    old: str = ""
    new: str = ""
    sql: str = ""


MUTANTS: Final = (
    Mutant(
        name="half-up",
        rule="half a fen is rounded up, never to the even",
        file="panshi/kit/money.py",
        old="rounding=ROUND_HALF_UP)",
        new='rounding="ROUND_HALF_EVEN")',
        test="panshi/billing/tests/test_rules.py"
        "::test_half_a_fen_is_rounded_up_and_a_negative_as_its_positive",
    ),
    Mutant(
        name="clamp",
        rule="a month's anchor is clamped to the month's end",
        file="panshi/kit/clock.py",
        old="min(anchor.day, monthrange(year, month + 1)[1])",
        new="min(anchor.day, 28)",
        test="panshi/billing/tests/test_rules.py::test_p1_periods_are_reckoned_from_the_anchor",
    ),
    Mutant(
        name="range-end",
        rule="the moment of a return no longer belongs to who gave the vehicle back",
        file="panshi/leasing/queries/violations.py",
        old="s.held @> asked.at\n",
        new="asked.at BETWEEN lower(s.held) AND COALESCE(upper(s.held), 'infinity')\n",
        test="panshi/leasing/tests/test_violations.py"
        "::test_ten_thousand_go_to_who_held_the_vehicle_at_the_moment",
    ),
    Mutant(
        name="ties",
        rule="of equal remainders the earlier part takes the fen",
        file="panshi/kit/money.py",
        old="(-shares[i][1], i)",
        new="(-shares[i][1], -i)",
        test="panshi/billing/tests/test_rules.py"
        "::test_a_split_is_by_largest_remainder_ties_to_the_earlier",
    ),
    Mutant(
        name="vat-by-line",
        rule="the VAT of a bill is the sum of its lines', each rounded by itself",
        file="panshi/billing/services/issuing.py",
        old="3, '2221.01', -vat FROM lines",
        new="3, '2221.01', -round(gross * 6 / 106, 4) FROM lines",
        test="panshi/billing/tests/test_raise_bill.py::test_posts_gross_net_and_vat_by_line",
    ),
    Mutant(
        name="guard",
        rule="a restraint needs a debt that is open",
        file="panshi/leasing/services/restraint.py",
        old="holds=amount is not None and amount > terms.min_debt",
        new="holds=True",
        test="panshi/leasing/tests/test_restraint.py"
        "::test_a_debt_of_no_more_than_the_minimum_warrants_nothing",
    ),
    Mutant(
        name="trigger",
        rule="the database refuses an entry that does not sum to zero",
        file="panshi/ledger/migrations/0002_walls.py",
        sql="ALTER TABLE ledger_posting DISABLE TRIGGER an_entry_sums_to_zero",
        test="panshi/ledger/tests/test_post_entries.py::test_plain_sql_cannot_unbalance_the_book",
    ),
    Mutant(
        name="policy",
        rule="a neighbour sees and writes nothing",
        file="panshi/kit/walls.py",
        sql="ALTER POLICY app ON org_user USING (true) WITH CHECK (true)",
        test="panshi/org/tests/test_walls.py::test_a_neighbour_sees_and_writes_nothing",
    ),
    Mutant(
        name="lock",
        rule="one transaction at a time decides about a vehicle",
        file="panshi/leasing/services/common.py",
        old="SELECT pg_advisory_xact_lock(hashtextextended(%s, 7))",
        new="SELECT hashtextextended(%s, 7)",
        test="panshi/leasing/tests/test_rivals.py"
        "::test_who_decides_about_a_vehicle_keeps_all_others_waiting",
    ),
    Mutant(
        name="idempotency",
        rule="a second press of a button answers the first one's fact",
        file="panshi/kit/web.py",
        old="        if not new:\n",
        new="        if new is None:\n",
        test="panshi/billing/tests/test_credit_pages.py::test_a_bill_is_given_back_from_its_page",
    ),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many tests passed and failed; neither when they could not be run."""

    passed: int
    failed: int
    tail: str


def _run(copy: Path, tests: Sequence[str], template: str) -> Outcome:
    """Run tests in the copy, by the Python that runs this, on clones of a template database."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "--no-header"]
    surroundings = os.environ | {"PYTHONPATH": str(copy), GUEST: template}
    try:
        done = subprocess.run(
            [*command, *tests],
            cwd=copy,
            env=surroundings,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Outcome(0, 0, f"no end after {TIMEOUT} s")
    counts = {word: int(n) for n, word in re.findall(r"(\d+) (passed|failed)", done.stdout)}
    if not counts and done.returncode == 0:
        # Quiet output has no counts of its own when all is well.
        counts = {"passed": done.stdout.count(".")}
    failed = counts.get("failed", 0) or len(re.findall(r"^FAILED ", done.stdout, re.MULTILINE))
    tail = "\n".join((done.stdout + done.stderr).splitlines()[-15:])
    return Outcome(counts.get("passed", 0), failed, tail)


def _broken_database(statement: str) -> None:
    """A copy of the template database in which a statement was run."""
    name = sql.Identifier(BROKEN)
    with environment.connect("postgres", "postgres") as superuser:
        superuser.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
        superuser.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER panshi_owner").format(
                name, sql.Identifier(environment.TEMPLATE)
            )
        )
    with environment.connect("postgres", BROKEN) as superuser:
        superuser.execute(statement)


def _try(copy: Path, mutant: Mutant) -> str:
    """Break the rule, run its test, mend the rule; answers what is wrong, or nothing."""
    path = copy / mutant.file
    text = path.read_text()
    if mutant.sql:
        _broken_database(mutant.sql)
        outcome = _run(copy, [mutant.test], BROKEN)
    elif text.count(mutant.old) != 1:
        return f"its text stands {text.count(mutant.old)} times in {mutant.file}"
    else:
        path.write_text(text.replace(mutant.old, mutant.new))
        try:
            outcome = _run(copy, [mutant.test], environment.TEMPLATE)
        finally:
            path.write_text(text)
    if outcome.failed:
        return ""
    if outcome.passed:
        return f"SURVIVED: {mutant.test} still passes"
    return f"its test did not run:\n{outcome.tail}"


def _git(*command: str) -> list[str] | None:
    """The lines that git answers, or nothing where it cannot."""
    done = subprocess.run(["git", *command], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.split("\n") if done.returncode == 0 else None


def changed() -> list[Mutant]:
    """Those whose file or test differs from BASE; all of them when nobody can tell."""
    since = _git("merge-base", "HEAD", BASE)
    differing = _git("diff", "--name-only", since[0]) if since else None
    if differing is None or "tools/mutants.py" in differing:
        return list(MUTANTS)
    return [m for m in MUTANTS if {m.file, m.test.split("::")[0]} & set(differing)]


def _chosen(names: list[str]) -> list[Mutant]:
    if names == ["--changed"]:
        return changed()
    known = {mutant.name: mutant for mutant in MUTANTS}
    if unknown := [name for name in names if name not in known]:
        sys.exit(f"no such mutant: {', '.join(unknown)}")
    return [known[name] for name in names] or list(MUTANTS)


def _try_all(chosen: Sequence[Mutant]) -> int:
    wrong = 0
    with tempfile.TemporaryDirectory(prefix="panshi-mutants-") as folder:
        copy = Path(folder) / "house"
        shutil.copytree(ROOT, copy, ignore=_LEFT_OUT, symlinks=True)
        whole = _run(copy, sorted({mutant.test for mutant in chosen}), environment.TEMPLATE)
        if whole.failed or not whole.passed:
            sys.stderr.write(f"The tests do not pass in the unbroken copy:\n{whole.tail}\n")
            return 2
        for mutant in chosen:
            began = time.monotonic()
            fault = _try(copy, mutant)
            wrong += bool(fault)
            took = time.monotonic() - began
            sys.stdout.write(f"{mutant.name:12} {fault or 'noticed'}  {took:.0f} s\n")
            sys.stdout.flush()
    return 1 if wrong else 0


def main(names: list[str]) -> int:
    """Try the mutants of these names, or all. Answers the exit code."""
    if names == ["--list"]:
        for mutant in MUTANTS:
            sys.stdout.write(f"{mutant.name:12} {mutant.rule}  ({mutant.test})\n")
        return 0
    chosen = _chosen(names)
    if not chosen:
        sys.stdout.write(f"no rule with a mutant differs from {BASE}\n")
        return 0
    try:
        environment.ensure_server()
        code = _try_all(chosen)
    finally:
        environment.end()
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    sys.stdout.write(f"{len(chosen)} mutants, {spent.ru_utime + spent.ru_stime:.0f} s of CPU\n")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
