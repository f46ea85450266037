from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from panshi.kit import navigation
from panshi.kit.navigation import Page


class ServiceConfig(AppConfig):
    name = "panshi.service"
    label = "service"

    def ready(self) -> None:
        navigation.register(
            Page(
                section="service",
                label=_("Board of the day"),
                url_name="service-board",
                permission="service.view",
                icon="calendar-time",
                order=10,
            ),
            Page(
                section="service",
                label=_("Work orders"),
                url_name="service-orders",
                permission="service.view",
                icon="tool",
                order=20,
            ),
            Page(
                section="service",
                label=_("Conversations"),
                url_name="service-talks",
                permission="service.view",
                icon="messages",
                order=25,
            ),
            Page(
                section="service",
                label=_("Service catalogue"),
                url_name="service-catalogue",
                permission="service.view",
                icon="book",
                order=30,
            ),
        )
