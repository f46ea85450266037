from django.apps import AppConfig


class NotifyConfig(AppConfig):
    name = "panshi.notify"
    label = "notify"
