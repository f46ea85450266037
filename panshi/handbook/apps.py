from django.apps import AppConfig


class HandbookConfig(AppConfig):
    name = "panshi.handbook"
    label = "handbook"
