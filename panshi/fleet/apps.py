from django.apps import AppConfig


class FleetConfig(AppConfig):
    name = "panshi.fleet"
    label = "fleet"
