from django.apps import AppConfig


class DiagnosisConfig(AppConfig):
    name = "panshi.diagnosis"
    label = "diagnosis"
