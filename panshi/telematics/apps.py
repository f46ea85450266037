from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from panshi.kit import guards, navigation, strips
from panshi.kit.navigation import Page


class TelematicsConfig(AppConfig):
    name = "panshi.telematics"
    label = "telematics"

    def ready(self) -> None:
        navigation.register(
            Page(
                section="telematics",
                label=_("Live map"),
                url_name="telematics-map",
                permission="telematics.view",
                icon="map",
                order=10,
            ),
            Page(
                section="telematics",
                label=_("Orders to vehicles"),
                url_name="telematics-commands",
                permission="telematics.view",
                icon="shield-lock",
                order=30,
            ),
            Page(
                section="telematics",
                label=_("Terminals"),
                url_name="telematics-devices",
                permission="telematics.view",
                icon="antenna",
                order=40,
            ),
        )
        from panshi.telematics.command_pages import WORDS
        from panshi.telematics.command_pages import strips as offer

        guards.speak(WORDS)
        strips.register("telematics.commands", offer=offer, permission="telematics.view")
