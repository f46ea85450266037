from django.apps import AppConfig


class ServiceConfig(AppConfig):
    name = "panshi.service"
    label = "service"
