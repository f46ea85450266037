"""Questions to the ledger: entries, sums, months, the export."""

from panshi.ledger.queries.counting import Counted
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
from panshi.ledger.queries.invariants import (
    BookStanding,
    PromiseStanding,
    broken_promises,
    promises,
)
from panshi.ledger.queries.months import (
    MonthCheck,
    PeriodRow,
    SumChange,
    books_closed_in,
    changes_since_closing,
    month_checks,
    period_of,
    periods,
)
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
    "BookStanding",
    "Counted",
    "DaySum",
    "EntryCard",
    "LegRow",
    "MonthCheck",
    "PeriodRow",
    "PostingPage",
    "PostingRow",
    "PromiseStanding",
    "SumChange",
    "TrialRow",
    "accounts",
    "balances",
    "books_closed_in",
    "broken_promises",
    "changes_since_closing",
    "changes_waiting",
    "customer_balance",
    "daily_sums",
    "entries_of",
    "entries_of_sources",
    "entry_card",
    "export_beancount",
    "journal",
    "month_checks",
    "period_of",
    "periods",
    "posting_page",
    "promises",
    "trial_balance",
]
