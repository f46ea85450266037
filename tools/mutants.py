"""Break one rule at a time in a copy of the house, and see that the test named for it fails.

    make mutants                         all of them
    python tools/mutants.py ties lock    these only
    python tools/mutants.py --list       what there is

A test that still passes with its rule broken proves nothing: the mutant survived, and the exit code
is 1. Each mutant is a replacement of text that stands exactly once in one file. The tests must pass
in the unbroken copy first.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
TIMEOUT: Final = 600
_LEFT_OUT: Final = shutil.ignore_patterns(
    ".git", ".venv", "node_modules", "__pycache__", ".*_cache"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """A rule, where it stands, what is put in its place, and the test that has to notice."""

    name: str
    rule: str
    file: str
    old: str
    new: str
    test: str


MUTANTS: Final = (
    Mutant(
        name="half-up",
        rule="half a fen is rounded up, never to the even",
        file="panshi/kit/money.py",
        old="rounding=ROUND_HALF_UP)",
        new='rounding="ROUND_HALF_EVEN")',
        test="panshi/billing/tests/test_rules.py",
    ),
    Mutant(
        name="clamp",
        rule="a month's anchor is clamped to the month's end",
        file="panshi/kit/clock.py",
        old="min(anchor.day, monthrange(year, month + 1)[1])",
        new="min(anchor.day, 28)",
        test="panshi/billing/tests/test_rules.py",
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
        old="AS added FOR EACH STATEMENT EXECUTE FUNCTION ledger_check_legs()",
        new="AS added FOR EACH STATEMENT WHEN (false) EXECUTE FUNCTION ledger_check_legs()",
        test="panshi/ledger/tests/test_post_entries.py",
    ),
    Mutant(
        name="policy",
        rule="a neighbour sees and writes nothing",
        file="panshi/kit/walls.py",
        old='f"CREATE POLICY app ON {table} TO panshi_app"\n'
        '            f" USING ({column} {_OWN}) WITH CHECK ({column} {_OWN})"',
        new='f"CREATE POLICY app ON {table} TO panshi_app"\n'
        '            " USING (true) WITH CHECK (true)"',
        test="panshi/org/tests/test_walls.py",
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


def _run(copy: Path, tests: list[str]) -> Outcome:
    """Run tests in the copy, by the Python that runs this."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--no-header"]
    environment = os.environ | {"PYTHONPATH": str(copy)}
    try:
        done = subprocess.run(
            [*command, *tests],
            cwd=copy,
            env=environment,
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


def _try(copy: Path, mutant: Mutant) -> str:
    """Break the rule, run its test, mend the rule; answers what is wrong, or nothing."""
    path = copy / mutant.file
    text = path.read_text()
    if text.count(mutant.old) != 1:
        return f"its text stands {text.count(mutant.old)} times in {mutant.file}"
    path.write_text(text.replace(mutant.old, mutant.new))
    try:
        outcome = _run(copy, [mutant.test])
    finally:
        path.write_text(text)
    if outcome.failed:
        return ""
    if outcome.passed:
        return f"SURVIVED: {mutant.test} still passes"
    return f"its test did not run:\n{outcome.tail}"


def main(names: list[str]) -> int:
    """Try the mutants of these names, or all. Answers the exit code."""
    known = {mutant.name: mutant for mutant in MUTANTS}
    if names == ["--list"]:
        for mutant in MUTANTS:
            sys.stdout.write(f"{mutant.name:12} {mutant.rule}  ({mutant.test})\n")
        return 0
    if unknown := [name for name in names if name not in known]:
        sys.stderr.write(f"no such mutant: {', '.join(unknown)}\n")
        return 2
    chosen = [known[name] for name in names] or list(MUTANTS)
    wrong = 0
    with tempfile.TemporaryDirectory(prefix="panshi-mutants-") as folder:
        copy = Path(folder) / "house"
        shutil.copytree(ROOT, copy, ignore=_LEFT_OUT, symlinks=True)
        whole = _run(copy, sorted({mutant.test for mutant in chosen}))
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


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
