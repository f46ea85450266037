from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from panshi.kit import navigation
from panshi.kit.navigation import Page


class BillingConfig(AppConfig):
    name = "panshi.billing"
    label = "billing"

    def ready(self) -> None:
        navigation.register(
            *(
                Page(
                    section="finance",
                    label=label,
                    url_name=url_name,
                    permission="billing.view",
                    icon=icon,
                    order=order,
                )
                for label, url_name, icon, order in (
                    (_("Finance board"), "billing-board", "chart-bar", 10),
                    (_("Products and prices"), "billing-prices", "tag", 15),
                    (_("Bills"), "billing-bills", "receipt", 20),
                    (_("Receivables"), "billing-receivables", "hourglass", 30),
                    (_("Arrears"), "billing-arrears", "phone", 35),
                    (_("Payments"), "billing-payments", "credit-card", 40),
                    (_("Refunds"), "billing-refunds", "arrow-back-up", 42),
                    (_("Bank statements"), "billing-bank", "building", 44),
                    (_("Channel checks"), "billing-checks", "list-check", 46),
                    (_("Results of the vehicles"), "billing-vehicle-results", "truck", 47),
                    (_("Costs of vehicles"), "billing-costs", "receipt", 47),
                    (_("Depreciation"), "billing-depreciation", "gauge", 48),
                    (_("Billing runs"), "billing-runs", "player-play", 50),
                    (_("Invoices"), "billing-invoices", "file-invoice", 52),
                    (_("Shares and settlement"), "billing-shares", "percentage", 54),
                    (_("Financed receivables"), "billing-financings", "cash", 56),
                )
            )
        )
