from django.apps import AppConfig


class FieldConfig(AppConfig):
    name = "panshi.field"
    label = "field"
