from django.apps import AppConfig


class CrmConfig(AppConfig):
    name = "panshi.crm"
    label = "crm"
