"""What verbs of several kinds share."""

from datetime import timedelta
from typing import Final

from panshi.kit.refusals import Refusal

# How far a moment may be from the server's before it counts as kept without a connection.
SKEW: Final = timedelta(minutes=2)


class ReasonMissing(Refusal):
    """What is done here is done for a reason, and none was given."""
