from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from panshi.kit import home, navigation
from panshi.kit.home import Counter
from panshi.kit.navigation import Page


class NotifyConfig(AppConfig):
    name = "panshi.notify"
    label = "notify"

    def ready(self) -> None:
        from panshi.notify.queries import unread_count

        home.register_inbox(
            Counter(count=unread_count, url_name="notify-messages", facts=("notify.*",))
        )
        navigation.register(
            Page(
                section="customers",
                label=_("Delivery record"),
                url_name="notify-deliveries",
                permission="notify.view",
                icon="messages",
                order=60,
            ),
            Page(
                section="settings",
                label=_("Message templates"),
                url_name="notify-templates",
                permission="notify.view",
                icon="file-text",
                order=60,
            ),
        )
