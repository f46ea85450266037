from django.apps import AppConfig

from panshi.kit import home
from panshi.kit.home import Counter


class NotifyConfig(AppConfig):
    name = "panshi.notify"
    label = "notify"

    def ready(self) -> None:
        from panshi.notify.queries import unread_count

        home.register_inbox(
            Counter(count=unread_count, url_name="notify-messages", facts=("notify.*",))
        )
