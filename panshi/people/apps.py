from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from panshi.kit import navigation
from panshi.kit.navigation import Page


class PeopleConfig(AppConfig):
    name = "panshi.people"
    label = "people"

    def ready(self) -> None:
        navigation.register(
            Page(
                section="people",
                label=_("Engineers"),
                url_name="people-engineers",
                permission="people.view",
                icon="users",
                order=10,
            ),
            Page(
                section="people",
                label=_("Shifts"),
                url_name="people-shifts",
                permission="people.view",
                icon="calendar-event",
                order=20,
            ),
        )
