"""Every pair of states of every life cycle: what is listed goes, everything else is refused."""

from enum import Enum
from typing import Any

import pytest

from panshi.kit.refusals import IllegalMove
from panshi.kit.states import Machine
from panshi.people.models import CERTIFICATE_LIFE, ENGINEER_LIFE, CertificateState, EngineerState
from panshi.service.models import (
    BOOKING_LIFE,
    CONVERSATION_LIFE,
    ORDER_LIFE,
    VISIT_LIFE,
    BookingState,
    ConversationState,
    OrderState,
    VisitState,
)
from panshi.supply.models import RESERVATION_LIFE, ReservationState

pytestmark = pytest.mark.plain

VISIT = """PLANNED>PROMISED PLANNED>CANCELLED PROMISED>COMMITTED PROMISED>CANCELLED
COMMITTED>TRAVELLING COMMITTED>PROMISED COMMITTED>CANCELLED TRAVELLING>ON_SITE
TRAVELLING>PROMISED ON_SITE>DONE ON_SITE>NOT_DONE"""
ORDER = """OPEN>SCHEDULED OPEN>CANCELLED SCHEDULED>IN_DIAGNOSIS SCHEDULED>CANCELLED
IN_DIAGNOSIS>QUOTED IN_DIAGNOSIS>IN_WORK QUOTED>IN_WORK QUOTED>WAITING QUOTED>CLOSED
WAITING>SCHEDULED IN_WORK>QUOTED IN_WORK>WAITING IN_WORK>SELF_CHECKED SELF_CHECKED>RELEASED
SELF_CHECKED>IN_WORK RELEASED>BILLED RELEASED>CLOSED BILLED>CLOSED"""
BOOKING = """HELD>CONFIRMED HELD>EXPIRED HELD>CANCELLED CONFIRMED>CONFIRMED
CONFIRMED>CANCELLED CONFIRMED>NO_SHOW CONFIRMED>SERVED"""
CONVERSATION = """SELF_SERVICE>WAITING_STAFF SELF_SERVICE>RESOLVED WAITING_STAFF>WITH_STAFF
WITH_STAFF>WAITING_CUSTOMER WITH_STAFF>SELF_SERVICE WITH_STAFF>RESOLVED
WAITING_CUSTOMER>WITH_STAFF WAITING_CUSTOMER>RESOLVED RESOLVED>CLOSED RESOLVED>WITH_STAFF"""
RESERVATION = """HELD>RESERVED HELD>RELEASED RESERVED>KITTED RESERVED>MOVED RESERVED>RELEASED
KITTED>USED KITTED>RETURNED"""
ENGINEER = "ACTIVE>PAUSED ACTIVE>LEFT PAUSED>ACTIVE PAUSED>LEFT"
CERTIFICATE = "VALID>SUSPENDED VALID>LAPSED SUSPENDED>VALID SUSPENDED>LAPSED"


@pytest.mark.parametrize(
    ("life", "states", "listed"),
    [
        (VISIT_LIFE, VisitState, VISIT),
        (ORDER_LIFE, OrderState, ORDER),
        (BOOKING_LIFE, BookingState, BOOKING),
        (CONVERSATION_LIFE, ConversationState, CONVERSATION),
        (RESERVATION_LIFE, ReservationState, RESERVATION),
        (ENGINEER_LIFE, EngineerState, ENGINEER),
        (CERTIFICATE_LIFE, CertificateState, CERTIFICATE),
    ],
)
def test_goes_only_where_the_specification_says(
    life: Machine[Any], states: type[Enum], listed: str
) -> None:
    moves = {tuple(move.split(">")) for move in listed.split()}
    for here in states:
        for there in states:
            if (here.value, there.value) in moves:
                assert life.step(here, there) == there
            else:
                with pytest.raises(IllegalMove):
                    life.step(here, there)
