from django.apps import AppConfig


class BillingConfig(AppConfig):
    name = "panshi.billing"
    label = "billing"
