"""Verbs of the ledger: post, reverse, close and reopen a month, keep the sums of months."""

from panshi.ledger.services.between import NewTransfer, post_between
from panshi.ledger.services.invariants import check_invariants
from panshi.ledger.services.months import (
    MonthNotReady,
    NoReason,
    SamePerson,
    ask_reopening,
    close_month,
    reopen_month,
)
from panshi.ledger.services.posting import (
    AlreadyReversed,
    BooksDisagree,
    NewEntry,
    NewPosting,
    PeriodClosed,
    Posted,
    Unbalanced,
    UnknownAccount,
    legs_of,
    open_stage,
    post_entries,
    post_staged,
    reverse_entries,
    reverse_entry,
)
from panshi.ledger.services.sums import fold_sums, recount_sums

__all__ = [
    "AlreadyReversed",
    "BooksDisagree",
    "MonthNotReady",
    "NewEntry",
    "NewPosting",
    "NewTransfer",
    "NoReason",
    "PeriodClosed",
    "Posted",
    "SamePerson",
    "Unbalanced",
    "UnknownAccount",
    "ask_reopening",
    "check_invariants",
    "close_month",
    "fold_sums",
    "legs_of",
    "open_stage",
    "post_between",
    "post_entries",
    "post_staged",
    "recount_sums",
    "reopen_month",
    "reverse_entries",
    "reverse_entry",
]
