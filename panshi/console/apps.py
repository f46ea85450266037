from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    name = "panshi.console"
    label = "console"
