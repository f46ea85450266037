from django.apps import AppConfig


class OrgConfig(AppConfig):
    name = "panshi.org"
    label = "org"
