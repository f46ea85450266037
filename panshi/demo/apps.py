from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "panshi.demo"
    label = "demo"
