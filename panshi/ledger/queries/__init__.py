"""Questions to the ledger: entries, sums, months, the export."""

from panshi.ledger.queries.entries import (
    KIND_WORDS,
    EntryCard,
    LegRow,
    accounts,
    entries_of,
    entries_of_sources,
    entry_card,
    journal,
)
from panshi.ledger.queries.export import export_beancount
from panshi.ledger.queries.months import PeriodRow, books_closed_in, periods
from panshi.ledger.queries.sums import (
    BalanceRow,
    DaySum,
    PostingPage,
    PostingRow,
    TrialRow,
    balances,
    changes_waiting,
    customer_balance,
    daily_sums,
    posting_page,
    trial_balance,
)

__all__ = [
    "KIND_WORDS",
    "BalanceRow",
    "DaySum",
    "EntryCard",
    "LegRow",
    "PeriodRow",
    "PostingPage",
    "PostingRow",
    "TrialRow",
    "accounts",
    "balances",
    "books_closed_in",
    "changes_waiting",
    "customer_balance",
    "daily_sums",
    "entries_of",
    "entries_of_sources",
    "entry_card",
    "export_beancount",
    "journal",
    "periods",
    "posting_page",
    "trial_balance",
]
