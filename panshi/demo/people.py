"""What the people of the demo company do by themselves, one small act after another."""

import logging
import threading
from random import Random
from typing import Final

_log = logging.getLogger(__name__)
PAUSE_S: Final = (20.0, 40.0)


def act_on(*, leaving: threading.Event, first_org_id: int | None, random: Random) -> None:
    """Do one act every half minute or so until `leaving`."""
    while not leaving.wait(random.uniform(*PAUSE_S)):
        pass
