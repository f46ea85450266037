"""A clock that a test moves; processes of a site with its settings run by it (`tests.later`)."""

import os
import time
from datetime import UTC, date, datetime
from pathlib import Path


def crowd() -> float:
    """How many times over the cores are wanted, at least once: bounds of time grow with it."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


class Clock:
    """The site's clock: it runs, and can be put to a time of day in Shanghai."""

    def __init__(self, file: Path) -> None:
        self.file = file

    @property
    def settings(self) -> dict[str, str]:
        """What the environment of a process says for this clock to be its own."""
        return {"DJANGO_SETTINGS_MODULE": "tests.later", "TEST_CLOCK": str(self.file)}

    def put(self, day: date, clock: str) -> None:
        moment = datetime.fromisoformat(f"{day}T{clock}:00+08:00")
        self.file.write_text(str(moment.timestamp() - time.time()))

    def now(self) -> datetime:
        """The site's moment, in UTC."""
        return datetime.fromtimestamp(time.time() + float(self.file.read_text()), UTC)
