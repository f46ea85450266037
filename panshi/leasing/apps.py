from django.apps import AppConfig


class LeasingConfig(AppConfig):
    name = "panshi.leasing"
    label = "leasing"
