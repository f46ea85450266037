from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from panshi.kit import home, navigation, strips
from panshi.kit.navigation import Page


class HandbookConfig(AppConfig):
    name = "panshi.handbook"
    label = "handbook"

    def ready(self) -> None:
        from panshi.handbook.home import runs_about, tasks_of

        navigation.register(
            Page(
                section="home", label=_("My tasks"), url_name="handbook-inbox",
                permission="handbook.view", icon="checklist", order=20,
            ),
            Page(
                section="home", label=_("Exams"), url_name="handbook-exams",
                permission="handbook.begin_attempt", icon="certificate", order=40,
            ),
            Page(
                section="people", label=_("Exams and certificates"),
                url_name="handbook-certificates", permission="handbook.schedule_exam",
                icon="certificate", order=30,
            ),
            Page(
                section="handbook", label=_("Panorama"), url_name="handbook-panorama",
                permission="handbook.view", icon="map", order=10,
            ),
            Page(
                section="handbook", label=_("Search the handbook"), url_name="handbook-search",
                permission="handbook.view", icon="search", order=20,
            ),
            Page(
                section="handbook", label=_("Words of the search"), url_name="handbook-words",
                permission="handbook.add_synonym", icon="search", order=22,
            ),
            Page(
                section="handbook", label=_("Supervision"), url_name="handbook-supervision",
                permission="handbook.release_stop", icon="eye", order=30,
            ),
            Page(
                section="handbook", label=_("Evidence as it comes in"), url_name="handbook-watch",
                permission="handbook.release_stop", icon="camera", order=32,
            ),
            Page(
                section="handbook", label=_("Case library"), url_name="handbook-cases",
                permission="handbook.view", icon="notebook", order=25,
            ),
            Page(
                section="handbook", label=_("Cities compared"), url_name="handbook-cities",
                permission="handbook.view", icon="chart-line", order=28,
            ),
            Page(
                section="handbook", label=_("Limits"), url_name="handbook-parameters",
                permission="handbook.view", icon="adjustments-horizontal", order=35,
            ),
            Page(
                section="handbook", label=_("Editions"), url_name="handbook-editions",
                permission="handbook.view", icon="book", order=40,
            ),
        )  # fmt: skip
        home.register(
            home.Panel(
                name="handbook-tasks",
                zone="todo",
                title=_("My tasks today"),
                permission="handbook.view",
                template="handbook/home_tasks.html",
                rows=tasks_of,
                facts=("handbook.*",),
                order=10,
            )
        )
        strips.register("handbook-runs", permission="handbook.view", offer=runs_about)
