"""Refusals that verbs of several kinds share."""

from panshi.kit.refusals import Refusal


class ReasonMissing(Refusal):
    """What is done here is done for a reason, and none was given."""
