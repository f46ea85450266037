from django.apps import AppConfig


class TelematicsConfig(AppConfig):
    name = "panshi.telematics"
    label = "telematics"
