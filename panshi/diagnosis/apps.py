from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from panshi.kit import navigation
from panshi.kit.navigation import Page


class DiagnosisConfig(AppConfig):
    name = "panshi.diagnosis"
    label = "diagnosis"

    def ready(self) -> None:
        navigation.register(
            Page(
                section="telematics",
                label=_("Findings"),
                url_name="diagnosis-findings",
                permission="diagnosis.view",
                icon="alert-triangle",
                order=30,
            )
        )
