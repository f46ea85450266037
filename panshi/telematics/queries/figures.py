"""How many vehicles report: whoever measures the connection asks here."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Count, Q

from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question
from panshi.telematics.models import LiveState

ONLINE_WITHIN_S: Final = 600
"""Later than this a vehicle is OFFLINE on the live board (`rules.activity`)."""


@dataclass(frozen=True, slots=True)
class Connected:
    """Vehicles that reported within the time of the live board, of those that ever did."""

    online: int
    known: int


@question
def connected(*, actor: Actor, at: datetime, city: str = "") -> Connected:
    """How many of this actor's vehicles report now."""
    found = LiveState.objects.visible_to(actor)
    if city:
        found = found.filter(vehicle__city=city)
    since = at - timedelta(seconds=ONLINE_WITHIN_S)
    counted = found.aggregate(
        online=Count("id", filter=Q(received_at__gt=since)), known=Count("id")
    )
    return Connected(**counted)
