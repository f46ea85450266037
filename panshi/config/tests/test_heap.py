"""A process of the pages does not look again and again at what it keeps for good."""

import subprocess
import sys
from typing import Final

SETTLED: Final = """
import gc, os
os.environ["DJANGO_SETTINGS_MODULE"] = "panshi.config.settings"
import django
django.setup()
from panshi.config.heap import settle
settle()
print(gc.get_freeze_count(), len(gc.get_objects()))
"""


def test_what_is_loaded_is_left_out_of_later_rounds() -> None:
    said = subprocess.run(
        [sys.executable, "-c", SETTLED], capture_output=True, text=True, check=True, timeout=120
    )
    kept, looked_at = map(int, said.stdout.split())
    assert kept > 100_000 > 50 * looked_at
