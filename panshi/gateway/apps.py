from django.apps import AppConfig


class GatewayConfig(AppConfig):
    name = "panshi.gateway"
    label = "gateway"
