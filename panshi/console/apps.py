from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from panshi.kit.navigation import Page, register


class ConsoleConfig(AppConfig):
    name = "panshi.console"
    label = "console"

    def ready(self) -> None:
        register(
            Page(section="home", label=_("Workbench"), url_name="home", icon="home", order=1),
            Page(
                section="settings",
                label=_("Organisation tree"),
                url_name="console-organisation",
                permission="org.view",
                icon="sitemap",
                order=5,
            ),
            Page(
                section="settings",
                label=_("Staff"),
                url_name="console-staff",
                permission="org.view",
                icon="users",
                order=10,
            ),
            Page(
                section="settings",
                label=_("Audit"),
                url_name="console-audit",
                permission="org.read_audit",
                icon="shield-check",
                order=90,
            ),
        )
