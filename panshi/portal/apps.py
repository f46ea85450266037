from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "panshi.portal"
    label = "portal"
