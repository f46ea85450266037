from django.urls import path

from panshi.ledger import month_pages, views

urlpatterns = [
    path("finance/journal/", views.journal, name="ledger-journal"),
    path("finance/journal/<uuid:entry_id>/", views.entry, name="ledger-entry"),
    path("finance/trial-balance/", views.trial_balance, name="ledger-trial-balance"),
    path("finance/months/", month_pages.months, name="ledger-months"),
    path("finance/months/close/", month_pages.close_month, name="ledger-close-month"),
    path("finance/months/ask/", month_pages.ask_reopening, name="ledger-ask-reopening"),
    path("finance/months/reopen/", month_pages.reopen_month, name="ledger-reopen-month"),
    path("finance/invariants/", month_pages.invariants, name="ledger-invariants"),
    path("finance/invariants/check/", month_pages.check_invariants, name="ledger-check-invariants"),
    path("finance/book.beancount", views.book, name="ledger-book"),
]
