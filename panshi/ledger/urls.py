from django.urls import path

from panshi.ledger import views

urlpatterns = [
    path("finance/journal/", views.journal, name="ledger-journal"),
    path("finance/trial-balance/", views.trial_balance, name="ledger-trial-balance"),
    path("finance/trial-balance/close/", views.close_month, name="ledger-close-month"),
    path("finance/book.beancount", views.book, name="ledger-book"),
]
