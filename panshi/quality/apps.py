from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from panshi.kit import navigation
from panshi.kit.navigation import Page


class QualityConfig(AppConfig):
    name = "panshi.quality"
    label = "quality"

    def ready(self) -> None:
        navigation.register(
            Page(
                section="people",
                label=_("Nonconformities"),
                url_name="quality-nonconformities",
                permission="quality.view",
                icon="shield-check",
                order=80,
            )
        )
