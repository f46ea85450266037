"""What a process of the pages keeps for good, left out of the rounds of the garbage collector.

A full round looked at a quarter of a million objects, mostly code, and took some 170 ms; the page
that was being drawn waited for it. That was the p95 of every page that makes many objects.
"""

import gc
from typing import Final

from django.urls import get_resolver

THRESHOLDS: Final = (10_000, 10, 10)


def settle() -> None:
    """Load every view and keep what is there by now; called once, before the first request."""
    _ = get_resolver().url_patterns
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
