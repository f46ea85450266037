from django.apps import AppConfig


class BenchConfig(AppConfig):
    name = "panshi.bench"
    label = "bench"
