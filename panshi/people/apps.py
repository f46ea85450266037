from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "panshi.people"
    label = "people"
