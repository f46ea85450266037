from django.apps import AppConfig


class CockpitConfig(AppConfig):
    name = "panshi.cockpit"
    label = "cockpit"
