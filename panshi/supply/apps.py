from django.apps import AppConfig


class SupplyConfig(AppConfig):
    name = "panshi.supply"
    label = "supply"
