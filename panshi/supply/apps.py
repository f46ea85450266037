from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from panshi.kit import navigation
from panshi.kit.navigation import Page


class SupplyConfig(AppConfig):
    name = "panshi.supply"
    label = "supply"

    def ready(self) -> None:
        navigation.register(
            Page(
                section="supply",
                label=_("Stock by place"),
                url_name="supply-locations",
                permission="supply.view",
                icon="packages",
                order=10,
            )
        )
        navigation.register(
            Page(
                section="supply",
                label=_("Stock in the books"),
                url_name="supply-worth",
                permission="supply.view",
                icon="scale",
                order=20,
            )
        )
        navigation.register(
            Page(
                section="supply",
                label=_("Invoices of suppliers"),
                url_name="supply-invoices",
                permission="supply.view",
                icon="receipt",
                order=30,
            )
        )
