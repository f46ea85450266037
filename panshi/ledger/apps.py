from django.apps import AppConfig


class LedgerConfig(AppConfig):
    name = "panshi.ledger"
    label = "ledger"
