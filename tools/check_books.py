"""Add up what Panshi exported, without Panshi: plain Python, nothing imported from it.

    python tools/check_books.py ledger FILE.beancount    entries balance, totals as asserted
    python tools/check_books.py shares FILE.csv [TOTAL]  parts sum to what was collected

Prints what it found; leaves with 1 when something does not add up.
"""

import csv
import re
import sys
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

_HEAD = re.compile(r"^(\d{4}-\d{2}-\d{2}) \* ")
_LEG = re.compile(r"^  ([A-Z][\w:]*)\s+(-?\d+(?:\.\d+)?) CNY$")
_ASSERTED = re.compile(r"^(\d{4}-\d{2}-\d{2}) balance ([A-Z][\w:]*)\s+(-?\d+(?:\.\d+)?) CNY$")


def check_ledger(text: str) -> list[str]:
    """What does not add up in a book of beancount text; nothing when all does."""
    wrong: list[str] = []
    totals: dict[str, Decimal] = defaultdict(Decimal)
    asserted: dict[str, Decimal] = {}
    entries = 0
    head = ""
    legs: list[Decimal] = []

    def close() -> None:
        if head and (sum(legs) != 0 or len(legs) < 2):
            wrong.append(f"entry of {head}: {len(legs)} legs sum to {sum(legs)}")

    for line in text.splitlines():
        if _HEAD.match(line):
            close()
            head, legs = line, []
            entries += 1
        elif found := _LEG.match(line):
            amount = Decimal(found[2])
            legs.append(amount)
            totals[found[1]] += amount
        elif found := _ASSERTED.match(line):
            asserted[found[2]] = Decimal(found[3])
    close()
    if sum(totals.values()) != 0:
        wrong.append(f"all accounts together: {sum(totals.values())}")
    wrong += [
        f"{account}: legs {totals[account]}, asserted {asserted.get(account, Decimal(0))}"
        for account in sorted({*totals, *asserted})
        if totals[account] != asserted.get(account, Decimal(0))
    ]
    if not entries:
        wrong.append("no entries")
    return wrong


def check_shares(text: str, total: Decimal | None = None) -> list[str]:
    """What does not add up in the lines of a settlement; nothing when all does."""
    wrong: list[str] = []
    parts: dict[str, Decimal] = defaultdict(Decimal)
    added: dict[str, Decimal] = {}
    whole: set[str] = set()
    rows = list(csv.DictReader(text.splitlines()))
    for row in rows:
        parts[row["accrual"]] += Decimal(row["amount"])
        added[row["accrual"]] = Decimal(row["added"])
        # The lines of another book show only what went to this one.
        if row["party"] == "OPERATOR":
            whole.add(row["accrual"])
    wrong += [
        f"accrual {one}: parts {parts[one]}, collected {added[one]}"
        for one in sorted(whole)
        if parts[one] != added[one]
    ]
    found = sum((Decimal(row["amount"]) for row in rows), Decimal(0))
    if total is not None and found != total:
        wrong.append(f"all lines: {found}, said {total}")
    return wrong


def main(words: list[str]) -> int:
    if len(words) < 2 or words[0] not in ("ledger", "shares"):
        sys.stderr.write(__doc__ or "")
        return 2
    text = Path(words[1]).read_text(encoding="utf-8")
    if words[0] == "ledger":
        wrong = check_ledger(text)
    else:
        wrong = check_shares(text, Decimal(words[2]) if len(words) > 2 else None)
    sys.stdout.write("\n".join(wrong or ["all adds up"]) + "\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
