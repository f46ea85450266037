from django.apps import AppConfig


class QualityConfig(AppConfig):
    name = "panshi.quality"
    label = "quality"
