from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from panshi.kit import navigation
from panshi.kit.navigation import Page


class LedgerConfig(AppConfig):
    name = "panshi.ledger"
    label = "ledger"

    def ready(self) -> None:
        navigation.register(
            Page(
                section="finance",
                label=_("Journal"),
                url_name="ledger-journal",
                permission="ledger.view",
                icon="book",
                order=60,
            ),
            Page(
                section="finance",
                label=_("Trial balance"),
                url_name="ledger-trial-balance",
                permission="ledger.view",
                icon="scale",
                order=70,
            ),
            Page(
                section="finance",
                label=_("Month's end"),
                url_name="ledger-months",
                permission="ledger.view",
                icon="lock",
                order=80,
            ),
            Page(
                section="finance",
                label=_("Promises of the books"),
                url_name="ledger-invariants",
                permission="ledger.view",
                icon="shield-check",
                order=90,
            ),
        )
