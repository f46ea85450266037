"""The product's settings under a clock that a test moves: days pass, and nights do their work.

The file named by TEST_CLOCK holds by how many seconds the site is ahead of the true time. Pages and
verbs ask Django for the moment, the worker's schedule asks for Unix seconds; both hear it here. The
schedule sleeps until its next minute, so the worker is started again when the clock has moved.
"""

import os
import time
from datetime import UTC, datetime
from pathlib import Path

from django.utils import timezone

from panshi.config import settings

for _name in dir(settings):
    if _name.isupper():
        globals()[_name] = getattr(settings, _name)

_FILE = Path(os.environ["TEST_CLOCK"])
_true_seconds = time.time


def seconds() -> float:
    """Unix seconds by the site's clock."""
    return _true_seconds() + float(_FILE.read_text())


def now() -> datetime:
    """The site's moment, in UTC."""
    return datetime.fromtimestamp(seconds(), UTC)


timezone.now = now
time.time = seconds
