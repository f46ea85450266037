"""A browser window of a signed-in person, for tests of pages without a browser."""

from itertools import count
from typing import Any

from django.test import Client
from django.utils import timezone

from panshi.kit.tenancy import SYSTEM, Actor, acting, hq_actor
from panshi.org import services
from panshi.org.models import OrgNode, User

PASSWORD = "Lvtu-2027-wuliu"
# As the login role itself, which is what the server is before it knows who asks.
NOBODY = Actor(id=SYSTEM, org_id=0, org_ids=(), db_role="none")
_numbers = count(1)


class Window(Client):
    """A client whose requests begin without any tenant context, as the server's do."""

    def request(self, **request: Any) -> Any:
        with acting(NOBODY):
            return super().request(**request)


def window(node: OrgNode, *roles: str, language: str = "en") -> Window:
    """Sign in somebody new with these roles at a node."""
    made = services.create_user(
        org_id=node.id,
        username=f"person-{next(_numbers)}",
        full_name="王芳",
        roles=roles,
        password=PASSWORD,
        actor=hq_actor(node.id),
        at=timezone.now(),
    )
    user = User.objects.get(id=made.user_id)
    client = Window(HTTP_ACCEPT_LANGUAGE=language)
    client.cookies["django_language"] = language
    with acting(NOBODY):
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def page(answer: Any) -> str:
    """The text of a page that opened."""
    text: str = answer.content.decode()
    assert answer.status_code == 200, text[:2000]
    return text
