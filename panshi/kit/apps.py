from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class KitConfig(AppConfig):
    name = "panshi.kit"
    label = "kit"

    def ready(self) -> None:
        # Verbs, facts, questions and handlers list themselves when their modules are imported.
        autodiscover_modules("services", "queries", "events", "handlers", "tasks")
