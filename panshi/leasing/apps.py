from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from panshi.kit import guards, navigation, strips
from panshi.kit.navigation import Page


class LeasingConfig(AppConfig):
    name = "panshi.leasing"
    label = "leasing"

    def ready(self) -> None:
        navigation.register(
            Page(
                section="leasing",
                label=_("Leases"),
                url_name="leasing-leases",
                permission="leasing.view",
                icon="file-text",
                order=10,
            )
        )
        navigation.register(
            Page(
                section="leasing",
                label=_("Quotes"),
                url_name="leasing-quotes",
                permission="leasing.view",
                icon="file-text",
                order=5,
            )
        )
        navigation.register(
            Page(
                section="leasing",
                label=_("Contracts"),
                url_name="leasing-contracts",
                permission="leasing.view",
                icon="file-certificate",
                order=20,
            )
        )
        navigation.register(
            Page(
                section="leasing",
                label=_("Traffic violations"),
                url_name="leasing-violations",
                permission="leasing.view",
                icon="alert-triangle",
                order=30,
            )
        )
        navigation.register(
            Page(
                section="leasing",
                label=_("Accidents and claims"),
                url_name="leasing-claims",
                permission="leasing.view",
                icon="shield-check",
                order=32,
            )
        )
        navigation.register(
            Page(
                section="leasing",
                label=_("Moving in"),
                url_name="leasing-move-in",
                permission="leasing.stage_workbook",
                icon="file-import",
                order=90,
            )
        )
        from panshi.leasing.restraint_pages import WORDS
        from panshi.leasing.restraint_pages import strips as offer

        guards.speak(WORDS)
        strips.register("leasing.restraint", offer=offer, permission="leasing.view")
