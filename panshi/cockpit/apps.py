from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from panshi.kit import home, navigation
from panshi.kit.home import Panel
from panshi.kit.navigation import Page

_VIEW = "cockpit.view"


class CockpitConfig(AppConfig):
    name = "panshi.cockpit"
    label = "cockpit"

    def ready(self) -> None:
        from panshi.cockpit.views import home_tiles

        navigation.register(
            Page(section="cockpit", label=_("Cockpit"), url_name="cockpit", permission=_VIEW,
                 icon="dashboard", order=10),
            Page(section="cockpit", label=_("Alerts"), url_name="cockpit-alerts",
                 permission=_VIEW, icon="alert-circle", order=20),
            Page(section="cockpit", label=_("Targets"), url_name="cockpit-targets",
                 permission=_VIEW, icon="target", order=30),
            Page(section="cockpit", label=_("Budget"), url_name="cockpit-budget",
                 permission=_VIEW, icon="report-money", order=40),
            Page(section="cockpit", label=_("Risk register"), url_name="cockpit-risks",
                 permission=_VIEW, icon="shield-check", order=50),
            Page(section="cockpit", label=_("Roll-out plans"), url_name="cockpit-plans",
                 permission="cockpit.view_launch", icon="flag", order=60),
            Page(section="cockpit", label=_("Wall screen"), url_name="cockpit-wall",
                 permission=_VIEW, icon="device-desktop", order=70),
        )  # fmt: skip
        home.register(
            Panel(
                name="cockpit-figures",
                zone="figures",
                title=_("Figures of this month"),
                rows=home_tiles,
                permission=_VIEW,
                order=10,
                facts=("cockpit.*", "billing.*", "ledger.*", "fleet.*"),
            )
        )
