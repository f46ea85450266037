from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from panshi.kit import home, navigation, search
from panshi.kit.home import Panel
from panshi.kit.navigation import Page


class FleetConfig(AppConfig):
    name = "panshi.fleet"
    label = "fleet"

    def ready(self) -> None:
        from panshi.fleet import deadlines, lists

        navigation.register(
            Page(
                section="fleet",
                label=_("Vehicles"),
                url_name="fleet-vehicles",
                permission="fleet.view",
                icon="truck",
                order=10,
            ),
            Page(
                section="fleet",
                label=_("Papers and deadlines"),
                url_name="fleet-calendar",
                permission="fleet.view",
                icon="calendar-time",
                order=20,
            ),
            Page(
                section="fleet",
                label=_("Idle vehicles"),
                url_name="fleet-idle",
                permission="fleet.view",
                icon="battery-2",
                order=25,
            ),
            Page(
                section="fleet",
                label=_("Lots and keys"),
                url_name="fleet-lots",
                permission="fleet.view",
                icon="parking",
                order=28,
            ),
            Page(
                section="fleet",
                label=_("Days and utilisation"),
                url_name="fleet-days",
                permission="fleet.view",
                icon="chart-bar",
                order=30,
            ),
            Page(
                section="fleet",
                label=_("Recalls"),
                url_name="fleet-recalls",
                permission="fleet.view",
                icon="alert-triangle",
                order=35,
            ),
            Page(
                section="fleet",
                label=_("Vehicle models"),
                url_name="fleet-models",
                permission="fleet.publish_vehicle_model",
                icon="truck-delivery",
                order=55,
            ),
            Page(
                section="fleet",
                label=_("Standard of fair wear"),
                url_name="fleet-standards",
                permission="fleet.view",
                icon="scale",
                order=60,
            ),
            Page(
                section="fleet",
                label=_("Rules of deadlines"),
                url_name="fleet-rules",
                permission="fleet.change_compliance_rule",
                icon="list-check",
                order=70,
            ),
            Page(
                section="fleet",
                label=_("Import vehicles"),
                url_name="fleet-import",
                permission="fleet.stage_vehicle_import",
                icon="file-import",
                order=80,
            ),
        )
        search.register("fleet", _("Vehicles"), lists.find_vehicles, permission="fleet.view")
        home.register(
            Panel(
                name="fleet-lapsing",
                zone="todo",
                title=_("Due within a week"),
                rows=deadlines.lapsing,
                template="fleet/home_lapsing.html",
                permission="fleet.file_document",
                order=40,
                facts=("fleet.DocumentsFiled", "fleet.DueItemsComputed"),
            ),
            Panel(
                name="fleet-states",
                zone="figures",
                title=_("Vehicles by state"),
                rows=lists.figures,
                permission="fleet.view",
                order=20,
                facts=("fleet.Vehicle*",),
            ),
        )
