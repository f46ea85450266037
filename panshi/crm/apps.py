from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from panshi.kit import home, navigation, search
from panshi.kit.home import Panel
from panshi.kit.navigation import Page


class CrmConfig(AppConfig):
    name = "panshi.crm"
    label = "crm"

    def ready(self) -> None:
        from panshi.crm import lists

        navigation.register(
            Page(
                section="customers",
                label=_("Customers"),
                url_name="crm-customers",
                permission="crm.view",
                icon="users",
                order=10,
            ),
            Page(
                section="customers",
                label=_("Qualifications"),
                url_name="crm-qualifications",
                permission="crm.decide_qualification",
                icon="certificate",
                order=20,
            ),
            Page(
                section="customers",
                label=_("Complaints"),
                url_name="crm-complaints",
                permission="crm.answer_complaint",
                icon="message",
                order=30,
            ),
            Page(
                section="customers",
                label=_("Import customers"),
                url_name="crm-import",
                permission="crm.stage_customer_import",
                icon="file-import",
                order=80,
            ),
        )
        search.register("crm", _("Customers"), lists.find_customers, permission="crm.view")
        home.register(
            Panel(
                name="crm-complaints",
                zone="todo",
                title=_("Complaints to answer"),
                rows=lists.waiting_complaints,
                template="crm/home_complaints.html",
                permission="crm.answer_complaint",
                order=30,
                facts=("crm.Complaint*",),
            )
        )
